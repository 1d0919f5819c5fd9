//! What the HTTP adapters share: the client of one base address, why there was no answer, path segments.

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use reqwest::Client;

use crate::{
    core::{
        code::Code,
        failure::{Failure, Result},
    },
    domain::host::is_loopback,
};

/// The client of one base address. Nothing is opened or read before the first use.
pub(super) struct Outlet {
    /// The base, without a slash at its end.
    pub(super) base: String,
    /// What sets the base, for hints.
    setting: &'static str,
    ca_file: Option<PathBuf>,
    timeout: Duration,
    client: OnceLock<std::result::Result<Client, Failure>>,
}

impl Outlet {
    pub(super) const fn new(
        base: String,
        setting: &'static str,
        ca_file: Option<PathBuf>,
        timeout: Duration,
    ) -> Self {
        Self {
            base,
            setting,
            ca_file,
            timeout,
            client: OnceLock::new(),
        }
    }

    pub(super) fn client(&self) -> Result<Client> {
        self.client
            .get_or_init(|| {
                let mut builder = Client::builder()
                    .user_agent(concat!("neonup/", env!("CARGO_PKG_VERSION")))
                    .connect_timeout(self.timeout.min(Duration::from_secs(10)))
                    .timeout(self.timeout);
                if is_loopback(&self.base) {
                    // the sandbox is on this machine: a proxy would be handed the key in clear, and could not reach it anyway
                    builder = builder.no_proxy();
                }
                if self.base.starts_with("http://") {
                    // nothing is encrypted there: reading the system's certificates would only take time
                    builder = builder.tls_certs_only([]);
                }
                if let Some(path) = &self.ca_file {
                    let unusable = |why: String| {
                        Failure::new(
                            Code::LoginUnreachable,
                            format!("cannot use the certificate file `{}`", path.display()),
                        )
                        .why(why)
                        .hint("name a readable PEM file with --ca-file")
                    };
                    let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
                    let certificates = reqwest::Certificate::from_pem_bundle(&pem)
                        .map_err(|error| unusable(error.to_string()))?;
                    builder = builder.tls_certs_merge(certificates);
                }
                builder.build().map_err(|error| {
                    Failure::new(Code::LoginUnreachable, "cannot set up the HTTP client")
                        .why(root_cause(&error))
                })
            })
            .clone()
    }

    /// Names why there was no answer: the name, the port, the certificate, the proxy, or time; and whether another attempt
    /// may have a better one.
    pub(super) fn unreachable(&self, error: &reqwest::Error) -> (Failure, bool) {
        let cause = root_cause(error);
        let lower = chain(error);
        let (host, setting) = (&self.base, self.setting);
        let (what, hint, repeat) = if error.is_timeout() {
            (
                format!("{host} did not answer in time"),
                "try again, or allow more with --timeout".to_owned(),
                true,
            )
        } else if lower.contains("proxy") || lower.contains("tunnel") {
            (
                format!("the proxy did not let the request to {host} through"),
                "check HTTPS_PROXY and NO_PROXY".to_owned(),
                false,
            )
        } else if lower.contains("invalidcontenttype") {
            (
                format!("{host} does not speak TLS"),
                format!("check {setting}: is it http:// instead of https://, or another port?"),
                false,
            )
        } else if lower.contains("lookup") || lower.contains("resolve") {
            (
                format!("the name of {host} does not resolve"),
                format!("check the network and {setting}"),
                false,
            )
        } else if lower.contains("certificate") || lower.contains("tls") {
            (
                format!("{host} has no certificate that this machine trusts"),
                "behind a company proxy, name its certificate with --ca-file".to_owned(),
                false,
            )
        } else if lower.contains("refused") {
            (
                format!("nothing listens at {host}"),
                format!("check {setting}, and start the sandbox if you meant it"),
                false,
            )
        } else {
            (
                format!("no answer from {host}"),
                format!("check the network and {setting}"),
                true,
            )
        };
        let failure = Failure::new(Code::LoginUnreachable, what)
            .why(cause)
            .hint(hint);
        (failure, repeat)
    }
}

/// The innermost cause, which is the one that says something. It never holds the request's headers.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// All causes, in lower case, to tell them apart: the innermost one does not say that it happened on the way to a proxy. The
/// outermost is left out, since it quotes the address.
fn chain(error: &reqwest::Error) -> String {
    let mut all = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        all.push_str(&inner.to_string().to_lowercase());
        all.push('\n');
        cause = inner.source();
    }
    all
}

/// A path segment, percent-encoded.
pub(super) fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%2D", "-")
        .replace("%5F", "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_cannot_leave_its_place() {
        assert_eq!(segment("old-violet-32930710"), "old-violet-32930710");
        assert_eq!(segment("a/../b?c"), "a%2F%2E%2E%2Fb%3Fc");
    }
}

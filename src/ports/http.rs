//! What the HTTP adapters share: the client of one base address, why there was no answer, path segments.

use std::{error::Error, fmt, io, path::PathBuf, sync::OnceLock, time::Duration};

use reqwest::Client;

use crate::domain::host::is_loopback;

/// A request that was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpError {
    /// The base address that was asked.
    pub host: String,
    pub problem: HttpProblem,
    /// The innermost cause, which is the one that says something. It never holds the request's headers.
    pub cause: String,
}

/// What kept an answer from coming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HttpProblem {
    /// The file with the extra certificate is unusable.
    CertificateFile(PathBuf),
    /// No client could be made.
    Setup,
    TimedOut,
    /// A proxy refused the request, or could not be reached.
    Proxy,
    /// The server speaks plain HTTP.
    PlainHttp,
    NotResolved,
    Untrusted,
    /// Nothing listens there.
    Refused,
    /// Anything else, such as a connection that was cut.
    Lost,
}

impl HttpProblem {
    /// Whether the request may have been carried out all the same, and another attempt may be answered.
    pub(super) const fn may_have_arrived(&self) -> bool {
        matches!(self, Self::TimedOut | Self::Lost)
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.problem {
            HttpProblem::CertificateFile(path) => {
                write!(f, "cannot use the certificate file `{}`", path.display())
            }
            HttpProblem::Setup => f.write_str("cannot set up the HTTP client"),
            HttpProblem::TimedOut => write!(f, "{host} did not answer in time"),
            HttpProblem::Proxy => {
                write!(f, "the proxy did not let the request to {host} through")
            }
            HttpProblem::PlainHttp => write!(f, "{host} does not speak TLS"),
            HttpProblem::NotResolved => write!(f, "the name of {host} does not resolve"),
            HttpProblem::Untrusted => {
                write!(f, "{host} has no certificate that this machine trusts")
            }
            HttpProblem::Refused => write!(f, "nothing listens at {host}"),
            HttpProblem::Lost => write!(f, "no answer from {host}"),
        }
    }
}

impl Error for HttpError {}

/// An answer that is not the JSON that the service documents.
///
/// It holds only the place of the error: serde's own message may quote the body, and with it a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnreadableAnswer {
    pub host: String,
    /// Method and path.
    pub request: String,
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for UnreadableAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: unexpected at line {} column {}",
            self.request, self.line, self.column
        )
    }
}

/// Makes the client of one base address. Nothing is opened or read before the first use.
pub(super) struct ClientFactory {
    /// The base, without a slash at its end.
    pub(super) base: String,
    ca_file: Option<PathBuf>,
    timeout: Duration,
    client: OnceLock<Result<Client, HttpError>>,
}

impl ClientFactory {
    pub(super) const fn new(base: String, ca_file: Option<PathBuf>, timeout: Duration) -> Self {
        Self {
            base,
            ca_file,
            timeout,
            client: OnceLock::new(),
        }
    }

    pub(super) fn client(&self) -> Result<Client, HttpError> {
        self.client.get_or_init(|| self.build()).clone()
    }

    fn build(&self) -> Result<Client, HttpError> {
        let mut builder = Client::builder()
            .user_agent(concat!("neonup/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.timeout.min(Duration::from_secs(10)))
            .timeout(self.timeout);
        if is_loopback(&self.base) {
            // the sandbox is on this machine: a proxy would be handed the key in plain text, and could not reach it anyway
            builder = builder.no_proxy();
        }
        if self.base.starts_with("http://") {
            // nothing is encrypted there: reading the system's certificates would only take time
            builder = builder.tls_certs_only([]);
        }
        if let Some(path) = &self.ca_file {
            let unusable =
                |cause: String| self.error(HttpProblem::CertificateFile(path.clone()), cause);
            let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| unusable(error.to_string()))?;
            builder = builder.tls_certs_merge(certificates);
        }
        builder
            .build()
            .map_err(|error| self.error(HttpProblem::Setup, root_cause(&error)))
    }

    /// Says why a request was not answered.
    pub(super) fn unanswered(&self, error: &reqwest::Error) -> HttpError {
        self.error(problem(error), root_cause(error))
    }

    pub(super) fn unreadable(
        &self,
        request: String,
        error: &serde_json::Error,
    ) -> UnreadableAnswer {
        UnreadableAnswer {
            host: self.base.clone(),
            request,
            line: error.line(),
            column: error.column(),
        }
    }

    fn error(&self, problem: HttpProblem, cause: String) -> HttpError {
        HttpError {
            host: self.base.clone(),
            problem,
            cause,
        }
    }
}

/// Tells the causes apart: by their types where they have one. Those of reqwest's resolver and of its tunnels through a proxy
/// are private, so that only their texts are left.
fn problem(error: &reqwest::Error) -> HttpProblem {
    if error.is_timeout() {
        return HttpProblem::TimedOut;
    }
    // the outermost one quotes the address
    let mut causes: Vec<&(dyn Error + 'static)> = Vec::new();
    causes.extend(std::iter::successors(error.source(), |cause| {
        Error::source(*cause)
    }));
    let any = |words: [&str; 2]| {
        causes.iter().any(|cause| {
            let text = cause.to_string().to_lowercase();
            words.iter().any(|word| text.contains(word))
        })
    };
    if any(["proxy", "tunnel"]) {
        return HttpProblem::Proxy;
    }
    let mut io = causes
        .iter()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    if let Some(problem) = io.find_map(io_problem) {
        return problem;
    }
    if any(["lookup", "resolve"]) {
        return HttpProblem::NotResolved;
    }
    HttpProblem::Lost
}

/// An I/O error hides the one inside it from `source`.
fn io_problem(error: &io::Error) -> Option<HttpProblem> {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        return Some(HttpProblem::Refused);
    }
    let inner = error.get_ref()?;
    match inner.downcast_ref::<rustls::Error>() {
        Some(error) => tls_problem(error),
        None => io_problem(inner.downcast_ref()?),
    }
}

fn tls_problem(error: &rustls::Error) -> Option<HttpProblem> {
    use rustls::{Error as Tls, InvalidMessage};
    if matches!(
        error,
        Tls::InvalidMessage(InvalidMessage::InvalidContentType)
    ) {
        Some(HttpProblem::PlainHttp)
    } else if matches!(
        error,
        // the system's verifiers report their own troubles as general ones
        Tls::InvalidCertificate(_) | Tls::NoCertificatesPresented | Tls::General(_)
    ) {
        Some(HttpProblem::Untrusted)
    } else {
        None
    }
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Percent-encodes a path segment.
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

//! The services whose addresses can be set, and which addresses are refused.

use crate::domain::host::is_loopback;

/// A service whose address can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Api,
    Claims,
    /// The issuer of the login in the browser.
    Login,
}

/// Why an address is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostFault {
    /// It holds a user name or a password.
    WithLogin,
    Refused(String),
}

impl Service {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Api => "API",
            Self::Claims => "claim service",
            Self::Login => "login",
        }
    }

    pub(super) const fn examples(self) -> &'static str {
        match self {
            Self::Api => "https://console.neon.tech/api/v2 or http://127.0.0.1:8787/api/v2",
            Self::Claims => "https://neon.new or http://127.0.0.1:8787",
            Self::Login => "https://oauth2.neon.tech or http://127.0.0.1:8787",
        }
    }
}

/// Refuses a host that isn't a base URL, or that would send secrets over a network in plain text.
pub(super) fn check_host(host: &str) -> Result<(), HostFault> {
    let refused = |why: &str| HostFault::Refused(why.to_owned());
    let url = url::Url::parse(host).map_err(|error| refused(&error.to_string()))?;
    if url.host().is_none() {
        return Err(refused("it has no host name"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(HostFault::WithLogin);
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(host) => Ok(()),
        "http" => Err(refused(
            "plain http is allowed only on this machine: the key would cross the network in plain text",
        )),
        _ => Err(refused("it is neither https nor http")),
    }
}

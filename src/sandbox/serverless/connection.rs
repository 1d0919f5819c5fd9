//! The connection string of a request, and the endpoint that it means.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::sandbox::{
    serverless::place::ComputePort,
    session::Target,
    startup::{self, Startup, StartupRefusal},
};

/// Whom a request wants to be, and where.
pub(super) struct RequestedConnection {
    pub(super) startup: Startup,
    pub(super) password: Vec<u8>,
    host: String,
    port: Option<u16>,
}

/// Why a connection string is refused, in the words of Neon's proxy.
fn invalid(text: impl Into<String>) -> StartupRefusal {
    StartupRefusal::new("08P01", text)
}

impl RequestedConnection {
    pub(super) fn parse(text: &str) -> Result<Self, StartupRefusal> {
        let url = Url::parse(text)
            .map_err(|error| invalid(format!("invalid connection string: {error}")))?;
        if !["postgres", "postgresql"].contains(&url.scheme()) {
            return Err(invalid("incorrect scheme"));
        }
        let decode = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded
                .map(String::from)
                .map_err(|error| invalid(format!("invalid username: {error}")))
        };
        let mut path = url
            .path_segments()
            .ok_or_else(|| invalid("missing database name"))?;
        let database = decode(path.next().unwrap_or_default())?;
        let user = decode(url.username())?;
        if user.is_empty() {
            return Err(invalid("missing username"));
        }
        let password = url
            .password()
            .ok_or_else(|| invalid("missing authentication credentials: required password"))?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| invalid("missing hostname"))?.to_owned();
        // the last one of a name counts
        let mut parameters: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        parameters.insert("user".to_owned(), user);
        parameters.insert("database".to_owned(), database);
        let parameters: Vec<_> = parameters.into_iter().collect();
        let packet = startup::packet(&parameters);
        let packet = packet.get(4..).unwrap_or_default(); // its length, which only a stream needs
        Ok(Self {
            startup: Startup::parse(packet)?,
            password: percent_decode_str(password).collect(),
            host,
            port: url.port(),
        })
    }

    /// The endpoint that it means: the one with its port; without one, the endpoint whose port was asked.
    pub(super) fn target(&self, here: &ComputePort) -> Result<Target, StartupRefusal> {
        let target = match self.port {
            Some(port) => here.at_port(port),
            None => here.own.clone(),
        };
        let target = target.ok_or_else(Target::missing)?;
        target.check_server_name(Some(&self.host))?;
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_string_is_read() {
        let text = "postgresql://me%40x:p%3Aw%FF@ep-a.localhost:54321/neon%20db?sslmode=require\
                    &channel_binding=require&application_name=a&application_name=b&options=endpoint%3Dep-a";
        let read = RequestedConnection::parse(text).unwrap();
        assert_eq!(read.startup.user, "me@x");
        assert_eq!(read.startup.endpoint.as_deref(), Some("ep-a"));
        assert_eq!(read.password, b"p:w\xff");
        assert_eq!(
            (read.host.as_str(), read.port),
            ("ep-a.localhost", Some(54321))
        );
        let packet = read.startup.encode();
        let sent = startup::parameters(&packet[4..]).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert!(sent.contains(&pair("database", "neon db")), "{sent:?}");
        assert!(sent.contains(&pair("application_name", "b")), "{sent:?}");
        assert!(!sent.iter().any(|(name, _)| name == "sslmode"), "{sent:?}");
    }

    #[test]
    fn what_is_missing_is_told() {
        for (text, told) in [
            ("nonsense", "invalid connection string"),
            ("mysql://me:pw@localhost/x", "incorrect scheme"),
            ("postgres://:pw@localhost/x", "missing username"),
            ("postgres://me@localhost/x", "required password"),
            (
                "postgres://me:pw@localhost/x?replication=true",
                "replication",
            ),
        ] {
            let refused = RequestedConnection::parse(text).map(|_| ()).unwrap_err();
            assert!(refused.text.contains(told), "{text}: {}", refused.text);
        }
    }
}

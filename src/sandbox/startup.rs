//! The packet with which a client starts its session: read strictly, checked, and written anew.
//!
//! The front proves the password of the role that it reads here, and the server takes the role that it reads: both must read
//! the same. So nothing of the client's packet is passed on; what the server gets is written from unique, known values.

use std::io;

use crate::sandbox::wire;

/// The longest name that Postgres has (`NAMEDATALEN` - 1): it would cut a longer one, and mean another role.
const NAME_LIMIT: usize = 63;

/// The settings that a client may bring along in `options`, in lower case: what every session may set for itself.
const SETTINGS: [&str; 43] = [
    "application_name",
    "array_nulls",
    "backslash_quote",
    "bytea_output",
    "check_function_bodies",
    "client_connection_check_interval",
    "client_encoding",
    "client_min_messages",
    "constraint_exclusion",
    "cursor_tuple_fraction",
    "datestyle",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "enable_hashjoin",
    "enable_indexscan",
    "enable_mergejoin",
    "enable_nestloop",
    "enable_seqscan",
    "escape_string_warning",
    "extra_float_digits",
    "geqo",
    "hash_mem_multiplier",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "jit",
    "lc_messages",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "max_parallel_workers_per_gather",
    "plan_cache_mode",
    "role",
    "row_security",
    "search_path",
    "standard_conforming_strings",
    "statement_timeout",
    "synchronous_commit",
    "timezone",
    "transaction_timeout",
    "work_mem",
];

/// Why a start-up packet is refused, as the client is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StartupRefusal {
    pub(crate) sqlstate: &'static str,
    pub(crate) text: String,
}

impl StartupRefusal {
    pub(crate) fn new(sqlstate: &'static str, text: impl Into<String>) -> Self {
        Self {
            sqlstate,
            text: text.into(),
        }
    }

    /// The packet does not follow the protocol.
    fn protocol(text: impl Into<String>) -> Self {
        Self::new("08P01", text)
    }
}

/// The names and values of a start-up packet, in its order. Each name stands once, and nothing follows the end.
pub(crate) fn parameters(packet: &[u8]) -> Result<Vec<(String, String)>, StartupRefusal> {
    let layout =
        |what: &str| StartupRefusal::protocol(format!("invalid startup packet layout: {what}"));
    let (_, rest) = wire::code(packet).map_err(|_short| layout("it is too short"))?;
    // The last text's end, and the end of the list.
    let texts = match rest {
        [0] => return Ok(Vec::new()),
        _ => rest
            .strip_suffix(&[0, 0])
            .ok_or_else(|| layout("expected terminator as last byte"))?,
    };
    let mut found: Vec<(String, String)> = Vec::new();
    let mut texts = texts
        .split(|byte| *byte == 0)
        .map(|text| std::str::from_utf8(text).map_err(|_other| layout("a parameter is not UTF-8")));
    while let Some(name) = texts.next() {
        let name = name?;
        if name.is_empty() {
            return Err(layout("expected terminator as last byte"));
        }
        let value = texts
            .next()
            .ok_or_else(|| layout("a parameter has no value"))??;
        // Settings are the same in every case.
        if found
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            return Err(StartupRefusal::protocol(format!(
                "the startup packet has the parameter \"{name}\" twice"
            )));
        }
        found.push((name.to_owned(), value.to_owned()));
    }
    Ok(found)
}

/// Writes a start-up packet of protocol 3.0, with its length.
pub(crate) fn packet(parameters: &[(String, String)]) -> Vec<u8> {
    let mut body = wire::PROTOCOL_3.to_be_bytes().to_vec();
    for (name, value) in parameters {
        for text in [name, value] {
            body.extend(text.as_bytes());
            body.push(0);
        }
    }
    body.push(0);
    wire::untyped(&body)
}

/// A client's start-up packet, checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Startup {
    pub(crate) user: String,
    database: Option<String>,
    /// By names in lower case.
    settings: Vec<(String, String)>,
    /// What `options` sets.
    options: Vec<(String, String)>,
    /// The id of the endpoint that `options` names.
    pub(crate) endpoint: Option<String>,
    /// What of the client's protocol this server does not have; it wants to be told.
    pub(crate) unknown: Option<UnknownProtocol>,
}

/// A newer minor version of the protocol than ours, or parts of it that a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownProtocol {
    options: Vec<String>,
}

impl UnknownProtocol {
    /// `NegotiateProtocolVersion`: what the session goes on with.
    pub(crate) fn message(&self) -> Vec<u8> {
        let mut body = wire::PROTOCOL_3.to_be_bytes().to_vec();
        let count = u32::try_from(self.options.len()).unwrap_or(u32::MAX);
        body.extend(count.to_be_bytes());
        for option in &self.options {
            body.extend(option.as_bytes());
            body.push(0);
        }
        wire::message(b'v', &body)
    }
}

impl Startup {
    pub(crate) fn parse(packet: &[u8]) -> Result<Self, StartupRefusal> {
        let (version, _) = wire::code(packet)
            .map_err(|short: io::Error| StartupRefusal::protocol(short.to_string()))?;
        let (major, minor) = (version >> 16, version & 0xffff);
        if major != 3 {
            return Err(StartupRefusal::new(
                "0A000",
                format!(
                    "unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.0"
                ),
            ));
        }
        let (mut user, mut database, mut more) = (None, None, Vec::new());
        let (mut options, mut unknown) = (StartupOptions::default(), Vec::new());
        for (name, value) in parameters(packet)? {
            match name.as_str() {
                "user" => user = Some(checked_name("user", value)?),
                "database" => database = Some(checked_name("database", value)?),
                "options" => options = StartupOptions::parse(&value)?,
                "replication" => {
                    return Err(StartupRefusal::new(
                        "0A000",
                        "the sandbox has no replication connections",
                    ));
                }
                // in any case, since a setting's name is written in lower case
                _ if name.to_ascii_lowercase().starts_with("_pq_.") => unknown.push(name),
                _ => more.push((name, value)),
            }
        }
        // As with Neon's proxy, the rest goes no further: drivers send on what they do not know (asyncpg does so with
        // `channel_binding`, which is in every URI that Neon hands out).
        let mut settings = vec![("client_encoding".to_owned(), "UTF8".to_owned())];
        for (name, value) in more {
            let passes = name == "application_name" || options.passes_settings;
            if let Some(name) = setting(&name).filter(|_| passes) {
                settings.retain(|(known, _)| *known != name);
                settings.push((name, value));
            }
        }
        let user = user.filter(|user| !user.is_empty()).ok_or_else(|| {
            StartupRefusal::new(
                "28000",
                "no PostgreSQL user name specified in startup packet",
            )
        })?;
        let unknown =
            (minor > 0 || !unknown.is_empty()).then_some(UnknownProtocol { options: unknown });
        Ok(Self {
            user,
            database: database.filter(|database| !database.is_empty()),
            settings,
            options: options.settings,
            endpoint: options.endpoint,
            unknown,
        })
    }

    /// Sets a server setting, whatever the client has for it.
    pub(crate) fn force(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.options.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// The packet for the server, with its length.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut parameters = vec![("user".to_owned(), self.user.clone())];
        if let Some(database) = &self.database {
            parameters.push(("database".to_owned(), database.clone()));
        }
        parameters.extend(self.settings.iter().cloned());
        let options: Vec<_> = self
            .options
            .iter()
            .map(|(name, value)| format!("-c {name}={}", escaped(value)))
            .collect();
        if !options.is_empty() {
            parameters.push(("options".to_owned(), options.join(" ")));
        }
        packet(&parameters)
    }
}

fn checked_name(what: &str, name: String) -> Result<String, StartupRefusal> {
    if name.len() > NAME_LIMIT {
        return Err(StartupRefusal::new(
            "42622",
            format!("the {what} name is longer than {NAME_LIMIT} bytes"),
        ));
    }
    Ok(name)
}

/// The name of a setting in lower case, if a client may bring it along.
fn setting(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    // `app.tenant`: a variable of the application's own. The server checks those of extensions.
    let custom = lower.split_once('.').is_some_and(|(class, rest)| {
        let word = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        word(class) && rest.split('.').all(word)
    });
    (custom || SETTINGS.contains(&lower.as_str())).then_some(lower)
}

/// What `options` asks for.
#[derive(Default)]
struct StartupOptions {
    settings: Vec<(String, String)>,
    /// `endpoint=…`, or `project=…` as it was once called; where there are several, none counts.
    endpoint: Option<String>,
    /// `neon_proxy_params_compat:…`: the settings beside `options` are passed on as well.
    passes_settings: bool,
}

impl StartupOptions {
    /// Words are split as Postgres does (`pg_split_opts`); of its switches, only those that make a setting are taken. What is
    /// for Neon's proxy (`endpoint=…`, `neon_…:…`) goes no further: the server would refuse it.
    fn parse(options: &str) -> Result<Self, StartupRefusal> {
        let mut found = Self::default();
        let mut endpoints = Vec::new();
        let mut words = words(options).into_iter();
        while let Some(word) = words.next() {
            if let Some(name) = neon_option(&word) {
                found.passes_settings |= name == "proxy_params_compat";
                continue;
            }
            let bare = word.trim_start_matches("-c").trim_start_matches("--");
            if let Some(id) = endpoint_hint(bare) {
                endpoints.push(id.to_owned());
                continue;
            }
            let assignment = match (
                word.as_str(),
                word.strip_prefix("-c"),
                word.strip_prefix("--"),
            ) {
                ("-c", ..) => words.next(),
                (_, Some(rest), _) | (_, None, Some(rest)) => Some(rest.to_owned()),
                _ => None,
            };
            let assignment = assignment.ok_or_else(|| {
                StartupRefusal::protocol(format!("unsupported startup option: {word}"))
            })?;
            if let Some(id) = endpoint_hint(&assignment) {
                endpoints.push(id.to_owned());
                continue;
            }
            found.set(&assignment)?;
        }
        if let [endpoint] = endpoints.as_slice() {
            found.endpoint = Some(endpoint.clone());
        }
        Ok(found)
    }

    /// Takes `name=value`.
    fn set(&mut self, assignment: &str) -> Result<(), StartupRefusal> {
        let (name, value) = assignment.split_once('=').ok_or_else(|| {
            StartupRefusal::new("42601", format!("-c {assignment} requires a value"))
        })?;
        // The server reads a dash in the name so as well.
        let name = setting(&name.replace('-', "_")).ok_or_else(|| {
            StartupRefusal::protocol(format!("unsupported startup parameter: {name}"))
        })?;
        self.settings.retain(|(known, _)| *known != name); // the last one counts
        self.settings.push((name, value.to_owned()));
        Ok(())
    }
}

/// The endpoint that a word of `options` names.
fn endpoint_hint(word: &str) -> Option<&str> {
    word.strip_prefix("endpoint=")
        .or_else(|| word.strip_prefix("project="))
}

/// The name of one of Neon's own options, `neon_NAME:VALUE`.
fn neon_option(word: &str) -> Option<&str> {
    let (name, value) = word.strip_prefix("neon_")?.split_once(':')?;
    let plain = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (!name.is_empty() && !value.is_empty() && plain(name)).then_some(name)
}

/// Splits at spaces; a backslash takes the next character as it is.
fn words(options: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut within = false;
    let mut letters = options.chars();
    while let Some(letter) = letters.next() {
        if letter.is_ascii_whitespace() || letter == '\u{b}' {
            within = false;
            continue;
        }
        if !within {
            found.push(String::new());
            within = true;
        }
        let letter = if letter == '\\' {
            letters.next()
        } else {
            Some(letter)
        };
        if let (Some(word), Some(letter)) = (found.last_mut(), letter) {
            word.push(letter);
        }
    }
    found
}

/// A value as [`words`] reads it back in one piece.
fn escaped(value: &str) -> String {
    let mut out = String::new();
    for letter in value.chars() {
        if letter == '\\' || letter.is_ascii_whitespace() || letter == '\u{b}' {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(parameters: &[(&str, &str)]) -> Vec<u8> {
        let owned: Vec<_> = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        packet(&owned).split_off(4)
    }

    fn read(parameters: &[(&str, &str)]) -> Result<Startup, StartupRefusal> {
        Startup::parse(&bytes(parameters))
    }

    /// What the server is sent.
    fn sent(parameters: &[(&str, &str)]) -> Vec<(String, String)> {
        let packet = read(parameters).unwrap().encode();
        super::parameters(&packet[4..]).unwrap()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn second_parameter_of_a_name_is_refused() {
        for name in [
            "user",
            "USER",
            "database",
            "options",
            "DateStyle",
            "datestyle",
        ] {
            let first = if name == "datestyle" {
                "DateStyle"
            } else {
                name
            };
            let packet = [("user", "me"), (first, "a"), (name, "b")];
            let refusal = read(&packet).unwrap_err();
            assert_eq!(refusal.sqlstate, "08P01", "{name}");
            assert!(refusal.text.contains("twice"), "{refusal:?}");
        }
    }

    #[test]
    fn what_the_server_gets_is_written_anew() {
        let got = sent(&[
            ("database", "neondb"),
            ("DateStyle", "ISO, MDY"),
            ("user", "me"),
            ("app.tenant", "7"),
            ("channel_binding", "require"),
            ("application_name", "x"),
            (
                "options",
                "endpoint=ep-a-b-1 -c search_path=a\\ b,c --statement-timeout=5s",
            ),
        ]);
        let utf8 = pair("client_encoding", "UTF8");
        let wanted = [
            pair("user", "me"),
            pair("database", "neondb"),
            utf8.clone(),
            pair("application_name", "x"),
            pair("options", "-c search_path=a\\ b,c -c statement_timeout=5s"),
        ];
        assert_eq!(got, wanted);
        let hint = sent(&[
            ("user", "me"),
            ("options", "endpoint=ep-misty-sea-a5833nbi"),
        ]);
        assert_eq!(hint, [pair("user", "me"), utf8.clone()]);
        let compatible = sent(&[
            ("user", "me"),
            ("app.tenant", "7"),
            ("Client_Encoding", "LATIN1"),
            ("options", "neon_proxy_params_compat:true"),
        ]);
        let wanted = [
            pair("user", "me"),
            pair("app.tenant", "7"),
            pair("client_encoding", "LATIN1"),
        ];
        assert_eq!(compatible, wanted);
    }

    #[test]
    fn endpoint_is_read_from_the_options() {
        let endpoint = |options: &str| {
            let packet = [("user", "me"), ("options", options)];
            read(&packet).unwrap().endpoint
        };
        assert_eq!(endpoint("endpoint=ep-a").as_deref(), Some("ep-a"));
        assert_eq!(
            endpoint("-c work_mem=1MB project=ep-a").as_deref(),
            Some("ep-a")
        );
        assert_eq!(endpoint("-cendpoint=ep-a").as_deref(), Some("ep-a"));
        assert_eq!(
            endpoint("neon_timestamp:2026-01-01T00:00:00Z neon_lsn:0/1"),
            None
        );
        assert_eq!(endpoint("endpoint=ep-a endpoint=ep-b"), None);
        for malformed in ["neon_:x", "neon_lsn:", "neon_a-b:c", "neon_lsn"] {
            let packet = [("user", "me"), ("options", malformed)];
            assert!(read(&packet).is_err(), "{malformed}");
        }
    }

    #[test]
    fn unknown_parameters_go_no_further() {
        for name in [
            "user ",
            "session_authorization",
            "session_preload_libraries",
            "channel_binding",
            "search_path",
            "app.tenant",
            "-c",
            "a.b c",
        ] {
            let got = sent(&[("user", "me"), (name, "cloud_admin")]);
            let wanted = [pair("user", "me"), pair("client_encoding", "UTF8")];
            assert_eq!(got, wanted, "{name}");
        }
    }

    #[test]
    fn unknown_switches_and_replication_are_refused() {
        for (name, value) in [
            ("replication", "true"),
            ("replication", "database"),
            ("options", "-d 5"),
            ("options", "-ccloud"),
            ("options", "-c session-authorization=cloud_admin"),
            ("options", "--config_file=/tmp/x"),
            ("options", "-D /tmp"),
            ("options", "-c"),
            ("options", "\\-r/tmp/log"),
        ] {
            let refused = read(&[("user", "me"), (name, value)]);
            assert!(refused.is_err(), "{name}={value}: {refused:?}");
        }
    }

    #[test]
    fn broken_packets_are_refused() {
        let whole = bytes(&[("user", "me"), ("database", "x")]);
        for cut in 4..whole.len() {
            let refused = Startup::parse(&whole[..cut]);
            assert!(refused.is_err(), "{cut}: {refused:?}");
        }
        let after = [whole.as_slice(), b"user\0cloud_admin\0\0"].concat();
        assert!(Startup::parse(&after).is_err(), "something follows the end");
        let latin = bytes(&[("user", "me")]);
        let latin: Vec<u8> = latin
            .iter()
            .map(|b| if *b == b'm' { 0xe9 } else { *b })
            .collect();
        assert!(Startup::parse(&latin).is_err());
        assert_eq!(read(&[("database", "x")]).unwrap_err().sqlstate, "28000");
        assert_eq!(read(&[("user", "")]).unwrap_err().sqlstate, "28000");
        assert_eq!(
            Startup::parse(&wire::SSL_REQUEST.to_be_bytes())
                .unwrap_err()
                .sqlstate,
            "0A000"
        );
        let long = "a".repeat(64);
        assert_eq!(read(&[("user", &long)]).unwrap_err().sqlstate, "42622");
    }

    #[test]
    fn read_only_endpoint_has_the_last_word() {
        let mut startup = read(&[
            ("user", "me"),
            ("default_transaction_read_only", "off"),
            ("options", "-c default_transaction_read_only=off"),
        ])
        .unwrap();
        startup.force("default_transaction_read_only", "on");
        let got = super::parameters(&startup.encode()[4..]).unwrap();
        assert_eq!(
            got,
            [
                pair("user", "me"),
                pair("client_encoding", "UTF8"),
                pair("default_transaction_read_only", "on")
            ]
        );
    }

    #[test]
    fn newer_minor_protocol_is_negotiated_down() {
        let mut packet = bytes(&[("user", "me"), ("_pq_.grease", "1")]);
        packet[3] = 2;
        let startup = Startup::parse(&packet).unwrap();
        let told = startup.unknown.as_ref().unwrap().message();
        assert_eq!(told.first(), Some(&b'v'));
        assert!(told.ends_with(b"\0\0\0\x01_pq_.grease\0"), "{told:?}");
        assert_eq!(startup.encode()[4..8], wire::PROTOCOL_3.to_be_bytes());
        assert!(read(&[("user", "me")]).unwrap().unknown.is_none());
    }

    #[test]
    fn protocol_option_in_another_case_is_no_setting() {
        let packet = bytes(&[("user", "me"), ("_Pq_.b.c", "1")]);
        let startup = Startup::parse(&packet).unwrap();
        assert_eq!(startup.settings.len(), 1, "{startup:?}");
        assert!(startup.unknown.is_some());
    }
}

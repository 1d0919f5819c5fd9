//! Renews a URL that a person has added parameters to: the connection is ours, the parameters stay theirs.

use percent_encoding::utf8_percent_encode;

use crate::{
    core::secret::Secret,
    domain::url::{
        connection::{COMPONENT, Connection},
        driver::{Driver, UrlShape},
        part::UrlKind,
        quote::{ado, keyword},
        recognize::{RecognizedUrl, Tls, UrlParameter, canonical},
    },
};

/// Parameters that mean the same in several forms: in a URI or among keywords, in JDBC, in ADO.
const SPELLINGS: &[[&str; 3]] = &[
    ["application_name", "ApplicationName", "Application Name"],
    ["connect_timeout", "connectTimeout", "Timeout"],
    ["options", "options", "Options"],
    ["sslrootcert", "sslrootcert", "Root Certificate"],
];

/// What libpq reads of a URI beside the connection itself; it fails on any other parameter.
const LIBPQ: &[&str] = &[
    "application_name",
    "client_encoding",
    "connect_timeout",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "options",
    "passfile",
    "require_auth",
    "service",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
];

impl Connection {
    /// The connection URL in the form that a driver reads, with the parameters of the URL that it takes the place of.
    ///
    /// What would weaken the connection does not stay (`sslmode=prefer`), nor what the driver refuses, nor the name of the old compute
    /// in `options`. Of a URL that was written for another driver only those stay that this one is known to read.
    pub(crate) fn renewed(&self, kind: UrlKind, driver: Driver, old: &RecognizedUrl) -> Secret {
        let form = driver.form();
        let mut pairs: Vec<(String, String)> = form
            .query
            .iter()
            .map(|(name, value)| {
                let tls = matches!(canonical(name).as_str(), "sslmode" | "ssl");
                let verified = old.verified().filter(|_| tls);
                let value = verified.map_or_else(
                    || (*value).to_owned(),
                    |mode| verify(mode, form.shape).to_owned(),
                );
                ((*name).to_owned(), value)
            })
            .collect();
        let same_reader = old.accepted_form(driver).is_ok();
        for parameter in &old.parameters {
            let key = canonical(&parameter.name);
            if form.refuses.iter().any(|name| canonical(name) == key) || weakens(parameter, &key) {
                continue;
            }
            let name = if same_reader {
                Some(parameter.name.clone())
            } else {
                translated(&key, driver, form.shape)
            };
            let value = kept_value(parameter, &key, same_reader, form.shape);
            let (Some(name), Some(value)) = (name, value) else {
                continue;
            };
            if !pairs.iter().any(|(known, _)| canonical(known) == key) {
                pairs.push((name, value));
            }
        }
        self.url_with(kind, driver, &pairs)
    }
}

/// Whether a parameter is judged anew: how TLS is asked for is said by the driver's own parameters, unless it is stricter.
fn weakens(parameter: &UrlParameter, key: &str) -> bool {
    let value = parameter.value.expose().to_ascii_lowercase();
    match key {
        "sslmode" | "ssl" => true,
        "sslaccept" => value != "strict",
        "channelbinding" => value != "require",
        "trustservercertificate" => value == "true",
        _ => false,
    }
}

/// The stricter mode of TLS, as a form spells it.
const fn verify(mode: &str, shape: UrlShape) -> &str {
    match (shape, mode.as_bytes()) {
        (UrlShape::Ado, b"verify-ca") => "VerifyCA",
        (UrlShape::Ado, _) => "VerifyFull",
        (UrlShape::Uri | UrlShape::Jdbc | UrlShape::Keywords, _) => mode,
    }
}

/// The name of a parameter for another driver than the one that it was written for; `None` where that one may fail on it.
fn translated(key: &str, driver: Driver, shape: UrlShape) -> Option<String> {
    let column = match shape {
        UrlShape::Uri | UrlShape::Keywords => 0,
        UrlShape::Jdbc => 1,
        UrlShape::Ado => 2,
    };
    let row = SPELLINGS
        .iter()
        .find(|row| row.iter().any(|name| canonical(name) == key));
    let name = row.and_then(|row| row.get(column)).copied().or_else(|| {
        LIBPQ
            .iter()
            .copied()
            .find(|name| canonical(name) == key && column == 0)
    })?;
    let reads = match driver {
        Driver::Asyncpg | Driver::AsyncpgPlain | Driver::Pg8000 => false,
        Driver::Pgx => matches!(name, "application_name" | "connect_timeout"),
        Driver::Libpq
        | Driver::LibpqKeywords
        | Driver::Psycopg
        | Driver::Psycopg2
        | Driver::Django
        | Driver::NodePostgres
        | Driver::Prisma
        | Driver::Drizzle
        | Driver::Jdbc
        | Driver::Npgsql
        | Driver::Sqlx => true,
    };
    reads.then(|| name.to_owned())
}

/// The value that stays, written for its form; `None` where nothing of it does.
fn kept_value(
    parameter: &UrlParameter,
    key: &str,
    same_reader: bool,
    shape: UrlShape,
) -> Option<String> {
    let value = parameter.value.expose();
    let uri = matches!(shape, UrlShape::Uri | UrlShape::Jdbc);
    if key == "options" {
        let words: Vec<_> = value.split_whitespace().collect();
        let kept: Vec<_> = words
            .iter()
            .copied()
            .filter(|word| !names_compute(word))
            .collect();
        if kept.is_empty() && !words.is_empty() {
            return None;
        }
        if kept.len() != words.len() {
            return Some(written(&kept.join(" "), shape));
        }
    }
    let plain = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '-' | '.' | '_' | '%' | '+' | '/' | ':' | ',' | '=')
    };
    match &parameter.raw {
        // as it stands, since readers differ on what `+` is
        Some(raw) if same_reader && uri && raw.expose().chars().all(plain) => {
            Some(raw.expose().to_owned())
        }
        _ => Some(written(value, shape)),
    }
}

/// Whether a word of `options` names a compute, as clients without SNI did.
fn names_compute(word: &str) -> bool {
    ["endpoint", "project"].iter().any(|name| {
        word.trim_start_matches("-c")
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(['=', '$']))
    })
}

fn written(value: &str, shape: UrlShape) -> String {
    match shape {
        UrlShape::Uri | UrlShape::Jdbc => utf8_percent_encode(value, COMPONENT).to_string(),
        UrlShape::Ado => ado(value),
        UrlShape::Keywords => keyword(value),
    }
}

impl RecognizedUrl {
    /// The mode of TLS that checks the server's certificate, where it asks for one.
    fn verified(&self) -> Option<&'static str> {
        if self.tls < Tls::Verified {
            return None;
        }
        self.parameters.iter().rev().find_map(|parameter| {
            let key = canonical(&parameter.name);
            let value = parameter.value.expose().to_ascii_lowercase();
            match (key.as_str(), value.as_str()) {
                ("sslmode" | "ssl", "verify-full" | "verifyfull") => Some("verify-full"),
                ("sslmode" | "ssl", "verify-ca" | "verifyca") => Some("verify-ca"),
                _ => None,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::url::recognize;

    fn connection() -> Connection {
        Connection {
            host: "ep-a-1.us-east-2.aws.neon.tech".into(),
            pooled_host: "ep-a-1-pooler.us-east-2.aws.neon.tech".into(),
            port: None,
            database: "neondb".into(),
            role: "neondb_owner".into(),
            password: Secret::new("npg_new"),
            channel_binding: false,
        }
    }

    fn renewed(driver: Driver, old: &str) -> String {
        let url = connection().renewed(UrlKind::Direct, driver, &recognize(old).unwrap());
        url.expose().to_owned()
    }

    const NEW: &str = "neondb_owner:npg_new@ep-a-1.us-east-2.aws.neon.tech/neondb";

    #[test]
    fn what_a_person_added_stays_and_what_weakens_goes() {
        let uri = |query: &str| format!("postgresql://u:old@ep-old-1.neon.tech/d?{query}");
        for (driver, old, query) in [
            (
                Driver::Prisma,
                "sslmode=verify-full&schema=app&connection_limit=5",
                "sslmode=verify-full&channel_binding=require&schema=app&connection_limit=5",
            ),
            (
                Driver::Libpq,
                "options=-c%20search_path%3Dapp&connect_timeout=10&application_name=a+b",
                "sslmode=require&channel_binding=require&options=-c%20search_path%3Dapp&connect_timeout=10&application_name=a+b",
            ),
            (Driver::Drizzle, "sslmode=disable", "sslmode=require"),
            (
                Driver::Drizzle,
                "sslmode=prefer&channel_binding=require",
                "sslmode=require",
            ),
            (
                Driver::NodePostgres,
                "ssl=true&channel_binding=require",
                "sslmode=require&channel_binding=require",
            ),
            (
                Driver::Prisma,
                "sslaccept=accept_invalid_certs&pgbouncer=true",
                "sslmode=require&channel_binding=require&pgbouncer=true",
            ),
            // the old compute's name would lead there
            (
                Driver::Libpq,
                "options=endpoint%3Dep-old-1",
                "sslmode=require&channel_binding=require",
            ),
            (
                Driver::Libpq,
                "options=project%3Dep-old-1%20-c%20search_path%3Dapp",
                "sslmode=require&channel_binding=require&options=-c%20search_path%3Dapp",
            ),
            (
                Driver::Sqlx,
                "sslmode=verify-ca&sslrootcert=/etc/ca.pem",
                "sslmode=verify-ca&sslrootcert=/etc/ca.pem",
            ),
        ] {
            let scheme = driver.prefix();
            assert_eq!(
                renewed(driver, &uri(old)),
                format!("{scheme}{NEW}?{query}"),
                "{old}"
            );
        }
    }

    #[test]
    fn each_form_keeps_its_own() {
        assert_eq!(
            renewed(
                Driver::Jdbc,
                "jdbc:postgresql://old/d?user=u&password=p&currentSchema=app&sslmode=verify-full"
            ),
            "jdbc:postgresql://ep-a-1.us-east-2.aws.neon.tech/neondb?user=neondb_owner&password=npg_new&sslmode=verify-full&channelBinding=require&currentSchema=app"
        );
        assert_eq!(
            renewed(
                Driver::Npgsql,
                "Host=old;Username=u;Password=p;Search Path=app,public;SSL Mode=VerifyFull;Timeout=9"
            ),
            "Host=ep-a-1.us-east-2.aws.neon.tech;Database=neondb;Username=neondb_owner;Password=npg_new;SSL Mode=VerifyFull;Channel Binding=Require;Search Path=app,public;Timeout=9"
        );
        assert_eq!(
            renewed(
                Driver::LibpqKeywords,
                "host=old user=u password=p options='-c search_path=app' sslmode=verify-full"
            ),
            "host=ep-a-1.us-east-2.aws.neon.tech dbname=neondb user=neondb_owner password=npg_new sslmode=verify-full channel_binding=require options='-c search_path=app'"
        );
    }

    #[test]
    fn of_another_drivers_url_only_what_this_one_reads_stays() {
        let old = "postgres://u:p@h/d?sslmode=verify-full&application_name=shop&schema=app&connect_timeout=9";
        assert_eq!(
            renewed(Driver::Asyncpg, old),
            format!("postgresql+asyncpg://{NEW}?ssl=verify-full")
        );
        assert_eq!(
            renewed(Driver::Psycopg, old),
            format!(
                "postgresql+psycopg://{NEW}?sslmode=verify-full&channel_binding=require&application_name=shop&connect_timeout=9"
            )
        );
        assert!(renewed(Driver::Npgsql, old).ends_with(
            "SSL Mode=VerifyFull;Channel Binding=Require;Application Name=shop;Timeout=9"
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// Parameters in, parameters out; and a second time nothing changes, or a setup would never be done.
        #[test]
        fn no_parameter_is_lost_and_a_second_time_changes_nothing(
            driver in prop::sample::select(Driver::ALL.to_vec()),
            values in prop::collection::btree_map("[a-z]{3,9}(_[a-z]{1,5})?", "[ -~]{0,12}", 0..6),
        ) {
            let taken = ["host", "hostaddr", "server", "port", "dbname", "database", "user", "username", "userid", "uid", "password", "pwd"];
            let values: Vec<_> = values.into_iter().filter(|(name, _)| {
                let key = canonical(name);
                !taken.contains(&key.as_str()) && !matches!(key.as_str(), "options" | "ssl" | "sslmode" | "sslaccept" | "channelbinding")
            }).collect();
            let shape = driver.form().shape;
            let pairs: Vec<_> = values.iter().map(|(name, value)| (name.clone(), written(value, shape))).collect();
            let mut old = connection();
            old.password = Secret::new("npg_old");
            let old = old.url_with(UrlKind::Pooled, driver, &pairs);
            let new = connection().renewed(UrlKind::Direct, driver, &recognize(old.expose()).unwrap());
            let read = recognize(new.expose()).unwrap();
            prop_assert!(connection().matches(&read));
            prop_assert!(read.accepted_by(driver).is_ok());
            prop_assert_eq!(read.asks_for_tls(), driver.tls_in_url());
            for (name, value) in &values {
                let kept = read.parameters.iter().find(|kept| kept.name == *name);
                prop_assert_eq!(kept.map(|kept| kept.value.expose()), Some(value.as_str()), "{} of {}", name, driver);
            }
            prop_assert_eq!(connection().renewed(UrlKind::Direct, driver, &read), new);
        }
    }
}

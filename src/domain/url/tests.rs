use proptest::prelude::*;

use crate::{
    core::secret::Secret,
    domain::url::{recognize::Tls, *},
};

fn sample() -> Connection {
    Connection {
        host: "ep-cool-name-12345678.us-east-2.aws.neon.tech".into(),
        pooled_host: "ep-cool-name-12345678-pooler.us-east-2.aws.neon.tech".into(),
        port: None,
        database: "neondb".into(),
        role: "neondb_owner".into(),
        password: Secret::new("npg_p@s$w'r&d"),
        channel_binding: true,
    }
}

#[test]
fn each_driver_gets_its_own_form() {
    let direct = "ep-cool-name-12345678.us-east-2.aws.neon.tech";
    let login = "neondb_owner:npg_p%40s%24w%27r%26d";
    let both = "sslmode=require&channel_binding=require";
    let expected = [
        (
            "libpq",
            format!("postgresql://{login}@{direct}/neondb?{both}"),
        ),
        (
            "libpq-keywords",
            format!(
                r"host={direct} dbname=neondb user=neondb_owner password='npg_p@s$w\'r&d' sslmode=require channel_binding=require"
            ),
        ),
        (
            "psycopg",
            format!("postgresql+psycopg://{login}@{direct}/neondb?{both}"),
        ),
        (
            "psycopg2",
            format!("postgresql+psycopg2://{login}@{direct}/neondb?{both}"),
        ),
        (
            "asyncpg",
            format!("postgresql+asyncpg://{login}@{direct}/neondb?ssl=require"),
        ),
        (
            "asyncpg-plain",
            format!("postgresql://{login}@{direct}/neondb?sslmode=require"),
        ),
        (
            "pg8000",
            format!("postgresql+pg8000://{login}@{direct}/neondb"),
        ),
        (
            "django",
            format!("postgresql://{login}@{direct}/neondb?{both}"),
        ),
        (
            "node-postgres",
            format!("postgresql://{login}@{direct}/neondb?sslmode=require"),
        ),
        (
            "prisma",
            format!("postgresql://{login}@{direct}/neondb?{both}"),
        ),
        (
            "drizzle",
            format!("postgresql://{login}@{direct}/neondb?sslmode=require"),
        ),
        (
            "jdbc",
            format!(
                "jdbc:postgresql://{direct}/neondb?user=neondb_owner&password=npg_p%40s%24w%27r%26d&sslmode=require&channelBinding=require"
            ),
        ),
        (
            "npgsql",
            format!(
                "Host={direct};Database=neondb;Username=neondb_owner;Password=\"npg_p@s$w'r&d\";SSL Mode=Require;Channel Binding=Require"
            ),
        ),
        (
            "pgx",
            format!("postgresql://{login}@{direct}/neondb?sslmode=require"),
        ),
        (
            "sqlx",
            format!("postgresql://{login}@{direct}/neondb?sslmode=require"),
        ),
    ];
    assert_eq!(expected.len(), Driver::ALL.len());
    for (name, url) in expected {
        let driver: Driver = name.parse().unwrap();
        assert_eq!(
            sample().url(UrlKind::Direct, driver).expose(),
            url,
            "{name}"
        );
    }
}

#[test]
fn written_urls_read_back_as_the_same_connection_and_suit_their_driver() {
    for port in [None, Some(6543)] {
        let connection = Connection { port, ..sample() };
        for kind in [UrlKind::Direct, UrlKind::Pooled] {
            for driver in Driver::ALL {
                let url = connection.url(kind, *driver);
                let read = recognize(url.expose()).unwrap();
                assert_eq!(connection.differences(&read), [], "{driver}");
                assert_eq!(read.accepted_by(*driver), Ok(()), "{driver}");
                assert_eq!(read.kind(), kind, "{driver}");
                assert_eq!(read.asks_for_tls(), driver.tls_in_url(), "{driver}");
                // not every driver's form has it
                let demanded = url.expose().to_lowercase().replace(' ', "");
                assert_eq!(
                    read.channel_binding,
                    demanded.contains("channel_binding=require")
                        || demanded.contains("channelbinding=require"),
                    "{driver}"
                );
                let same = Connection {
                    channel_binding: read.channel_binding,
                    ..connection.clone()
                };
                assert_eq!(read.connection(), same, "{driver}");
            }
        }
    }
}

#[test]
fn urls_of_another_driver_are_refused_with_the_reason() {
    let url = |driver| {
        let url = sample().url(UrlKind::Direct, driver);
        recognize(url.expose()).unwrap()
    };
    assert_eq!(
        url(Driver::Libpq).accepted_by(Driver::Psycopg).unwrap_err(),
        "it starts with `postgresql://`, psycopg expects `postgresql+psycopg://`"
    );
    let mixed = recognize("postgresql+asyncpg://u:p@h/d?sslmode=require").unwrap();
    assert_eq!(
        mixed.accepted_by(Driver::Asyncpg).unwrap_err(),
        "asyncpg fails on the parameter `sslmode`"
    );
    assert_eq!(
        url(Driver::Npgsql).accepted_by(Driver::Libpq).unwrap_err(),
        "libpq expects the form `postgresql://…`"
    );
}

#[test]
fn every_spelling_of_tls_is_understood() {
    for (url, tls) in [
        ("postgresql://u:p@h/d", Tls::Silent),
        ("postgresql://u:p@h/d?sslmode=prefer", Tls::Optional),
        ("postgresql://u:p@h/d?sslmode=disable", Tls::Optional),
        ("postgresql://u:p@h/d?sslmode=require", Tls::Required),
        ("postgresql://u:p@h/d?sslmode=verify-full", Tls::Verified),
        ("postgresql+asyncpg://u:p@h/d?ssl=require", Tls::Required),
        ("postgres://u:p@h/d?ssl=true", Tls::Required),
        ("Host=h;SSL Mode=VerifyFull;Username=u", Tls::Verified),
        ("Server=h;SslMode=Require;User Id=u", Tls::Required),
        ("host=h sslmode=allow", Tls::Optional),
    ] {
        assert_eq!(recognize(url).unwrap().tls, tls, "{url}");
    }
}

#[test]
fn unusual_urls_are_read() {
    let read = recognize("postgres://u:a/b?c@[::1]:5433/d").unwrap();
    assert_eq!((read.host.as_str(), read.port), ("::1", Some(5433)));
    assert_eq!(read.password, Secret::new("a/b?c"));
    let read = recognize("postgresql:///d?host=H.example&user=u&password=p").unwrap();
    assert_eq!(read.host, "h.example");
    assert_eq!(read.role, "u");
    for other in [
        "",
        "https://example.com",
        "mysql://u:p@h/d",
        "localhost",
        "8000",
        "host=",
    ] {
        assert!(recognize(other).is_none(), "{other}");
    }
}

#[test]
fn neon_uris_become_a_connection() {
    let direct = sample().url(UrlKind::Direct, Driver::Libpq);
    let pooled = sample().url(UrlKind::Pooled, Driver::Libpq);
    assert_eq!(Connection::from_uris(&direct, None), Some(sample()));
    assert_eq!(
        Connection::from_uris(&direct, Some(&pooled)),
        Some(sample())
    );
    // a pooled one given as the direct one is put right
    assert_eq!(Connection::from_uris(&pooled, None), Some(sample()));
    let local = Secret::new("postgresql://r:p@localhost:5433/d");
    let local = Connection::from_uris(&local, None).unwrap();
    assert_eq!(local.pooled_host, "localhost");
    assert_eq!(local.port, Some(5433));
    assert!(Connection::from_uris(&Secret::new("nonsense"), None).is_none());
}

#[test]
fn a_host_stays_one_host_whatever_it_is() {
    for host in ["/var/run/postgresql", "::1"] {
        let connection = Connection {
            host: host.to_owned(),
            pooled_host: host.to_owned(),
            ..sample()
        };
        for driver in Driver::ALL {
            let written = connection.url(UrlKind::Direct, *driver);
            let read = recognize(written.expose()).unwrap();
            assert_eq!(connection.differences(&read), [], "{driver} {host}");
        }
    }
}

#[test]
fn what_cannot_be_a_host_is_no_connection() {
    for host in [
        "a\u{1}b",
        "a\u{b}b",
        "a\nb",
        "a b",
        "a\u{a0}b",
        "a\u{202e}b",
        "a\u{200b}b",
        "a/b",
        "a\\b",
        "a;b",
        "a=b",
        "a@b",
        "a'b",
        "a\"b",
        "a?b",
        "a#b",
    ] {
        let connection = Connection {
            host: host.to_owned(),
            ..sample()
        };
        for driver in [Driver::Libpq, Driver::Psycopg, Driver::Jdbc] {
            let url = connection.url(UrlKind::Direct, driver);
            assert_eq!(recognize(url.expose()), None, "{driver} {host:?}");
        }
    }
    for url in [
        "Host=a\u{1}b;Username=u",
        "host='a b' user=u",
        "host=a\u{7f} user=u",
    ] {
        assert_eq!(recognize(url), None, "{url:?}");
    }
    // what stands for a host that is filled in elsewhere is not ours to judge, and a password beside it is real
    for host in [
        "${PGHOST}",
        "<host>",
        "%PGHOST%",
        "{{host}}",
        "a,b",
        "*****",
        "b\u{fc}cher.example",
    ] {
        let url = format!("postgresql://u:p@{host}/d");
        assert_eq!(
            recognize(&url).unwrap().password,
            Secret::new("p"),
            "{host}"
        );
    }
}

#[test]
fn debug_hides_the_password() {
    let url = sample().url(UrlKind::Direct, Driver::Npgsql);
    let read = recognize(url.expose()).unwrap();
    let text = format!("{url:?} {read:?} {:?}", sample());
    assert!(!text.contains("npg_"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_credentials_read_back(role in "\\PC{1,12}", password in "\\PC{0,24}", database in "\\PC{1,12}") {
        let connection = Connection { role, database, password: Secret::new(password), ..sample() };
        for driver in Driver::ALL {
            let url = connection.url(UrlKind::Direct, *driver);
            let read = recognize(url.expose());
            prop_assert!(read.is_some(), "{}", driver);
            prop_assert!(connection.matches(&read.unwrap()), "{}", driver);
        }
    }

    #[test]
    fn a_scheme_inside_a_value_is_ignored(before in "\\PC{0,3}", after in "\\PC{0,3}") {
        let role = format!("{before}://{after}");
        let connection = Connection { role, ..sample() };
        for driver in Driver::ALL {
            let read = recognize(connection.url(UrlKind::Direct, *driver).expose());
            prop_assert!(read.is_some_and(|read| connection.matches(&read)), "{}", driver);
        }
    }

    #[test]
    fn recognizing_never_panics(text in "\\PC{0,80}") {
        recognize(&text);
        recognize(&format!("postgresql://{text}"));
        recognize(&format!("host={text}"));
        recognize(&format!("Host={text};x"));
    }
}

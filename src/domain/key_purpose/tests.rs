use proptest::prelude::*;

use super::{KeyPurpose::*, *};

const LOCAL: &str = "postgresql://postgres:postgres@localhost:5432/app";

#[test]
fn a_key_is_ours_only_where_nothing_says_otherwise() {
    let direct = || Url(Some(UrlKind::Direct));
    let pooled = || Url(Some(UrlKind::Pooled));
    let other = |name: &str| OtherServer(name.to_owned());
    for (key, value, expected) in [
        ("DATABASE_URL", "", Url(None)),
        ("DATABASE_URL", "****", Url(None)),
        ("DATABASE_URL", LOCAL, Url(None)),
        ("database_url", "", Url(None)),
        ("POSTGRES_URL", "", Url(None)),
        ("POSTGRES_PRISMA_URL", "", Url(None)),
        ("SQLALCHEMY_DATABASE_URI", "", Url(None)),
        (
            "SPRING_DATASOURCE_URL",
            "jdbc:postgresql://localhost/app",
            Url(None),
        ),
        ("NEON_CONNECTION_STRING", "", Url(None)),
        ("DATABASE_URL_DEV", "", Url(None)),
        ("APP_STORE", LOCAL, Url(None)),
        ("DIRECT_URL", "", direct()),
        ("DATABASE_URL_UNPOOLED", "", direct()),
        ("POSTGRES_URL_NON_POOLING", "", direct()),
        ("DATABASE_DIRECT_URL", "", direct()),
        ("DATABASE_URL_DIRECT", "", direct()),
        ("DIRECT_DATABASE_URL", "", direct()),
        ("POOLED_DATABASE_URL", "", pooled()),
        (
            "DATABASE_URL",
            "postgres://u:p@ep-a-1-pooler.x.neon.tech/d",
            pooled(),
        ),
        (
            "DATABASE_URL",
            "postgres://u:p@h/d?pgbouncer=true",
            pooled(),
        ),
        // others'
        ("TEST_DATABASE_URL", LOCAL, ForTests),
        ("DATABASE_URL_TEST", "", ForTests),
        ("DATABASE_TEST_URL", "", ForTests),
        ("E2E_DATABASE_URL", "", ForTests),
        ("TEST_DB_HOST", "localhost", ForTests),
        ("SHADOW_DATABASE_URL", LOCAL, Shadow),
        ("DATABASE_SHADOW_URL", "", Shadow),
        ("PROD_DATABASE_URL", "", OtherDatabase),
        ("READ_REPLICA_DATABASE_URL", LOCAL, OtherDatabase),
        ("LOCAL_DATABASE_URL", LOCAL, OtherDatabase),
        (
            "MONGO_DATABASE_URL",
            "mongodb://localhost:27017/events",
            other("mongodb"),
        ),
        ("MONGO_URL", "", other("mongo")),
        ("MYSQL_URL", LOCAL, other("mysql")),
        ("REDIS_URL", "redis://localhost:6379", other("redis")),
        ("REDIS_URL", "", other("redis")),
        (
            "DATABASE_URL",
            "mysql://root:password@localhost:3306/app",
            other("mysql"),
        ),
        ("DATABASE_URL", "file:./dev.db", other("file")),
        ("DATABASE_URL", "sqlite:///./app.db", other("sqlite")),
        ("DATABASE_URL", "jdbc:mysql://localhost/app", other("mysql")),
        ("SUPABASE_DB_URL", "", other("supabase")),
        ("NEXT_PUBLIC_DATABASE_URL", "", OthersSecret),
        // no connection at all
        (
            "NEON_API_URL",
            "https://console.neon.tech/api/v2",
            Documented,
        ),
        ("DB_POOL_SIZE", "5", Documented),
        ("SESSION_DRIVER", "database", Documented),
        ("REDIS_PASSWORD", "null", Documented),
        ("TESTING", "true", Documented),
        ("NEXTAUTH_URL", "http://localhost:3000", Documented),
        ("REDIS_PORT", "6379", Documented),
    ] {
        assert_eq!(purpose(key, value), expected, "{key}={value}");
    }
}

#[test]
fn only_an_applications_own_secrets_are_made_up() {
    for key in [
        "JWT_SECRET",
        "SECRET_KEY",
        "AUTH_SECRET",
        "NEXTAUTH_SECRET",
        "BETTER_AUTH_SECRET",
        "SESSION_SECRET",
        "HMAC_KEY",
        "DJANGO_SECRET_KEY",
        "ENCRYPTION_KEY",
        "AUTH__JWT_SECRET",
        "secret_key",
    ] {
        for value in ["", "change-me", "****", "supersecret"] {
            assert_eq!(purpose(key, value), OwnSecret, "{key}={value}");
        }
    }
    for (key, value, expected) in [
        ("STRIPE_SECRET_KEY", "", OthersSecret),
        ("STRIPE_SECRET_KEY", "sk_test_***", OthersSecret),
        ("STRIPE__SECRET_KEY", "", OthersSecret),
        ("GOOGLE_CLIENT_SECRET", "", OthersSecret),
        ("GOOGLE_CLIENT_ID", "", OthersSecret),
        ("CLOUDINARY_API_SECRET", "", OthersSecret),
        ("OPENAI_API_KEY", "sk-...", OthersSecret),
        ("AWS_SECRET_ACCESS_KEY", "", OthersSecret),
        ("STRIPE_WEBHOOK_SECRET", "whsec_", OthersSecret),
        ("ACCESS_TOKEN_SECRET", "", OthersSecret),
        ("NEON_API", "napi_0123456789abcdef", OthersSecret),
        ("FERNET_KEY", "", OthersSecret),
        ("SENTRY_DSN", "", OthersSecret),
        // masks and placeholders aren't values
        ("BLOB_HOST", "<your host>", Placeholder),
        ("REDIS_URL", "****", Placeholder),
        (
            "REDIS_URL",
            "rediss://default:********@host:6379",
            Placeholder,
        ),
        ("BUCKET", "your-bucket", Placeholder),
        // what documents may be copied
        (
            "STRIPE_PUBLISHABLE_KEY",
            "pk_test_your_publishable_key",
            OthersSecret,
        ),
        ("JWT_TOKEN_NAME", "jwt-refresh-token-47yxa81z", Documented),
        ("S3_BUCKET", "my-company-assets-2024-eu-01", Documented),
        ("GIT_SHA", "5d41402abc4b2a76b9719d911017c592", Documented),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "30", Documented),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "", Unsaid),
        ("JWT_REFRESH_TOKEN_EXPIRE_SECS", "", Unsaid),
        ("JWT_ALGORITHM", "HS256", Documented),
        ("AUTH_TRUST_HOST", "true", Documented),
        ("APP_TITLE", "Desk", Documented),
        ("APP_TITLE", "", Unsaid),
    ] {
        assert_eq!(purpose(key, value), expected, "{key}={value}");
    }
}

/// The purposes of `KEY=value` words.
fn all(text: &str) -> Vec<KeyPurpose> {
    let pairs: Vec<_> = text
        .split_whitespace()
        .map(|word| word.split_once('=').unwrap())
        .collect();
    purposes(&pairs)
}

#[test]
fn parts_count_as_a_set_in_every_spelling() {
    use crate::domain::url::Part::*;
    let five = [Host, Port, User, Password, Database];
    for text in [
        "PGHOST= PGPORT= PGUSER= PGPASSWORD= PGDATABASE=",
        "DB_HOST=localhost DB_PORT=5432 DB_USER=postgres DB_PASSWORD=postgres DB_NAME=app",
        "DB_HOSTNAME= DB_PORT= DB_USERNAME= DB_PASS= DB_DATABASE=",
        "POSTGRES_SERVER=localhost POSTGRES_PORT=5432 POSTGRES_USER=a POSTGRES_PASSWORD=changethis POSTGRES_DB=app",
        "SQL_HOST=db SQL_PORT=5432 SQL_USER=a SQL_PASSWORD=b SQL_DATABASE=c",
        "TYPEORM_HOST= TYPEORM_PORT= TYPEORM_USERNAME= TYPEORM_PASSWORD= TYPEORM_DATABASE=",
        "RDS_HOSTNAME= RDS_PORT= RDS_USERNAME= RDS_PASSWORD= RDS_DB_NAME=",
        "DBHOST= DBPORT= DBUSER= DBPASS= DBNAME=",
        "DATABASE__HOST= DATABASE__PORT= DATABASE__USER= DATABASE__PASSWORD= DATABASE__NAME=",
        // mixed prefixes
        "DB_HOST=db DB_PORT=5432 POSTGRES_USER=a POSTGRES_PASSWORD=b POSTGRES_DB=c",
    ] {
        let expected: Vec<_> = five
            .iter()
            .map(|part| KeyPurpose::Part(*part, None))
            .collect();
        assert_eq!(all(text), expected, "{text}");
    }
    assert_eq!(
        all("PGHOST= PGHOST_UNPOOLED= DB_SSL_MODE=disable DB_HOST= DB_PASSWORD="),
        [
            // the other one of the pair
            KeyPurpose::Part(Host, Some(UrlKind::Pooled)),
            KeyPurpose::Part(Host, Some(UrlKind::Direct)),
            KeyPurpose::Part(SslMode, None),
            KeyPurpose::Part(Host, None),
            KeyPurpose::Part(Password, None)
        ]
    );
    // Java's data source: the URL, and beside it who logs in
    assert_eq!(
        all("SPRING_DATASOURCE_URL= SPRING_DATASOURCE_USERNAME=ferry SPRING_DATASOURCE_PASSWORD="),
        [
            KeyPurpose::Url(None),
            KeyPurpose::Part(User, None),
            KeyPurpose::Part(Password, None)
        ]
    );
    let found = all("DB_URL=jdbc:mysql://localhost/app DB_USER=root DB_PASSWORD=");
    let part = |purpose: &KeyPurpose| matches!(purpose, KeyPurpose::Part(..));
    assert!(!found.iter().any(part), "{found:?}");
    // no set: a container's own, another server's, the tests'
    for text in [
        "POSTGRES_USER=postgres POSTGRES_PASSWORD=postgres POSTGRES_DB=app",
        "DB_HOST=localhost DB_PORT=3306 DB_PASSWORD=secret",
        "DB_CONNECTION=mysql DB_HOST=localhost DB_PASSWORD=secret",
        "DB_DIALECT=sqlite DB_HOST= DB_PASSWORD=",
        "MYSQL_HOST=localhost MYSQL_PASSWORD=secret",
        "REDIS_HOST=localhost REDIS_PASSWORD=secret DB_HOST=localhost",
        "TEST_DB_HOST=localhost TEST_DB_PASSWORD=secret",
        "PROD_DB_HOST=h PROD_DB_PASSWORD=secret",
        "VITE_DB_HOST=h VITE_DB_PASSWORD=secret",
    ] {
        let found = all(text);
        let part = |purpose: &KeyPurpose| matches!(purpose, KeyPurpose::Part(..));
        assert!(!found.iter().any(part), "{text}: {found:?}");
    }
    // MySQL beside Postgres does not spoil it
    let found = all("DB_HOST=a DB_PORT=3306 DB_PASSWORD=b POSTGRES_HOST=c POSTGRES_PASSWORD=d");
    assert!(!matches!(found[0], KeyPurpose::Part(..)), "{found:?}");
    assert_eq!(found[3], KeyPurpose::Part(Host, None));
}

#[test]
fn the_other_one_of_a_pair_leads_the_other_way() {
    let (direct, pooled) = (Some(UrlKind::Direct), Some(UrlKind::Pooled));
    assert_eq!(all("DATABASE_URL="), [Url(None)]);
    assert_eq!(all("DATABASE_URL= DIRECT_URL="), [Url(pooled), Url(direct)]);
    assert_eq!(
        all("POSTGRES_URL_NON_POOLING= POSTGRES_URL="),
        [Url(direct), Url(pooled)]
    );
    assert_eq!(
        all("DATABASE_URL= DATABASE_POOLED_URL="),
        [Url(direct), Url(pooled)]
    );
    // what is not ours makes no pair
    assert_eq!(
        all("DATABASE_URL= SHADOW_DATABASE_URL="),
        [Url(None), Shadow]
    );
    assert_eq!(
        all("ACCESS_TOKEN_SECRET= REFRESH_TOKEN_SECRET="),
        [OwnSecret, OwnSecret]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_mask_is_ever_taken_for_a_value(key in "[A-Z]{1,8}(_[A-Z]{1,8}){0,3}", start in "[a-z_]{0,8}", marks in 3usize..20) {
        let value = format!("{start}{}", "*".repeat(marks));
        prop_assert_ne!(purpose(&key, &value), Documented);
        prop_assert_ne!(purposes(&[(&key, &value)]), vec![Documented]);
    }

    #[test]
    fn no_database_of_others_gets_our_url(
        word in prop::sample::select(vec!["TEST", "SHADOW", "MYSQL", "MONGO", "REDIS", "PROD", "REPLICA", "E2E"]),
        name in prop::sample::select(vec!["DATABASE_URL", "POSTGRES_URL", "DIRECT_URL", "DB_URL", "URL", "DB_HOST", "DB_PASSWORD"]),
        value in prop::sample::select(vec!["", LOCAL, "****", "mysql://a:b@c/d"]),
        before: bool,
    ) {
        let key = if before { format!("{word}_{name}") } else { format!("{name}_{word}") };
        if let Some(found) = purposes(&[(&key, value), ("DB_HOST", ""), ("DB_PASSWORD", "")]).first() {
            prop_assert!(!matches!(found, Url(_) | KeyPurpose::Part(..)), "{} {:?}", key, found);
        }
    }

    #[test]
    fn any_text_has_a_purpose(key in ".{0,40}", value in ".{0,80}") {
        purpose(&key, &value);
        prop_assert_eq!(purposes(&[(&key, &value), (&key, "")]).len(), 2);
    }
}

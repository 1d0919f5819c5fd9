//! What the name of a key says.

use crate::domain::{
    sensitive::is_public_key,
    url::{Part, UrlKind},
};

/// Words for a database of Postgres, or of no kind that is named.
const DATABASE: &[&str] = &[
    "DATABASE",
    "DATASOURCE",
    "DB",
    "NEON",
    "PG",
    "PGSQL",
    "POSTGRES",
    "POSTGRESQL",
    "PSQL",
    "RDS",
    "SEQUELIZE",
    "SQL",
    "SQLALCHEMY",
    "TYPEORM",
];
/// Words for other servers, with the name that a person knows. Some speak Postgres' protocol and are somebody else's all the same.
const OTHER_SERVERS: &[&str] = &[
    "AMQP",
    "BIGQUERY",
    "BROKER",
    "CASSANDRA",
    "CLICKHOUSE",
    "COCKROACH",
    "COCKROACHDB",
    "COUCHDB",
    "DYNAMODB",
    "ELASTIC",
    "ELASTICSEARCH",
    "INFLUX",
    "INFLUXDB",
    "KAFKA",
    "KV",
    "LIBSQL",
    "MARIADB",
    "MEMCACHE",
    "MEMCACHED",
    "MONGO",
    "MONGODB",
    "MONGOOSE",
    "MSSQL",
    "MYSQL",
    "NATS",
    "NEO4J",
    "OPENSEARCH",
    "ORACLE",
    "PLANETSCALE",
    "QDRANT",
    "RABBITMQ",
    "REDIS",
    "REDSHIFT",
    "SNOWFLAKE",
    "SQLITE",
    "SQLSERVER",
    "SUPABASE",
    "TURSO",
    "UPSTASH",
    "VALKEY",
    "WEAVIATE",
];
const TESTS: &[&str] = &[
    "CI",
    "CYPRESS",
    "E2E",
    "JEST",
    "PLAYWRIGHT",
    "PYTEST",
    "TEST",
    "TESTING",
    "TESTS",
    "VITEST",
];
/// Words for a Postgres that is not the one of this clone.
const OTHER_PLACES: &[&str] = &[
    "ANALYTICS",
    "BACKUP",
    "LEGACY",
    "LOCAL",
    "OLD",
    "PROD",
    "PRODUCTION",
    "READER",
    "READONLY",
    "REMOTE",
    "REPLICA",
    "SOURCE",
    "STAGE",
    "STAGING",
    "WAREHOUSE",
];
const DIRECT: &[&str] = &[
    "DIRECT",
    "MIGRATE",
    "MIGRATION",
    "MIGRATIONS",
    "NONPOOLING",
    "UNPOOLED",
];
const POOLED: &[&str] = &["POOL", "POOLED", "POOLER", "POOLING"];
/// Last words of keys that speak of a secret and hold none: `JWT_TOKEN_NAME`, `ACCESS_TOKEN_EXPIRE_MINUTES`.
const ABOUT_A_SECRET: &[&str] = &[
    "AGE",
    "ALG",
    "ALGORITHM",
    "AUDIENCE",
    "BUCKET",
    "CONNECTION",
    "DAYS",
    "DOMAIN",
    "DRIVER",
    "ENABLED",
    "ENCRYPT",
    "ENDPOINT",
    "ENV",
    "EXPIRATION",
    "EXPIRE",
    "EXPIRES",
    "EXPIRY",
    "FILE",
    "HEADER",
    "HOST",
    "HOURS",
    "HTTPONLY",
    "IN",
    "ISSUER",
    "LENGTH",
    "LIFETIME",
    "LIMIT",
    "MINS",
    "MINUTES",
    "MODE",
    "NAME",
    "PATH",
    "PORT",
    "PREFIX",
    "PROVIDER",
    "REGION",
    "ROUNDS",
    "SAMESITE",
    "SEC",
    "SECONDS",
    "SECS",
    "SECURE",
    "STORE",
    "TTL",
    "TYPE",
    "URI",
    "URL",
    "USER",
    "VERSION",
];
/// Last words of keys that a service issues, though they aren't secret: `GOOGLE_CLIENT_ID`.
const ISSUED: &[&str] = &[
    "APIKEY",
    "APP_ID",
    "CLIENT_ID",
    "PRICE_ID",
    "PROJECT_ID",
    "TENANT_ID",
];

/// The name of a key, in capital letters, and its words.
pub(super) struct KeyName {
    upper: String,
    words: Vec<String>,
}

impl KeyName {
    pub(super) fn new(key: &str) -> Self {
        let upper = key.to_ascii_uppercase();
        let words = upper
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        Self { upper, words }
    }

    pub(super) fn upper(&self) -> &str {
        &self.upper
    }

    fn has(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    /// The words without those that say which way the connection leads.
    fn plain_words(&self) -> Vec<&str> {
        let ways = |word: &&str| {
            !DIRECT.contains(word)
                && !POOLED.contains(word)
                && !matches!(*word, "NON" | "NO" | "SSL")
        };
        self.words.iter().map(String::as_str).filter(ways).collect()
    }

    /// The name without `_UNPOOLED` and the like at its end.
    pub(super) fn without_kind(&self) -> &str {
        ["_UNPOOLED", "_NON_POOLING", "_POOLED", "_DIRECT"]
            .iter()
            .find_map(|end| self.upper.strip_suffix(end))
            .unwrap_or(&self.upper)
    }

    /// Whether it ends as the name of a URL does, whatever server's.
    pub(super) fn ends_as_url(&self) -> bool {
        let mut words = self.plain_words();
        while matches!(
            words.last(),
            Some(&("PRISMA" | "ASYNC" | "SYNC" | "DEV" | "DEVELOPMENT"))
        ) || words
            .last()
            .is_some_and(|word| TESTS.contains(word) || OTHER_PLACES.contains(word))
        {
            words.pop();
        }
        matches!(
            words.as_slice(),
            [.., "URL" | "URI" | "DSN" | "CONNECTIONSTRING"]
                | [.., "CONNECTION" | "CONN", "STRING" | "STR"]
        )
    }

    /// Whether it is the name of a database's URL: `DATABASE_URL`, `POSTGRES_PRISMA_URL`, `DIRECT_URL`.
    pub(super) fn is_url(&self) -> bool {
        if matches!(
            self.upper.as_str(),
            "DIRECT_URL" | "POOLED_URL" | "POOLER_URL"
        ) {
            return true;
        }
        let words = self.plain_words();
        // Neon has other addresses too: its API, its sign-in
        let neon_only = words
            .iter()
            .filter(|word| DATABASE.contains(word))
            .all(|word| *word == "NEON");
        let address = words.iter().any(|word| matches!(*word, "API" | "AUTH"));
        self.has(DATABASE) && self.ends_as_url() && !(neon_only && address)
    }

    /// The part of a connection that it names, with the prefix that such names share: `DB`, `POSTGRES`, `DATABASE`.
    pub(super) fn part(&self) -> Option<(&str, Part)> {
        let name = self.without_kind();
        // Azure's samples write `DBHOST`, libpq `PGHOST`
        for glued in ["DB", "PG", "SQL"] {
            if let Some(part) = name.strip_prefix(glued).and_then(of_word) {
                return Some((glued, part));
            }
        }
        let (prefix, part) = [
            "_SSL_MODE",
            "_SSLMODE",
            "_USER_NAME",
            "_DB_NAME",
            "_DATABASE_NAME",
        ]
        .iter()
        .find_map(|end| Some((name.strip_suffix(end)?, *end)))
        .map(|(prefix, end)| (prefix, of_word(&end.replace('_', ""))))
        .or_else(|| {
            name.rsplit_once('_')
                .map(|(prefix, last)| (prefix, of_word(last)))
        })?;
        let prefix = prefix.trim_end_matches('_');
        let words = prefix.split('_').filter(|word| !word.is_empty());
        let of_database = words.clone().any(|word| DATABASE.contains(&word));
        (of_database && !self.is_other_server()).then_some((prefix, part?))
    }

    /// The prefix of a key that says of which kind a database is: `DB_CONNECTION`, `TYPEORM_CONNECTION`, `DB_DIALECT`.
    pub(super) fn prefix_of_kind(&self) -> Option<&str> {
        let kinds = [
            "CONNECTION",
            "DIALECT",
            "ENGINE",
            "DRIVER",
            "CLIENT",
            "TYPE",
            "PROVIDER",
            "ADAPTER",
            "URL",
        ];
        let (prefix, last) = self.upper.rsplit_once('_')?;
        kinds.contains(&last).then_some(prefix)
    }

    /// Whether it says of which kind a database is, and nothing else: `SQL_DIALECT`.
    pub(super) fn is_kind(&self) -> bool {
        let kinds = [
            "DIALECT", "ENGINE", "DRIVER", "CLIENT", "TYPE", "PROVIDER", "ADAPTER",
        ];
        self.words
            .last()
            .is_some_and(|word| kinds.contains(&word.as_str()))
    }

    /// Whether it speaks of a database.
    pub(super) fn is_of_database(&self) -> bool {
        self.has(DATABASE) && !self.is_other_server()
    }

    /// Whether it has a word beside those for a database, for its URL and for the way that leads there.
    pub(super) fn is_qualified(&self) -> bool {
        let known = [
            "URL",
            "URI",
            "DSN",
            "CONNECTION",
            "CONN",
            "STRING",
            "STR",
            "CONNECTIONSTRING",
            "PRISMA",
            "DRIZZLE",
            "ASYNC",
            "SYNC",
            "DEV",
            "DEVELOPMENT",
            "APP",
            "MAIN",
            "PRIMARY",
        ];
        self.plain_words()
            .iter()
            .any(|word| !DATABASE.contains(word) && !known.contains(word))
    }

    /// Which way the connection leads.
    pub(super) fn kind(&self) -> Option<UrlKind> {
        let non_pooling = self
            .words
            .windows(2)
            .any(|pair| matches!(pair, [non, pool] if matches!(non.as_str(), "NON" | "NO") && POOLED.contains(&pool.as_str())));
        if non_pooling || self.has(DIRECT) {
            return Some(UrlKind::Direct);
        }
        self.has(POOLED).then_some(UrlKind::Pooled)
    }

    /// The other server that it names, in lower case.
    pub(super) fn other_server(&self) -> Option<String> {
        self.words
            .iter()
            .find(|word| OTHER_SERVERS.contains(&word.as_str()))
            .map(|word| word.to_ascii_lowercase())
    }

    pub(super) fn is_other_server(&self) -> bool {
        self.has(OTHER_SERVERS)
    }

    pub(super) fn is_for_tests(&self) -> bool {
        self.has(TESTS)
    }

    pub(super) fn is_shadow(&self) -> bool {
        self.has(&["SHADOW"])
    }

    pub(super) fn is_another_place(&self) -> bool {
        self.has(OTHER_PLACES)
    }

    pub(super) fn is_public(&self) -> bool {
        is_public_key(&self.upper)
    }

    /// Whether a connection of this name is the one that the application runs on.
    pub(super) fn is_the_applications(&self) -> bool {
        !self.is_for_tests() && !self.is_shadow() && !self.is_another_place() && !self.is_public()
    }

    /// Whether it speaks of a secret without holding it.
    pub(super) fn is_about_a_secret(&self) -> bool {
        self.words
            .last()
            .is_some_and(|word| ABOUT_A_SECRET.contains(&word.as_str()))
    }

    /// Whether a service issues its value.
    pub(super) fn is_issued(&self) -> bool {
        ISSUED.iter().any(|end| self.upper.ends_with(end))
    }
}

/// The part that the last word of a name means.
fn of_word(word: &str) -> Option<Part> {
    match word {
        "HOST" | "HOSTNAME" | "SERVER" | "ADDR" | "ADDRESS" => Some(Part::Host),
        "PORT" => Some(Part::Port),
        "USER" | "USERNAME" => Some(Part::User),
        "PASSWORD" | "PASSWD" | "PASS" | "PWD" => Some(Part::Password),
        "NAME" | "DB" | "DATABASE" | "DBNAME" | "DATABASENAME" => Some(Part::Database),
        "SSLMODE" => Some(Part::SslMode),
        _ => None,
    }
}

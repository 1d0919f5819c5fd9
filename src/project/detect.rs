//! What kind of application a repository holds, and the configuration to propose for it.

use crate::domain::{
    dotenv::Document,
    mask, python,
    source::{Reader, join},
    url::{Driver, Part, UrlKind, recognise},
};
use crate::project::{
    config::{Config, ProjectConfig},
    settings::{BackendSettings, Encoding, EnvTarget, KeySpec, SchemaSettings},
};

/// A kind of application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Stack {
    /// FastAPI with SQLModel.
    FastApiSqlModel,
    /// FastAPI with SQLAlchemy alone.
    FastApiSqlAlchemy,
    /// Django.
    Django,
    /// Flask.
    Flask,
    /// Node with Prisma.
    Prisma,
    /// Node with Drizzle.
    Drizzle,
    /// Node with node-postgres.
    Node,
    /// Nothing that is known.
    #[default]
    Plain,
}

impl Stack {
    /// How it is named to a person.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::FastApiSqlModel => "FastAPI with SQLModel",
            Self::FastApiSqlAlchemy => "FastAPI with SQLAlchemy",
            Self::Django => "Django",
            Self::Flask => "Flask",
            Self::Prisma => "Node with Prisma",
            Self::Drizzle => "Node with Drizzle",
            Self::Node => "Node with node-postgres",
            Self::Plain => "no known stack",
        }
    }

    /// Whether its session module and `main.py` are looked at.
    pub(crate) const fn is_fastapi(self) -> bool {
        matches!(self, Self::FastApiSqlModel | Self::FastApiSqlAlchemy)
    }
}

/// What a repository looks like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Detected {
    /// The kind of application.
    pub stack: Stack,
    /// Its folder, relative to the root; empty for the root itself.
    pub dir: String,
    /// What to propose.
    pub config: Config,
}

/// Folders in which a backend is looked for, in this order.
const BACKENDS: &[&str] = &["backend", "server", "api", "app", ""];
/// Folders in which a front end is looked for.
const FRONTENDS: &[&str] = &["frontend", "web", "client", ""];

/// Looks at a repository.
pub(crate) fn detect(read: Reader<'_>) -> Detected {
    let found = BACKENDS
        .iter()
        .find_map(|dir| python_stack(read, dir))
        .or_else(|| {
            BACKENDS
                .iter()
                .chain(FRONTENDS)
                .find_map(|dir| node_stack(read, dir))
        });
    let (stack, dir, driver) = found.unwrap_or((Stack::Plain, "", Driver::Libpq));
    let mut config = Config {
        project: ProjectConfig::default(),
        env: vec![target(read, stack, dir, driver)],
        schema: schema(read, stack, dir),
        backend: backend(read, stack, dir),
        accepted: Vec::new(),
    };
    config.env.extend(frontend(read, dir));
    Detected {
        stack,
        dir: dir.to_owned(),
        config,
    }
}

fn python_stack(read: Reader<'_>, dir: &'static str) -> Option<(Stack, &'static str, Driver)> {
    let needs = python::Dependencies::read(read, dir);
    if needs.is_empty() && read(&join(dir, "manage.py")).is_none() {
        return None;
    }
    let stack = if needs.has("django") || read(&join(dir, "manage.py")).is_some() {
        Stack::Django
    } else if needs.has("sqlmodel") {
        Stack::FastApiSqlModel
    } else if needs.has("fastapi") {
        Stack::FastApiSqlAlchemy
    } else if needs.has("flask") {
        Stack::Flask
    } else {
        return None;
    };
    let driver = if stack == Stack::Django {
        Driver::Django
    } else {
        needs.driver()
    };
    Some((stack, dir, driver))
}

fn node_stack(read: Reader<'_>, dir: &'static str) -> Option<(Stack, &'static str, Driver)> {
    let text = read(&join(dir, "package.json"))?;
    let package: serde_json::Value = serde_json::from_str(&text).ok()?;
    let has = |name: &str| {
        ["dependencies", "devDependencies"].iter().any(|table| {
            package
                .get(table)
                .is_some_and(|table| table.get(name).is_some())
        })
    };
    if has("prisma") || has("@prisma/client") {
        Some((Stack::Prisma, dir, Driver::Prisma))
    } else if has("drizzle-orm") {
        Some((Stack::Drizzle, dir, Driver::Drizzle))
    } else if has("pg") || has("postgres") || has("@neondatabase/serverless") {
        Some((Stack::Node, dir, Driver::NodePostgres))
    } else {
        None
    }
}

/// The env file of the backend.
fn target(read: Reader<'_>, stack: Stack, dir: &str, driver: Driver) -> EnvTarget {
    let example = [".env.example", ".env.sample", ".env.template"]
        .iter()
        .map(|name| join(dir, name))
        .find_map(|path| Some((read(&path)?, path)));
    let mut keys = example
        .as_ref()
        .map(|(text, _)| keys_of(text, stack, driver))
        .unwrap_or_default();
    // an application that takes the connection apart needs no URL beside the parts; Prisma's schema and our session module do
    let apart = !stack.is_fastapi() && stack != Stack::Prisma;
    let is_url = |spec: &KeySpec| match spec {
        KeySpec::Url { .. } => true,
        KeySpec::Part { part, .. } => apart && *part == Part::Host,
        KeySpec::Generate { .. } | KeySpec::SameAs(_) | KeySpec::Literal(_) => false,
    };
    if !keys.iter().any(|(_, spec)| is_url(spec)) {
        keys.insert(
            0,
            (
                "DATABASE_URL".to_owned(),
                url_spec("DATABASE_URL", stack, driver),
            ),
        );
        if stack == Stack::Prisma {
            keys.insert(
                1,
                (
                    "DIRECT_URL".to_owned(),
                    url_spec("DIRECT_URL", stack, driver),
                ),
            );
        }
    }
    if example.is_none() && stack.is_fastapi() {
        let literal = |text: &str| KeySpec::Literal(text.to_owned());
        keys.push(("JWT_SECRET".to_owned(), HEX_32));
        keys.push(("API_HOST".to_owned(), literal("localhost")));
        keys.push(("API_PORT".to_owned(), literal("8000")));
        keys.push(("FRONTEND_URL".to_owned(), literal("http://localhost:3000")));
    }
    let example = example.map_or_else(|| join(dir, ".env.example"), |(_, path)| path);
    EnvTarget {
        file: join(dir, ".env"),
        example: Some(example),
        keys,
    }
}

const HEX_32: KeySpec = KeySpec::Generate {
    encoding: Encoding::Hex,
    bytes: 32,
};

/// Prisma migrates over the direct URL and queries over the pooled one; everything else goes straight to the compute.
fn url_spec(key: &str, stack: Stack, driver: Driver) -> KeySpec {
    let pooled = (stack == Stack::Prisma && !key.starts_with("DIRECT"))
        || key.to_ascii_uppercase().contains("POOL");
    KeySpec::Url {
        kind: if pooled {
            UrlKind::Pooled
        } else {
            UrlKind::Direct
        },
        driver,
    }
}

/// The part of a connection that a key holds, where the example has at least the host and the password beside it.
///
/// libpq's own names are taken as they are; the common `DB_HOST` and `POSTGRES_HOST` only as a set, and not with the usual port of another server.
fn part_of(document: &Document, key: &str) -> Option<Part> {
    if let Some(part) = Part::of_variable(key) {
        return Some(part);
    }
    let named = |key: &str| {
        let (prefix, rest) = key.split_once('_')?;
        let part = match rest {
            "HOST" => Part::Host,
            "PORT" => Part::Port,
            "USER" | "USERNAME" => Part::User,
            "PASSWORD" | "PASS" => Part::Password,
            "NAME" | "DB" | "DATABASE" => Part::Database,
            "SSLMODE" => Part::SslMode,
            _ => return None,
        };
        matches!(prefix, "DB" | "DATABASE" | "POSTGRES").then(|| (prefix.to_owned(), part))
    };
    let (prefix, part) = named(key)?;
    let beside = |wanted: Part| {
        document
            .entries()
            .find(|entry| named(&entry.key) == Some((prefix.clone(), wanted)))
    };
    let mysql = beside(Part::Port).is_some_and(|port| port.value.expose() == "3306");
    (beside(Part::Host).is_some() && beside(Part::Password).is_some() && !mysql).then_some(part)
}

/// The keys that an example documents, as far as it tells what they hold.
fn keys_of(example: &str, stack: Stack, driver: Driver) -> Vec<(String, KeySpec)> {
    let document = Document::parse(example.as_bytes());
    let mut keys: Vec<(String, KeySpec)> = Vec::new();
    for entry in document.entries() {
        let (key, value) = (&entry.key, entry.value.expose());
        if keys.iter().any(|(known, _)| known == key)
            || !crate::domain::dotenv::is_portable_key(key)
        {
            continue;
        }
        let upper = key.to_ascii_uppercase();
        let spec = if upper.ends_with("DATABASE_URL")
            || matches!(
                upper.as_str(),
                "DIRECT_URL" | "POSTGRES_URL" | "PG_URL" | "DB_URL"
            )
            || recognise(value).is_some()
        {
            url_spec(key, stack, driver)
        } else if let Some(part) = part_of(&document, key) {
            KeySpec::Part {
                kind: UrlKind::Direct,
                part,
            }
        } else if upper.contains("SECRET")
            && !upper.contains("CLIENT")
            && !upper.contains("AWS")
            && !upper.contains("WEBHOOK")
        {
            HEX_32
        } else if value.is_empty()
            || mask::is_secret_key(key)
            || mask::looks_like_placeholder(value)
        {
            // somebody else's key: nobody here can make it up
            continue;
        } else {
            KeySpec::Literal(value.to_owned())
        };
        keys.push((key.clone(), spec));
    }
    keys
}

fn schema(read: Reader<'_>, stack: Stack, dir: &str) -> Option<SchemaSettings> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let any = |files: &[&str]| files.iter().any(|file| read(&join(dir, file)).is_some());
    let command = if stack == Stack::Django {
        words("python manage.py migrate")
    } else if stack == Stack::Prisma && any(&["prisma/schema.prisma"]) {
        words("npx --no-install prisma migrate deploy")
    } else if stack == Stack::Drizzle && any(&["drizzle.config.ts", "drizzle.config.js"]) {
        words("npx --no-install drizzle-kit migrate")
    } else if any(&["alembic.ini"]) {
        words("alembic upgrade head")
    } else {
        Vec::new()
    };
    if !command.is_empty() {
        return Some(SchemaSettings {
            command,
            ..SchemaSettings::default()
        });
    }
    let file = ["schema.sql", "db/schema.sql", "sql/schema.sql"]
        .iter()
        .map(|file| join(dir, file))
        .chain([
            "schema.sql".to_owned(),
            "assets/schema.sql".to_owned(),
            "db/schema.sql".to_owned(),
        ])
        .find(|path| read(path).is_some())?;
    Some(SchemaSettings {
        files: vec![file],
        ..SchemaSettings::default()
    })
}

fn backend(read: Reader<'_>, stack: Stack, dir: &str) -> Option<BackendSettings> {
    let words = |text: String| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let (start, health, expect) = match stack {
        Stack::FastApiSqlModel | Stack::FastApiSqlAlchemy => {
            let app = python::find_app(read, dir)?;
            (
                words(format!(
                    "python -m uvicorn {}:{} --port 8000",
                    app.module, app.variable
                )),
                Some("http://localhost:8000/health".to_owned()),
                vec![pair("status", "healthy"), pair("database", "connected")],
            )
        }
        Stack::Django => (
            words("python manage.py runserver 8000 --noreload".to_owned()),
            None,
            Vec::new(),
        ),
        Stack::Flask => (
            words("python -m flask run --port 8000".to_owned()),
            None,
            Vec::new(),
        ),
        Stack::Prisma | Stack::Drizzle | Stack::Node | Stack::Plain => return None,
    };
    Some(BackendSettings {
        dir: dir.to_owned(),
        start,
        health,
        expect,
    })
}

/// The env file of a front end beside the backend.
fn frontend(read: Reader<'_>, backend: &str) -> Option<EnvTarget> {
    let dir = FRONTENDS
        .iter()
        .filter(|dir| !dir.is_empty() && **dir != backend)
        .find(|dir| {
            read(&join(dir, "package.json")).is_some_and(|text| text.contains("\"next\""))
        })?;
    Some(EnvTarget {
        file: join(dir, ".env.local"),
        example: None,
        keys: vec![(
            "NEXT_PUBLIC_API_URL".to_owned(),
            KeySpec::Literal("http://localhost:8000".to_owned()),
        )],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::sample;

    fn with<'a>(files: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |path| {
            files
                .iter()
                .find(|(name, _)| *name == path)
                .map(|(_, text)| (*text).to_owned())
        }
    }

    #[test]
    fn the_sample_is_detected_as_its_own_configuration_says() {
        let found = detect(&with(sample::FILES));
        assert_eq!(found.stack, Stack::FastApiSqlModel);
        let text = sample::FILES
            .iter()
            .find(|(name, _)| *name == "neonup.toml")
            .unwrap()
            .1;
        let written = Config::parse(text).unwrap();
        assert_eq!(found.config.env, written.env);
        assert_eq!(found.config.backend, written.backend);
        assert_eq!(
            found.config.schema.unwrap().files,
            written.schema.unwrap().files
        );
    }

    #[test]
    fn stacks_are_told_apart() {
        let package = |name: &str| format!("{{\"dependencies\":{{\"{name}\":\"1\"}}}}");
        let (prisma, drizzle, pg) = (
            package("@prisma/client"),
            package("drizzle-orm"),
            package("pg"),
        );
        for (files, stack, driver, file) in [
            (
                vec![("requirements.txt", "Django>=5\npsycopg[binary]")],
                Stack::Django,
                Driver::Django,
                ".env",
            ),
            (
                vec![("api/requirements.txt", "flask\npsycopg2-binary")],
                Stack::Flask,
                Driver::Psycopg2,
                "api/.env",
            ),
            (
                vec![(
                    "pyproject.toml",
                    "[project]\ndependencies = [\"fastapi\", \"sqlalchemy[asyncio]\", \"asyncpg\"]\n",
                )],
                Stack::FastApiSqlAlchemy,
                Driver::Asyncpg,
                ".env",
            ),
            (
                vec![("package.json", prisma.as_str())],
                Stack::Prisma,
                Driver::Prisma,
                ".env",
            ),
            (
                vec![("server/package.json", drizzle.as_str())],
                Stack::Drizzle,
                Driver::Drizzle,
                "server/.env",
            ),
            (
                vec![("package.json", pg.as_str())],
                Stack::Node,
                Driver::NodePostgres,
                ".env",
            ),
            (vec![], Stack::Plain, Driver::Libpq, ".env"),
        ] {
            let found = detect(&with(&files));
            assert_eq!(found.stack, stack);
            assert_eq!(found.config.env[0].file, file, "{stack:?}");
            let KeySpec::Url {
                driver: written, ..
            } = found.config.env[0].keys[0].1
            else {
                panic!("{stack:?}")
            };
            assert_eq!(written, driver, "{stack:?}");
        }
    }

    #[test]
    fn split_keys_are_detected_where_the_example_has_them() {
        let node = ("package.json", "{\"dependencies\":{\"pg\":\"8\"}}");
        let kinds = |example: &str, manifest: (&str, &str)| {
            let files = [manifest, (".env.example", example)];
            let keys = detect(&with(&files)).config.env.swap_remove(0).keys;
            keys.iter()
                .map(|(key, spec)| match spec {
                    KeySpec::Part { part, .. } => format!("{key}={}", part.name()),
                    KeySpec::Url { .. } => format!("{key}=url"),
                    KeySpec::Literal(_) => format!("{key}=text"),
                    KeySpec::Generate { .. } | KeySpec::SameAs(_) => panic!("{key}"),
                })
                .collect::<Vec<_>>()
                .join(" ")
        };
        let split = "DB_HOST=localhost\nDB_PORT=5432\nDB_USER=\nDB_PASS=\nDB_NAME=app\nPORT=3000\n";
        assert_eq!(
            kinds(split, node),
            "DB_HOST=host DB_PORT=port DB_USER=user DB_PASS=password DB_NAME=database PORT=text"
        );
        // our session module reads a URL, whatever else the example has
        let fastapi = kinds(split, ("requirements.txt", "fastapi\nsqlmodel"));
        assert!(
            fastapi.starts_with("DATABASE_URL=url DB_HOST=host"),
            "{fastapi}"
        );
        // a name alone, or another kind of server, is no connection to Postgres
        assert_eq!(
            kinds("DB_NAME=app\n", node),
            "DATABASE_URL=url DB_NAME=text"
        );
        assert_eq!(
            kinds("DB_HOST=localhost\nDB_PORT=3306\nDB_PASSWORD=\n", node),
            "DATABASE_URL=url DB_HOST=text DB_PORT=text"
        );
    }

    #[test]
    fn an_example_tells_the_keys() {
        let example = "POSTGRES_URL=postgres://x\nAUTH_SECRET=\nSTRIPE_API_KEY=sk_test_\nPORT=9000\nNAME=your-name\n";
        let files = [
            ("requirements.txt", "fastapi\nsqlmodel"),
            (".env.example", example),
        ];
        let found = detect(&with(&files));
        let keys: Vec<_> = found.config.env[0]
            .keys
            .iter()
            .map(|(key, _)| key.as_str())
            .collect();
        assert_eq!(keys, ["POSTGRES_URL", "AUTH_SECRET", "PORT"]);
    }
}

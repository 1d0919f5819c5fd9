//! What kind of application a repository holds, and the configuration to propose for it.
//!
//! # Adding a stack
//!
//! It takes one new file, and a `mod` line, a row and a test case in this one. With Rails as the example:
//!
//! 1. Write `detect/rails.rs` with one pure function, `pub(super) fn propose(read: Reader<'_>, dir: &str) -> Option<Proposal>`.
//!    It is asked about one folder at a time and reads files through `read` alone, at `join(dir, "Gemfile")` (both are in
//!    `domain/source.rs`). It returns `None` unless the Gemfile asks for both gems, `rails` and `pg`. Python and Node have readers
//!    of their manifests (`domain/python/dependencies.rs`, `detect/package.rs`); for a Gemfile write a small one in `rails.rs`.
//! 2. What is recognized becomes a [`Proposal`] that begins with [`Proposal::new`] and sets what differs:
//!    `migrate: Some("bin/rails db:migrate")` and `backend: Some(started_by("bin/rails server --port 8000", dir))`. Both commands
//!    run in the stack's folder. How a tool is asked whether a migration is pending is in `domain/migrations`. The port is 8000 because the front end's env file
//!    expects it; the variable is `DATABASE_URL` unless the proposal names others. A stack without a health route isn't started,
//!    its command is only shown. `django.rs` is the nearest example.
//! 3. Choose the [`Driver`], which decides the form of the URL. Rails passes the URL's parameters to libpq, so it is
//!    [`Driver::Libpq`]. A library that fails on those needs a driver of its own first: a variant and a row in
//!    `domain/url/driver.rs`.
//! 4. Add `mod rails;` below, and the row `stack("Rails", rails::propose)` to the family of [`STACKS`] that looks in the same
//!    folders; a stack with other folders gets a [`StackFamily`] of its own. Rails goes above the Node family, because a Rails
//!    repository has a `package.json` too: the first family with a match wins; within a family the first folder wins, then the
//!    first row, so that an application in `backend/` beats one in the root.
//! 5. Add a case to the test `every_stack_is_recognized_with_its_driver_and_folder`, and test what is recognized and the two
//!    commands in `rails.rs`. Run `cargo test --lib project::detect`, and name the stack in the list under "What is supported" in
//!    `README.md`.
//!
//! The env file, the schema and the front end follow from the proposal (`env.rs`, `schema.rs`, `frontend.rs`), as do
//! `neonup init`, the wizard and `neonup check`.

mod django;
mod drizzle;
mod env;
mod fastapi;
mod flask;
mod frontend;
mod node_postgres;
mod package;
mod prisma;
mod proposal;
mod schema;

use std::{cell::RefCell, collections::HashMap};

pub(crate) use proposal::SessionModule;

use crate::{
    domain::{source::Reader, url::Driver},
    project::{
        config::{Config, ProjectConfig},
        detect::proposal::Proposal,
    },
};

/// A kind of application that neonup recognizes.
struct Stack {
    label: &'static str,
    propose: Propose,
}

type Propose = fn(Reader<'_>, &str) -> Option<Proposal>;

const fn stack(label: &'static str, propose: Propose) -> Stack {
    Stack { label, propose }
}

/// Stacks that are looked for in the same folders.
struct StackFamily {
    folders: &'static [&'static str],
    stacks: &'static [Stack],
}

const BACKENDS: &[&str] = &["backend", "server", "api", "app", ""];
const FRONTENDS: &[&str] = &["frontend", "web", "client", ""];
const NODE: &[&str] = &[
    "backend", "server", "api", "app", "", "frontend", "web", "client",
];

/// Every stack, in the order of looking.
const STACKS: &[StackFamily] = &[
    StackFamily {
        folders: BACKENDS,
        stacks: &[
            stack("Django", django::propose),
            stack("FastAPI with SQLModel", fastapi::with_sqlmodel),
            stack("FastAPI with SQLAlchemy", fastapi::with_sqlalchemy),
            stack("Flask", flask::propose),
        ],
    },
    StackFamily {
        folders: NODE,
        stacks: &[
            stack("Node with Prisma", prisma::propose),
            stack("Node with Drizzle", drizzle::propose),
            stack("Node with node-postgres", node_postgres::propose),
        ],
    },
];

/// What a repository looks like.
#[derive(Debug)]
pub(crate) struct Detected {
    /// The name of the stack, for a person.
    pub stack: &'static str,
    /// Whether the stack is known, or a committed example documents the connection: else which file the application reads is only
    /// a guess.
    pub recognized: bool,
    /// The session module that neonup writes and checks; `None` where it leaves the code alone.
    pub session: Option<SessionModule>,
    /// What to propose.
    pub config: Config,
}

/// Detects the stack of a repository and proposes a configuration for it.
pub(crate) fn detect(read: Reader<'_>) -> Detected {
    // every stack asks for much the same files
    let texts = RefCell::new(HashMap::new());
    let read: Reader<'_> = &|path: &str| {
        let mut texts = texts.borrow_mut();
        let text = texts.entry(path.to_owned()).or_insert_with(|| read(path));
        text.clone()
    };
    let found = STACKS.iter().find_map(|family| recognize(read, family));
    let known = found.is_some();
    let (stack, dir, proposal) =
        found.unwrap_or_else(|| ("no known stack", "", Proposal::new(Driver::Libpq)));
    let recognized = known || env::is_documented(read, dir, &proposal);
    let mut target = env::target(read, dir, &proposal);
    if !recognized {
        // one that we write would document a guess, and pass for the project's own word the next time
        target.example = None;
    }
    let mut env = vec![target];
    env.extend(frontend::target(read, FRONTENDS, dir));
    Detected {
        stack,
        recognized,
        session: proposal.session,
        config: Config {
            project: ProjectConfig::default(),
            env,
            schema: schema::schema(read, dir, &proposal),
            backend: proposal.backend,
            accepted: Vec::new(),
            skips: Vec::new(),
        },
    }
}

/// The label, the folder and the proposal of the family's first match.
fn recognize(
    read: Reader<'_>,
    family: &StackFamily,
) -> Option<(&'static str, &'static str, Proposal)> {
    family.folders.iter().find_map(|dir| {
        let found = |stack: &Stack| Some((stack.label, *dir, (stack.propose)(read, dir)?));
        family.stacks.iter().find_map(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::url::Driver,
        project::{sample, settings::KeySpec},
    };

    fn with<'a>(files: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |path| {
            files
                .iter()
                .find(|(name, _)| *name == path)
                .map(|(_, text)| (*text).to_owned())
        }
    }

    #[test]
    fn the_sample_is_detected_as_its_own_configuration() {
        let found = detect(&with(sample::FILES));
        assert_eq!(found.stack, "FastAPI with SQLModel");
        assert_eq!(found.session, Some(SessionModule::SqlModel));
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
    fn every_stack_is_recognized_with_its_driver_and_folder() {
        let package = |name: &str| format!("{{\"dependencies\":{{\"{name}\":\"1\"}}}}");
        let (prisma, drizzle, pg) = (
            package("@prisma/client"),
            package("drizzle-orm"),
            package("pg"),
        );
        for (files, stack, driver, file) in [
            (
                vec![("requirements.txt", "Django>=5\npsycopg[binary]")],
                "Django",
                Driver::Django,
                ".env",
            ),
            (
                vec![("api/requirements.txt", "flask\npsycopg2-binary")],
                "Flask",
                Driver::Psycopg2,
                "api/.env",
            ),
            (
                vec![(
                    "pyproject.toml",
                    "[project]\ndependencies = [\"fastapi\", \"sqlalchemy[asyncio]\", \"asyncpg\"]\n",
                )],
                "FastAPI with SQLAlchemy",
                Driver::Asyncpg,
                ".env",
            ),
            (
                vec![("package.json", prisma.as_str())],
                "Node with Prisma",
                Driver::Prisma,
                ".env",
            ),
            (
                vec![("server/package.json", drizzle.as_str())],
                "Node with Drizzle",
                Driver::Drizzle,
                "server/.env",
            ),
            (
                vec![("package.json", pg.as_str())],
                "Node with node-postgres",
                Driver::NodePostgres,
                ".env",
            ),
            (vec![], "no known stack", Driver::Libpq, ".env"),
        ] {
            let found = detect(&with(&files));
            assert_eq!(found.stack, stack);
            assert_eq!(found.config.env[0].file, file, "{stack}");
            let KeySpec::Url {
                driver: written, ..
            } = found.config.env[0].keys[0].1
            else {
                panic!("{stack}")
            };
            assert_eq!(written, driver, "{stack}");
        }
    }

    #[test]
    fn migrations_run_where_their_tool_is() {
        let manage = "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'a'\n";
        let prisma = "{\"dependencies\":{\"prisma\":\"6\"}}";
        for (files, command, dir) in [
            (
                vec![
                    ("web/package.json", prisma),
                    ("web/prisma/schema.prisma", ""),
                ],
                "npx --no-install prisma migrate deploy",
                Some("web"),
            ),
            (
                vec![("package.json", prisma), ("prisma/schema.prisma", "")],
                "npx --no-install prisma migrate deploy",
                None,
            ),
            (
                vec![("api/requirements.txt", "flask"), ("api/alembic.ini", "")],
                "alembic upgrade head",
                None,
            ),
            (
                vec![("api/requirements.txt", "flask"), ("alembic.ini", "")],
                "alembic upgrade head",
                Some(""),
            ),
            (
                vec![("db/alembic.ini", "")],
                "alembic upgrade head",
                Some("db"),
            ),
            (
                vec![
                    ("requirements.txt", "Flask-Migrate\nflask"),
                    ("migrations/env.py", ""),
                    ("migrations/alembic.ini", ""),
                ],
                "python -m flask db upgrade",
                None,
            ),
            (
                vec![("api/manage.py", manage)],
                "python manage.py migrate",
                None,
            ),
            (
                vec![("requirements.txt", "django")],
                "python manage.py migrate",
                None,
            ),
            (
                vec![("requirements.txt", "django"), ("src/manage.py", manage)],
                "python manage.py migrate",
                None,
            ),
            (
                vec![
                    (
                        "web/package.json",
                        "{\"dependencies\":{\"pg\":\"8\"},\"scripts\":{\"db:migrate\":\"node x.js\"}}",
                    ),
                    ("web/pnpm-lock.yaml", ""),
                ],
                "pnpm run db:migrate",
                Some("web"),
            ),
            // a script of the project's own, whatever it is called, and one of a project without a database
            (
                vec![("requirements.txt", "flask"), ("manage.py", "import sys\n")],
                "",
                None,
            ),
            (
                vec![
                    ("requirements.txt", "django"),
                    ("manage.py", "import sys\n"),
                ],
                "",
                None,
            ),
            (
                vec![(
                    "package.json",
                    "{\"dependencies\":{\"react\":\"8\"},\"scripts\":{\"migrate\":\"node x.js\"}}",
                )],
                "",
                None,
            ),
        ] {
            let schema = detect(&with(&files)).config.schema.unwrap_or_default();
            assert_eq!(schema.command.join(" "), command, "{files:?}");
            assert_eq!(schema.dir.as_deref(), dir, "{files:?}");
        }
    }

    #[test]
    fn connections_in_parts_are_detected_from_the_example() {
        let node = ("package.json", "{\"dependencies\":{\"pg\":\"8\"}}");
        let kinds = |example: &str, manifest: (&str, &str)| {
            let files = [manifest, (".env.example", example)];
            let keys = detect(&with(&files)).config.env.swap_remove(0).keys;
            keys.iter()
                .map(|(key, spec)| match spec {
                    KeySpec::Part { part, .. } => format!("{key}={}", part.name()),
                    KeySpec::Url { .. } => format!("{key}=url"),
                    KeySpec::Literal(_) => format!("{key}=text"),
                    KeySpec::Generate { .. } | KeySpec::SameAs(_) | KeySpec::ByHand => {
                        panic!("{key}")
                    }
                })
                .collect::<Vec<_>>()
                .join(" ")
        };
        let split = "DB_HOST=localhost\nDB_PORT=5432\nDB_USER=\nDB_PASS=\nDB_NAME=app\nPORT=3000\n";
        assert_eq!(
            kinds(split, node),
            "DB_HOST=host DB_PORT=port DB_USER=user DB_PASS=password DB_NAME=database PORT=text"
        );
        // our session module needs a URL even beside the parts
        let fastapi = kinds(split, ("requirements.txt", "fastapi\nsqlmodel"));
        assert!(
            fastapi.starts_with("DATABASE_URL=url DB_HOST=host"),
            "{fastapi}"
        );
        // a name alone or another kind of server isn't a connection to Postgres
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
    fn keys_come_from_the_example() {
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

//! What kind of application a repository holds, and the configuration to propose for it.
//!
//! [`Tree`] holds the names of the repository's files. Every folder with a manifest is asked by every [`Stack`] whether it holds such an
//! application ([`candidates`]); of those the one that a person means is proposed, with what its code says ([`code`]): the env file
//! that it reads ([`env_file`]), its keys ([`env`]), where its tables come from ([`schema`]) and how it starts.
//!
//! # Adding a stack
//!
//! It takes a function, a row of [`STACKS`] and a repository in `tests/corpus`. With Rails as the example:
//!
//! 1. Write `pub(super) fn propose(tree: &Tree<'_>, dir: &str) -> Option<Proposal>`, in a file of its own or in `other_languages.rs`.
//!    It is asked about one folder at a time, and returns `None` unless the Gemfile asks for both gems, `rails` and `pg`. A new kind
//!    of manifest is named in `manifests.rs`. Python and Node have readers of theirs (`domain/python/dependencies.rs`, `package.rs`).
//! 2. What is recognized becomes a [`Proposal`] that begins with [`Proposal::new`] and sets what differs: `migrate` and `backend`. Both
//!    commands run in the stack's folder. How a tool is asked whether a migration is pending is in `domain/migrations`.
//! 3. Choose the [`Driver`](crate::domain::url::Driver), which decides the form of the URL. A library that fails on the usual
//!    parameters needs a driver of its own first: a variant and a row in `domain/url/driver.rs`.
//! 4. Add the row to the family of its language. The first family with a match wins, within a family the usual folders in their
//!    order, then the shallowest, and of several stacks in one folder the first row.
//! 5. Write a small repository in `tests/corpus` with the proposal that it should get.

mod candidates;
mod code;
mod django;
mod drizzle;
mod env;
mod env_file;
mod fastapi;
mod flask;
mod frontend;
mod manifests;
mod node_postgres;
mod other_languages;
mod package;
mod prisma;
mod proposal;
mod python;
mod schema;
mod stack;
mod stacks;
mod start;
mod tree;

pub(crate) use {proposal::SessionModule, tree::Tree};

use crate::{
    domain::{
        reading::{Reading, Spot},
        source::{Reader, join},
    },
    project::{
        config::{Config, ProjectConfig},
        detect::{
            candidates::Candidate, manifests::Language, proposal::Proposal,
            tree::with_folders_above,
        },
        settings::{BackendSettings, EnvBasis, EnvTarget, Evidence},
    },
};

/// Where a front end usually lies.
const FRONTENDS: &[&str] = &["frontend", "web", "client", ""];

/// What a repository looks like.
#[derive(Debug)]
pub(crate) struct Detected {
    /// The name of the stack, for a person.
    pub stack: &'static str,
    /// The folder of the application, relative to the root; empty for the root itself.
    pub dir: String,
    /// Whether the stack is known, or a committed example documents the connection: else which file the application reads is only
    /// a guess.
    pub recognized: bool,
    /// The database that it uses in place of Postgres, with where that stands.
    pub other_server: Option<(&'static str, Spot)>,
    /// Other applications that use a database: their folders and stacks.
    pub others: Vec<(String, &'static str)>,
    /// Where each of the proposed values was seen.
    pub evidence: Vec<Evidence>,
    /// What to propose.
    pub config: Config,
}

impl Detected {
    /// What its env files are known from.
    pub(crate) fn env_basis(&self) -> EnvBasis {
        match &self.other_server {
            Some((server, at)) => EnvBasis::OtherServer {
                server,
                at: at.clone(),
            },
            None if self.recognized => EnvBasis::Known,
            None => EnvBasis::Guess,
        }
    }
}

/// Detects the applications of a repository and proposes a configuration for one of them: one at or below the folder `focus`, where a
/// person stands, else the one that it belongs to, else the one of the repository.
pub(crate) fn detect(tree: &Tree<'_>, focus: &str) -> Detected {
    let mut found = candidates::all(tree, focus);
    let first = (!found.is_empty()).then(|| found.remove(0));
    let known = first.is_some();
    let Candidate {
        dir,
        stack,
        proposal,
        ..
    } = first.unwrap_or_else(|| Candidate::unknown(focus));
    let reading = if known {
        code::read(tree, &dir, proposal.language)
    } else {
        code::read_all(tree, &dir)
    };
    let other_server = code::other_server(&reading);
    let found_env = env::target(tree, &dir, &proposal, &reading);
    // where the code is not read, the example alone can show that there is an env file
    let recognized = found_env.is_shown || (known && proposal.language.is_some());
    let mut evidence = vec![Evidence {
        what: stack.to_owned(),
        seen: tree.manifest_of(&dir, proposal.language),
    }];
    evidence.extend(found_env.evidence);
    let mut target = found_env.target;
    if target.example.is_none() && recognized {
        target.example = Some(join(env_file::folder_of(&target.file), ".env.example"));
    }
    if !recognized {
        // one that we write would document a guess, and pass for the project's own word the next time
        target.example = None;
    }
    let mut env = vec![target];
    env.extend(frontend::target(tree, FRONTENDS, &dir));
    let others = beside(tree, &dir, &proposal, found, &mut env);
    if other_server.is_some() {
        env.clear();
    }
    let schema = schema::schema(tree, &dir, &proposal).map(|found| {
        evidence.push(Evidence {
            what: "schema".to_owned(),
            seen: found.seen,
        });
        found.settings
    });
    let backend = backend(tree, &dir, proposal, &reading, &mut evidence);
    Detected {
        stack,
        recognized,
        evidence,
        other_server,
        others,
        config: Config {
            project: ProjectConfig::default(),
            env,
            schema,
            backend,
            accepted: Vec::new(),
            skips: Vec::new(),
        },
        dir,
    }
}

/// How the application is started, and where it is asked: what its own code promises, else what the project says of it. Nothing is
/// expected that neither says.
fn backend(
    tree: &Tree<'_>,
    dir: &str,
    proposal: Proposal,
    reading: &Reading,
    evidence: &mut Vec<Evidence>,
) -> Option<BackendSettings> {
    let read: Reader<'_> = &|path| tree.read(path);
    let start = proposal
        .start
        .or_else(|| start::declared_start(read, dir))?;
    let port = start.port;
    let asked = start::health(read, dir, &reading.routes);
    evidence.push(Evidence {
        what: "start".to_owned(),
        seen: start.seen.clone(),
    });
    let path = proposal.promised.as_ref().map(|(path, _)| path);
    if path.is_some() || asked.is_some() {
        let route = |path: &String| reading.routes.iter().find(|route| route.path == *path);
        let seen = path.and_then(route).map(|route| route.at.clone());
        evidence.push(Evidence {
            what: "health".to_owned(),
            seen: seen.or_else(|| asked.as_ref().map(|asked| asked.seen.clone())),
        });
    }
    let backend = start.backend(asked.as_ref());
    Some(match proposal.promised {
        Some((path, expect)) => BackendSettings {
            health: Some(format!("http://localhost:{port}{path}")),
            expect,
            ..backend
        },
        None => backend,
    })
}

/// Adds the env files of the applications that share a workspace, and with it the database, and gives those that do not.
fn beside(
    tree: &Tree<'_>,
    dir: &str,
    proposal: &Proposal,
    others: Vec<Candidate>,
    env: &mut Vec<EnvTarget>,
) -> Vec<(String, &'static str)> {
    let workspace = package::workspace_root(tree, dir)
        .filter(|_| proposal.language == Some(Language::JavaScript));
    let mut left = Vec::new();
    for other in others {
        let shares = other.proposal.language == proposal.language
            && workspace.is_some_and(|root| tree::is_below(&other.dir, root));
        if !shares {
            left.push((other.dir, other.stack));
            continue;
        }
        let reading = code::read(tree, &other.dir, other.proposal.language);
        let found = env::target(tree, &other.dir, &other.proposal, &reading);
        if found.is_shown && !env.iter().any(|known| known.file == found.target.file) {
            env.push(found.target);
        }
    }
    left
}

/// The stack of the application in a folder, or of the nearest folder above it: its name, and its session module.
pub(crate) fn kind(read: Reader<'_>, dir: &str) -> (&'static str, Option<SessionModule>) {
    let tree = Tree::new(&[], read);
    with_folders_above(dir)
        .into_iter()
        .find_map(|folder| candidates::at(&tree, folder))
        .map_or((stacks::NO_STACK, None), |found| {
            (found.stack, found.proposal.session)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::url::Driver,
        project::{sample, settings::KeySpec},
    };

    fn in_folder(files: &[(&str, &str)], focus: &str) -> Detected {
        let names: Vec<_> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
        let read = |path: &str| {
            files
                .iter()
                .find(|(name, _)| *name == path)
                .map(|(_, text)| (*text).to_owned())
        };
        super::detect(&Tree::new(&names, &read), focus)
    }

    fn detect(files: &[(&str, &str)]) -> Detected {
        in_folder(files, "")
    }

    #[test]
    fn the_sample_is_detected_as_its_own_configuration() {
        let found = detect(sample::FILES);
        assert_eq!(found.stack, "FastAPI with SQLModel");
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
            let found = detect(&files);
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
                    ("web/prisma/migrations/1_a/migration.sql", ""),
                ],
                "npx --no-install prisma migrate deploy",
                Some("web"),
            ),
            (
                vec![("package.json", prisma), ("prisma/schema.prisma", "")],
                "npx --no-install prisma db push",
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
            let schema = detect(&files).config.schema.unwrap_or_default();
            assert_eq!(schema.command.join(" "), command, "{files:?}");
            assert_eq!(schema.dir.as_deref(), dir, "{files:?}");
        }
    }

    #[test]
    fn connections_in_parts_are_detected_from_the_example() {
        let node = ("package.json", "{\"dependencies\":{\"pg\":\"8\"}}");
        let kinds = |example: &str, manifest: (&str, &str)| {
            let files = [manifest, (".env.example", example)];
            let keys = detect(&files).config.env.swap_remove(0).keys;
            keys.iter()
                .map(|(key, spec)| match spec {
                    KeySpec::Part { part, .. } => format!("{key}={}", part.name()),
                    KeySpec::Url { .. } => format!("{key}=url"),
                    KeySpec::Literal(_) => format!("{key}=text"),
                    KeySpec::ByHand => format!("{key}=by hand"),
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
            "DATABASE_URL=url DB_HOST=text DB_PORT=text DB_PASSWORD=by hand"
        );
    }

    #[test]
    fn what_is_proposed_says_where_it_was_seen() {
        let files = [
            ("api/requirements.txt", "fastapi\nsqlalchemy\npsycopg\n"),
            (
                "api/.env.example",
                "# the database\nDATABASE_URL=\nJWT_SECRET=\n",
            ),
            ("api/app/__init__.py", ""),
            (
                "api/app/main.py",
                "import os\nfrom fastapi import FastAPI\nfrom sqlalchemy import create_engine\n\nengine = create_engine(os.environ[\"DATABASE_URL\"])\napp = FastAPI()\n\n@app.get(\"/healthz\")\ndef health():\n    return {}\n",
            ),
            ("api/alembic.ini", ""),
        ];
        let seen: Vec<_> = detect(&files)
            .evidence
            .into_iter()
            .map(|Evidence { what, seen }| match seen {
                None => format!("{what}: -"),
                Some(Spot { file, line }) => format!("{what}: {file}:{line}"),
            })
            .collect();
        assert_eq!(
            seen,
            [
                "FastAPI with SQLAlchemy: api/requirements.txt:0",
                "api/.env: api/.env.example:0",
                "DATABASE_URL: api/app/main.py:5",
                "JWT_SECRET: api/.env.example:3",
                "schema: api/alembic.ini:0",
                "start: api/app/main.py:6",
                "health: api/app/main.py:8",
            ]
        );
    }

    #[test]
    fn an_application_is_found_where_a_person_stands() {
        let flask = ("services/billing/requirements.txt", "flask\npsycopg2\n");
        let fastapi = ("services/api/requirements.txt", "fastapi\nsqlmodel\n");
        let files = [fastapi, flask];
        for (focus, dir, others) in [
            ("", "services/api", 1),
            ("services", "services/api", 1),
            ("services/billing", "services/billing", 0),
            ("services/billing/tests", "services/billing", 0),
            // what lies elsewhere says nothing of this folder, but of the repository
            ("docs", "services/api", 1),
        ] {
            let found = in_folder(&files, focus);
            assert_eq!(
                (found.dir.as_str(), found.others.len()),
                (dir, others),
                "{focus}"
            );
        }
    }

    #[test]
    fn another_database_is_no_postgres() {
        let schema = "datasource db {\n  provider = \"mysql\"\n  url = env(\"DATABASE_URL\")\n}\n";
        let files = [
            (
                "package.json",
                "{\"dependencies\":{\"@prisma/client\":\"6\"}}",
            ),
            ("prisma/schema.prisma", schema),
        ];
        let found = detect(&files);
        let (server, at) = found.other_server.unwrap();
        assert_eq!(
            (server, at.file.as_str(), at.line),
            ("MySQL", "prisma/schema.prisma", 3)
        );
        assert!(found.config.env.is_empty());
    }

    #[test]
    fn keys_come_from_the_example() {
        let example = "POSTGRES_URL=postgres://x\nAUTH_SECRET=\nSTRIPE_API_KEY=sk_test_\nPORT=9000\nNAME=your-name\n";
        let files = [
            ("requirements.txt", "fastapi\nsqlmodel"),
            (".env.example", example),
        ];
        let found = detect(&files);
        let keys: Vec<_> = found.config.env[0]
            .keys
            .iter()
            .map(|(key, _)| key.as_str())
            .collect();
        assert_eq!(
            keys,
            ["POSTGRES_URL", "AUTH_SECRET", "STRIPE_API_KEY", "PORT"]
        );
    }
}

//! The keys of an application's env file: what its code reads and its committed example documents.

use std::collections::BTreeSet;

use crate::{
    domain::{
        dotenv::{Document, is_portable_key},
        key_purpose::{self, KeyPurpose, purpose, purposes},
        python::{self, Dependencies},
        reading::{DatabaseKind, DatabaseOpening, Reading, Spot},
        sensitive,
        url::{Driver, Part, UrlKind},
    },
    project::{
        detect::{
            code,
            env_file::{EnvPlace, place},
            manifests::Language,
            proposal::{Proposal, RANDOM_SECRET},
            tree::Tree,
        },
        settings::{EnvTarget, Evidence, KeySpec},
    },
};

/// How many keys of an env file are proposed. The longest examples of open projects have some 500.
const KEYS_LIMIT: usize = 1000;

/// The env file that is proposed, and whether anything shows that the application reads its connection from there.
pub(super) struct ProposedEnvFile {
    pub target: EnvTarget,
    pub is_shown: bool,
    /// Where the file and its keys were seen.
    pub evidence: Vec<Evidence>,
}

/// The env file of the application in a folder.
pub(super) fn target(
    tree: &Tree<'_>,
    dir: &str,
    proposal: &Proposal,
    reading: &Reading,
) -> ProposedEnvFile {
    let EnvPlace { file, example } = place(tree, dir, reading);
    let text = example.as_deref().and_then(|path| tree.read(path));
    let document = Document::parse(text.as_deref().unwrap_or_default().as_bytes());
    let dependencies = (proposal.language == Some(Language::Python)).then(|| {
        let mut found = Dependencies::nearest(&|path| tree.read(path), dir);
        for library in code::libraries(tree, dir) {
            found.join(Dependencies::read(&|path| tree.read(path), library));
        }
        found
    });
    let keys = Keys {
        document: &document,
        proposal,
        reading,
        only: only(reading, &file),
        dependencies: dependencies.as_ref(),
    };
    let mut wanted = keys.all();
    wanted.extend(keys.host(&wanted));
    wanted.extend(keys.tls(&wanted));
    // an application that puts its address together itself wants no other one
    let in_parts = keys.ours().any(|opening| !opening.parts.is_empty());
    let needs_url = proposal.needs_url && !in_parts;
    let is_shown = wanted.iter().any(|(_, spec)| connects(spec, needs_url));
    if !is_shown {
        let urls = proposal.url_keys.iter().map(|(key, kind)| {
            let driver = keys.driver(key);
            (
                key.clone(),
                KeySpec::Url {
                    kind: *kind,
                    driver,
                },
            )
        });
        wanted.splice(0..0, urls);
    }
    let of_file = reading
        .files
        .iter()
        .find(|read| read.path == file)
        .map(|read| read.at.clone());
    let whole = |file: &String| Spot {
        file: file.clone(),
        line: 0,
    };
    let mut evidence = vec![Evidence {
        what: file.clone(),
        env_file: None,
        seen: of_file.or_else(|| example.as_ref().map(whole)),
    }];
    for (key, _) in &wanted {
        evidence.push(Evidence {
            what: key.clone(),
            env_file: Some(file.clone()),
            seen: keys.seen(key, example.as_deref()),
        });
    }
    ProposedEnvFile {
        evidence,
        target: EnvTarget {
            file,
            example,
            keys: wanted,
        },
        is_shown,
    }
}

/// The keys that the loader of this file takes, where it refuses others.
fn only<'a>(reading: &'a Reading, file: &str) -> Option<&'a BTreeSet<String>> {
    reading
        .files
        .iter()
        .filter(|read| read.path == file)
        .find_map(|read| read.only.as_ref())
}

/// Whether a key holds the connection, or its host.
const fn connects(spec: &KeySpec, needs_url: bool) -> bool {
    match spec {
        KeySpec::Url { .. } => true,
        KeySpec::Part { part, .. } => !needs_url && matches!(part, Part::Host),
        KeySpec::Generate { .. } | KeySpec::SameAs(_) | KeySpec::Literal(_) | KeySpec::ByHand => {
            false
        }
    }
}

/// Variables that the system, the shell or the host of a deployment sets.
const SET_BY_OTHERS: &[&str] = &[
    "NODE_ENV",
    "PORT",
    "HOST",
    "HOSTNAME",
    "CI",
    "PATH",
    "HOME",
    "USER",
    "TZ",
    "PWD",
    "SHELL",
    "LANG",
    "TERM",
    "DEBUG",
    "TMPDIR",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "npm_package_version",
];

struct Keys<'a> {
    /// The example.
    document: &'a Document,
    proposal: &'a Proposal,
    reading: &'a Reading,
    only: Option<&'a BTreeSet<String>>,
    /// The packages of an application in Python.
    dependencies: Option<&'a Dependencies>,
}

impl Keys<'_> {
    /// The keys with what they hold, those of the example first.
    fn all(&self) -> Vec<(String, KeySpec)> {
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        let documented = self
            .document
            .entries()
            .map(|entry| (entry.key.as_str(), entry.value.expose()));
        let read = self.read_keys().into_iter().map(|key| (key, ""));
        for (key, value) in documented.chain(read) {
            let known = pairs.iter().any(|(known, _)| *known == key);
            if !known && is_portable_key(key) && pairs.len() < KEYS_LIMIT {
                pairs.push((key, value));
            }
        }
        purposes(&pairs)
            .iter()
            .zip(&pairs)
            .filter_map(|(purpose, (key, value))| {
                let spec = self.spec(key, value, purpose)?;
                Some(((*key).to_owned(), spec))
            })
            .collect()
    }

    /// What the code alone names, without what others set.
    fn read_keys(&self) -> Vec<&str> {
        let opened = self.ours().flat_map(|opening| {
            let parts = opening.parts.iter().map(|(key, _)| key);
            opening.keys.iter().chain(parts)
        });
        let read = self.reading.reads.iter().map(|read| &read.key);
        let taken = |key: &str| {
            self.only
                .is_none_or(|only| only.iter().any(|known| known.eq_ignore_ascii_case(key)))
        };
        opened
            .chain(read)
            .map(String::as_str)
            .filter(|key| !SET_BY_OTHERS.contains(key) && !key.starts_with("VERCEL"))
            .filter(|key| taken(key))
            .collect()
    }

    fn is_documented(&self, key: &str) -> bool {
        self.document.get(key).is_some()
    }

    /// What a setting of Django's has to be here, where a variable holds it: its back end for Postgres, and this machine's name.
    fn django_value(&self, key: &str) -> Option<&'static str> {
        let django = self
            .dependencies
            .is_some_and(|packages| packages.has("django"));
        let of_postgres = || self.ours().any(|opening| !opening.parts.is_empty());
        if !django {
            return None;
        }
        if key_purpose::names_a_kind(key) && key_purpose::is_of_database(key) {
            return (key.to_ascii_uppercase().ends_with("ENGINE") && of_postgres())
                .then_some("django.db.backends.postgresql");
        }
        matches!(key, "ALLOWED_HOSTS" | "DJANGO_ALLOWED_HOSTS").then_some("localhost")
    }

    /// Whether the code reads a variable, and has nothing in its place.
    fn is_required(&self, key: &str) -> bool {
        let mut reads = self.reading.reads.iter();
        reads.any(|read| read.key == key && read.required)
    }

    /// Whether the program fails without a variable. What is read so that the program goes on without it, as all of JavaScript does, is
    /// needed where the example asks for it, too.
    fn is_needed(&self, key: &str) -> bool {
        let python = self.proposal.language == Some(Language::Python);
        let mut reads = self.reading.reads.iter();
        let fails = reads.any(|read| read.key == key && read.required && !read.goes_on);
        self.is_required(key) && (self.is_documented(key) || (python && fails))
    }

    /// Whether a key is a secret of the application's own: its code signs with it, or it is one below the name that it gives all of its
    /// keys, `SHOP_JWT_SECRET` beside `SHOP_DATABASE_URL`.
    fn is_own_secret(&self, key: &str, value: &str) -> bool {
        if self.reading.signs.contains(key) {
            return true;
        }
        let opened = self.ours().flat_map(|opening| {
            let parts = opening.parts.iter().map(|(key, _)| key);
            opening.keys.iter().chain(parts)
        });
        opened.filter_map(|key| own_prefix(key)).any(|prefix| {
            key.strip_prefix(prefix)
                .is_some_and(|rest| purpose(rest, value) == KeyPurpose::OwnSecret)
        })
    }

    /// Where a key was seen: where it opens the database, where it is read, else in the example.
    fn seen(&self, key: &str, example: Option<&str>) -> Option<Spot> {
        let has = |opening: &&DatabaseOpening| {
            opening.keys.contains(key) || opening.parts.iter().any(|(part, _)| part == key)
        };
        let opened = self.ours().find(has).map(|opening| opening.at.clone());
        let read = || {
            let read = self.reading.reads.iter().find(|read| read.key == key)?;
            Some(read.at.clone())
        };
        let documented = || {
            Some(Spot {
                file: example?.to_owned(),
                line: self.document.all(key).next()?.line,
            })
        };
        read().or(opened).or_else(documented)
    }

    /// The databases that may be ours.
    fn ours(&self) -> impl Iterator<Item = &DatabaseOpening> {
        self.reading.opens.iter().filter(|opening| {
            matches!(
                opening.server,
                DatabaseKind::Postgres(_) | DatabaseKind::ByUrl | DatabaseKind::AsyncByUrl
            )
        })
    }

    /// The form of the URL in a key: what opens it decides.
    fn driver(&self, key: &str) -> Driver {
        let opened = || {
            self.ours()
                .filter(|opening| opening.keys.contains(key))
                .find_map(|opening| {
                    if let DatabaseKind::Postgres(driver) = opening.server {
                        Some(driver)
                    } else {
                        None
                    }
                })
        };
        let of_key = match self.dependencies {
            Some(dependencies) => python::driver_of_key(self.reading, dependencies, key),
            None => opened(),
        };
        let of_code = || {
            let dependencies = self.dependencies?;
            let opens = !self.reading.opens.is_empty();
            opens.then(|| python::driver(self.reading, dependencies))
        };
        // Java's form is read by nothing else
        let of_example = || {
            let mut entries = self.document.entries().filter(|entry| entry.key == key);
            entries
                .any(|entry| entry.value.expose().starts_with("jdbc:postgresql:"))
                .then_some(Driver::Jdbc)
        };
        of_key
            .or_else(of_example)
            .or_else(of_code)
            .unwrap_or(self.proposal.driver)
    }

    /// Whether a URL that the code reads and opens nowhere belongs to something else, by a word of its own in the name
    /// (`GEO_DATABASE_URL`, which is downloaded): another key is the application's.
    fn is_anothers(&self, key: &str) -> bool {
        let documented = |key: &str| self.document.entries().any(|entry| entry.key == key);
        let said = |key: &str| {
            self.proposal
                .url_kinds
                .iter()
                .any(|(known, _)| known == key)
        };
        let has_own = self.ours().any(|opening| !opening.keys.is_empty());
        key_purpose::is_qualified(key) && has_own && !documented(key) && !said(key)
    }

    fn url(&self, key: &str, kind: Option<UrlKind>) -> KeySpec {
        let kinds = &self.proposal.url_kinds;
        let said = kinds.iter().find(|(known, _)| known == key);
        KeySpec::Url {
            kind: said.map(|(_, kind)| *kind).or(kind).unwrap_or_default(),
            driver: self.driver(key),
        }
    }

    /// The part of the connection that the code reads from a key.
    fn opened_part(&self, key: &str) -> Option<Part> {
        self.ours()
            .flat_map(|opening| &opening.parts)
            .find_map(|(name, part)| (name == key).then_some(*part))
    }

    /// Whether a key is the one of the connection where nothing else is said.
    fn is_usual(&self, key: &str) -> bool {
        let mut usual = self.proposal.url_keys.iter();
        usual.any(|(known, _)| known == key)
    }

    /// The example's own address of another server, where anybody may use it; else it is left to a person.
    fn of_other_server(&self, key: &str, value: &str) -> Option<KeySpec> {
        if names_a_server(value) {
            return Some(KeySpec::Literal(value.to_owned()));
        }
        let has_login = value.contains('@');
        (self.is_documented(key) && (has_login || self.is_required(key))).then_some(KeySpec::ByHand)
    }

    /// Whether node-postgres opens a database: it is what an application of its stack has, where a variable names the kind.
    fn is_node_postgres(&self, opening: &DatabaseOpening) -> bool {
        opening.server == DatabaseKind::Postgres(Driver::NodePostgres)
            || opening.server == DatabaseKind::ByUrl && self.proposal.driver == Driver::NodePostgres
    }

    /// node-postgres connects to this machine where the code names no host: `PGHOST` names one.
    fn host(&self, wanted: &[(String, KeySpec)]) -> Option<(String, KeySpec)> {
        let openings = || {
            self.ours().filter(|opening| {
                self.is_node_postgres(opening)
                    && !opening.parts.is_empty()
                    && opening
                        .keys
                        .iter()
                        .all(|key| key_purpose::names_a_kind(key))
            })
        };
        let has = |wanted: Part| {
            openings().any(|opening| opening.parts.iter().any(|(_, part)| *part == wanted))
        };
        let named = wanted.iter().any(|(key, spec)| {
            key == "PGHOST"
                || matches!(
                    spec,
                    KeySpec::Part {
                        part: Part::Host,
                        ..
                    }
                )
        });
        let spec = KeySpec::Part {
            kind: UrlKind::Direct,
            part: Part::Host,
        };
        (has(Part::Database) && has(Part::User) && !has(Part::Host) && !named)
            .then(|| ("PGHOST".to_owned(), spec))
    }

    /// node-postgres asks for TLS only where it is told to, and Neon has no connection without: where the code leaves it open, `PGSSLMODE`
    /// tells it.
    fn tls(&self, wanted: &[(String, KeySpec)]) -> Option<(String, KeySpec)> {
        let in_parts = self
            .ours()
            .any(|opening| self.is_node_postgres(opening) && !opening.parts.is_empty());
        let is = |spec: &KeySpec, wanted: Part| matches!(spec, KeySpec::Part { part, .. } if *part == wanted);
        let has = |part: Part| wanted.iter().any(|(_, spec)| is(spec, part));
        let spec = KeySpec::Part {
            kind: UrlKind::Direct,
            part: Part::SslMode,
        };
        (in_parts && has(Part::Host) && !has(Part::SslMode)).then(|| ("PGSSLMODE".to_owned(), spec))
    }

    /// What a key holds; `None` where that is not known, or nothing is to be written.
    fn spec(&self, key: &str, value: &str, purpose: &KeyPurpose) -> Option<KeySpec> {
        // what tests use is emptied by them
        if is_for_tests(key) {
            return None;
        }
        let said = if let KeyPurpose::Part(_, kind) = purpose {
            *kind
        } else {
            None
        };
        let by_code = self.opened_part(key).map(|part| KeySpec::Part {
            kind: said.unwrap_or_default(),
            part,
        });
        let opened = self.ours().any(|opening| opening.keys.contains(key));
        match purpose {
            KeyPurpose::Url(_) if !opened && self.is_anothers(key) => None,
            KeyPurpose::Url(kind) => Some(self.url(key, *kind)),
            // whatever they are opened with, they are not the application's own database
            KeyPurpose::ForTests | KeyPurpose::Shadow | KeyPurpose::OtherDatabase => None,
            // an example of another time, or a file for a first try: what opens it is asked for the form of the URL
            KeyPurpose::OtherServer(_) if opened => Some(self.url(key, None)),
            KeyPurpose::OtherServer(_) if self.is_usual(key) => None,
            KeyPurpose::OtherServer(_) => self.of_other_server(key, value),
            _ if by_code.is_some() => by_code,
            // an opener that is given a dialect beside the address
            _ if opened && !key_purpose::names_a_kind(key) => Some(self.url(key, None)),
            // Knex, Sequelize and TypeORM know Postgres by this name
            // the port that it is started on
            KeyPurpose::Unsaid if key == "PORT" && self.is_needed(key) => {
                let port = self.proposal.start.as_ref().map(|start| start.port);
                Some(port.map_or(KeySpec::ByHand, |port| KeySpec::Literal(port.to_string())))
            }
            KeyPurpose::Unsaid if self.django_value(key).is_some() && self.is_needed(key) => self
                .django_value(key)
                .map(|value| KeySpec::Literal(value.to_owned())),
            KeyPurpose::Unsaid
                if key_purpose::names_a_kind(key)
                    && key_purpose::is_of_database(key)
                    && self.proposal.driver == Driver::NodePostgres
                    && self.ours().any(|opening| !opening.parts.is_empty())
                    && self.is_needed(key) =>
            {
                Some(KeySpec::Literal("postgres".to_owned()))
            }
            KeyPurpose::Part(part, kind) => Some(KeySpec::Part {
                kind: kind.unwrap_or_default(),
                part: *part,
            }),
            KeyPurpose::OwnSecret => Some(RANDOM_SECRET),
            _ if self.is_own_secret(key, value) => Some(RANDOM_SECRET),
            // what the code alone names, and can do without, doesn't belong in a first setup
            KeyPurpose::OthersSecret => {
                (self.is_documented(key) || self.is_required(key)).then_some(KeySpec::ByHand)
            }
            // that of the mail server, or of a cache, is as the example says
            KeyPurpose::Documented if turns_tls_off(key, value) && !says_of_what(key) => None,
            KeyPurpose::Documented
                if turns_tls_off(key, value) && key_purpose::is_of_database(key) =>
            {
                Some(KeySpec::Literal(turned_on(value).to_owned()))
            }
            KeyPurpose::Documented if !value.is_empty() => Some(KeySpec::Literal(value.to_owned())),
            KeyPurpose::Placeholder | KeyPurpose::Documented | KeyPurpose::Unsaid => {
                self.is_needed(key).then_some(KeySpec::ByHand)
            }
        }
    }
}

/// What an application puts before the names of all its variables, by the name of its connection's: `SHOP_` of `SHOP_DATABASE_URL`.
fn own_prefix(key: &str) -> Option<&str> {
    let words = ["DATABASE_", "DB_", "POSTGRES_", "PG_", "SQL_"];
    words
        .iter()
        .filter_map(|word| key.find(word))
        .min()
        .filter(|at| *at > 0)
        .and_then(|at| key.get(..at))
        .filter(|prefix| prefix.ends_with('_'))
}

/// Whether a value is the address of a server that anybody who can reach it may use: it has no password in it.
fn names_a_server(value: &str) -> bool {
    let plain = |rest: &str| !rest.contains('@') && !rest.is_empty();
    !sensitive::looks_masked(value)
        && !sensitive::looks_like_placeholder(value)
        && value.split_once("://").is_some_and(|(_, rest)| plain(rest))
}

/// The opposite of a switch that is off, in the same spelling.
fn turned_on(value: &str) -> &'static str {
    match value.to_ascii_lowercase().as_str() {
        "0" => "1",
        "no" => "yes",
        "off" => "on",
        "disable" => "require",
        "disabled" => "enabled",
        _ => "true",
    }
}

/// Whether an example documents a connection without TLS, as a database on this machine has it: Neon's has none without.
fn turns_tls_off(key: &str, value: &str) -> bool {
    let upper = key.to_ascii_uppercase();
    let lower = value.to_ascii_lowercase();
    (upper.contains("SSL") || upper.contains("TLS"))
        && matches!(
            lower.as_str(),
            "false" | "0" | "no" | "off" | "disable" | "disabled"
        )
}

/// Whether the name of a switch for TLS says of which connection: `MAIL_REQUIRE_TLS`, not `USE_SSL`.
fn says_of_what(key: &str) -> bool {
    const PLAIN: &[&str] = &[
        "USE", "ENABLE", "ENABLED", "REQUIRE", "REQUIRED", "FORCE", "MODE", "SSL", "TLS",
        "SSLMODE", "IS",
    ];
    let upper = key.to_ascii_uppercase();
    upper.split('_').any(|word| !PLAIN.contains(&word))
}

/// Whether a key's name says that it is for tests: `TEST_DB_NAME`, `DATABASE_URL_TEST`.
fn is_for_tests(key: &str) -> bool {
    key.split('_').any(|word| {
        matches!(
            word.to_ascii_uppercase().as_str(),
            "TEST" | "TESTS" | "TESTING"
        )
    })
}

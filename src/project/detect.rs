//! What kind of application a repository holds, and the configuration to propose for it.
//!
//! [`Tree`] holds the names of the repository's files. Every folder with a manifest is asked by every [`Stack`](stack::Stack) whether it holds such an
//! application ([`candidates`]); of those the one that a person means is proposed, with what its code says ([`code`]): the env file
//! that it reads ([`env_file`]), its keys ([`mod@env`]), where its tables come from ([`schema`]) and how it starts.
//!
//! # Adding a stack
//!
//! It takes a function, a row of [`STACKS`](stacks::STACKS) and a repository in `tests/corpus`. Rails is a stack to copy: `rails` in
//! `other_languages.rs`.
//!
//! 1. Write `fn rails(tree: &Tree<'_>, dir: &str) -> Option<Proposal>` in `other_languages.rs`; a stack in Python or JavaScript has a file
//!    of its own with `pub(super) fn propose`. It is asked about one folder at a time, and returns `None` unless the Gemfile asks for both
//!    gems, `rails` and `pg`. A new kind of manifest is named in `manifests.rs`. Python and Node have readers of theirs
//!    (`domain/python/dependencies.rs`, `package.rs`).
//! 2. What is recognized becomes a [`Proposal`] that begins with [`Proposal::new`] and sets what differs: `migrate`, the command that
//!    creates the tables, and `start`. Both commands run in the stack's folder. How a tool is asked whether a migration is pending is in
//!    `domain/migrations`; a tool that isn't known there is asked with the project's own `[schema] pending`.
//! 3. `start` is a function in `start/others.rs`, with a row in `start/tests.rs`. It gives the command, the port and the line that says
//!    so, and `None` where nothing does.
//! 4. A command runs only with consent, which covers the files that decide what it does. A tool that isn't in `TOOLS`
//!    (`domain/command_files.rs`) gets a row there that names them.
//! 5. Choose the [`Driver`](crate::domain::url::Driver), which decides the form of the URL. A library that fails on the usual
//!    parameters needs a driver of its own first: a variant and a row in `domain/url/driver.rs`.
//! 6. Add the row to the family of its language: in `other_languages.rs`, or in `stacks.rs` for Python and JavaScript. The first
//!    family with a match wins, within a family the usual folders in their order, then the shallowest, and of several stacks in one
//!    folder the first row. So a framework comes before its language.
//! 7. Write a small repository in `tests/corpus`; `tests/it/corpus.rs` describes the format, and fills in the proposal that it gets.
//!    The code of other languages isn't read: without a `.env.example` that lists the key, the env file is a guess, as a comment.

mod candidates;
mod code;
mod dependents;
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
mod own_address;
mod package;
mod prisma;
mod proposal;
mod python;
mod schema;
mod stack;
mod stacks;
mod start;
mod tree;

pub(crate) use {
    own_address::{OwnAddress, own_address},
    proposal::SessionModule,
    tree::{Tree, lies_aside},
};

use std::collections::BTreeSet;

use crate::{
    domain::{
        reading::{Reading, Spot},
        source::{Reader, join},
    },
    project::{
        config::Config,
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
    /// Where its code opens a Postgres at an address of its own.
    pub fixed: Option<Spot>,
    /// The database that it uses in place of Postgres, with where that stands.
    pub other_server: Option<(&'static str, Spot)>,
    /// Other applications that use a database: their folders and stacks.
    pub others: Vec<(String, &'static str)>,
    /// Where each of the proposed values was seen.
    pub evidence: Vec<Evidence>,
    /// Env files that the application may read as well, relative to the root.
    pub other_env_files: Vec<String>,
    /// The URLs of other routes at which it may be asked.
    pub other_routes: Vec<String>,
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
            None => match &self.fixed {
                Some(at) => EnvBasis::Fixed {
                    at: at.clone(),
                    dir: self.dir.clone(),
                },
                None => EnvBasis::Guess,
            },
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
        mut proposal,
        ..
    } = first.unwrap_or_else(|| Candidate::unknown(focus));
    let reading = if known {
        code::read(tree, &dir, proposal.language)
    } else {
        code::read_all(tree, &dir)
    };
    let started = dependent(tree, &dir, &mut proposal, &reading);
    let other_server = code::other_server(&reading);
    let mut found_env = env::target(tree, &dir, &proposal, &reading);
    // where the code is not read, the example alone can show that there is an env file
    let fixed = code::fixed(&reading)
        .filter(|_| known && !found_env.is_shown)
        .cloned();
    let is_read = known && proposal.language.is_some() && fixed.is_none();
    let found_is_shown = found_env.is_shown;
    let recognized = found_is_shown || is_read;
    if fixed.is_some()
        && let Some(edited) = after_edit(tree, &dir, &proposal)
    {
        found_env = edited;
    }
    let manifest = || tree.manifest_of(&dir, proposal.language);
    let of_stack = known.then(|| Evidence::of(stack, manifest()));
    let mut evidence: Vec<_> = of_stack.into_iter().chain(found_env.evidence).collect();
    let mut target = found_env.target;
    if target.example.is_none() && recognized {
        target.example = Some(join(env_file::folder_of(&target.file), ".env.example"));
    }
    if !recognized {
        // one that we write would document a guess, and pass for the project's own word the next time
        target.example = None;
    }
    let other_server = other_server.or_else(|| {
        if recognized {
            python::other_server(tree, &dir, &proposal, &reading)
        } else {
            other_languages::other_server(tree, &dir)
        }
    });
    let mut env = vec![target];
    if let Some((app, reading)) = &started {
        let found = env::target(tree, app, &proposal, reading);
        evidence.extend(found.evidence);
        add(&mut env, found.target);
    }
    if let Some(start) = &proposal.start {
        env.extend(frontend::target(tree, FRONTENDS, &dir, start.port));
    }
    let others = beside(tree, &dir, &proposal, found, &mut env, &mut evidence);
    if other_server.is_some() {
        env.clear();
    }
    // what drops tables is run nowhere but in the database whose address the env file gives
    let is_ours = || {
        let loads_another = |file: &str| !env.iter().any(|target| target.file == file);
        found_is_shown
            && code::fixed(&reading).is_none()
            && !reading.files.iter().any(|read| loads_another(&read.path))
    };
    let schema = schema::schema(tree, &dir, &proposal)
        .filter(|found| !found.settings.only_empty || is_ours())
        .map(|found| {
            evidence.push(Evidence::of("schema", found.seen));
            found.settings
        });
    let (app, reading) = match &started {
        Some((app, reading)) => (app, reading),
        None => (&dir, &reading),
    };
    let other_env_files = env_file::others(tree, app, reading);
    let backend = backend(tree, app, proposal, reading, &mut evidence);
    let other_routes = other_routes(backend.as_ref(), reading);
    Detected {
        stack,
        recognized,
        evidence,
        other_env_files,
        other_routes,
        fixed,
        other_server,
        others,
        config: Config {
            env,
            schema,
            backend,
            ..Config::default()
        },
        dir,
    }
}

/// The env file of an application that has its address in the code, as it is once the code reads it from the environment.
fn after_edit(tree: &Tree<'_>, dir: &str, proposal: &Proposal) -> Option<env::ProposedEnvFile> {
    let read = |path: &str| tree.read(path);
    let edit = own_address(tree.files(), &read, dir)?.edit?;
    let edited = |path: &str| {
        if path == edit.path {
            Some(edit.new.clone())
        } else {
            tree.read(path)
        }
    };
    let tree = Tree::new(tree.files(), &edited);
    let reading = code::read(&tree, dir, proposal.language);
    let mut found = env::target(&tree, dir, proposal, &reading);
    // no file has them yet
    for evidence in &mut found.evidence {
        evidence.seen = None;
    }
    Some(found)
}

/// The application of a workspace that runs on a package which only others import: its folder, with what its code and the package's
/// say. It is what starts.
fn dependent(
    tree: &Tree<'_>,
    dir: &str,
    proposal: &mut Proposal,
    reading: &Reading,
) -> Option<(String, Reading)> {
    if proposal.start.is_some() || proposal.language != Some(Language::JavaScript) {
        return None;
    }
    let start = dependents::application(tree, dir)?;
    let app = start.dir.clone();
    proposal.start = Some(start);
    let mut of_both = code::read(tree, &app, proposal.language);
    of_both.join(reading.clone());
    Some((app, of_both))
}

/// Adds an env file, or the keys that it lacks to the one that is there.
fn add(env: &mut Vec<EnvTarget>, target: EnvTarget) {
    let Some(known) = env.iter_mut().find(|known| known.file == target.file) else {
        env.push(target);
        return;
    };
    for (key, spec) in target.keys {
        if !known.keys.iter().any(|(there, _)| *there == key) {
            known.keys.push((key, spec));
        }
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
    evidence.push(Evidence::of("start", start.seen.clone()));
    let path = proposal.promised.as_ref().map(|(path, _)| path);
    if path.is_some() || asked.is_some() {
        let route = |path: &String| reading.routes.iter().find(|route| route.path == *path);
        let seen = path.and_then(route).map(|route| route.at.clone());
        let seen = seen.or_else(|| asked.as_ref().map(|asked| asked.seen.clone()));
        evidence.push(Evidence::of("health", seen));
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

/// The URLs of the routes that take no parameter, at the host and port of the proposed one.
fn other_routes(backend: Option<&BackendSettings>, reading: &Reading) -> Vec<String> {
    /// More than these are a search, not a choice.
    const MOST: usize = 20;
    let Some(health) = backend.and_then(|backend| backend.health.as_deref()) else {
        return Vec::new();
    };
    let Ok(url) = url::Url::parse(health) else {
        return Vec::new();
    };
    let fixed = |path: &&str| !path.contains([':', '*', '<', '[', '(', '{']);
    let paths: BTreeSet<_> = reading
        .routes
        .iter()
        .map(|route| route.path.as_str())
        .collect();
    let others = paths
        .into_iter()
        .filter(fixed)
        .filter_map(|path| url.join(path).ok());
    others
        .map(|url| url.to_string())
        .filter(|other| other != health)
        .take(MOST)
        .collect()
}

/// Adds the env files of the applications that share a workspace, and with it the database, and gives those that do not.
fn beside(
    tree: &Tree<'_>,
    dir: &str,
    proposal: &Proposal,
    others: Vec<Candidate>,
    env: &mut Vec<EnvTarget>,
    evidence: &mut Vec<Evidence>,
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
            evidence.extend(found.evidence);
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
mod tests;

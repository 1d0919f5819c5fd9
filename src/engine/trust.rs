//! Consent to what a clone would have us run: for its content as it is now.
//!
//! A repository names the commands that make its tables and start its application, and may bring an interpreter. None of them is
//! run before somebody has agreed to it in this clone: with `neonup trust`, in the wizard, with `setup --trust`, or for one run
//! with `NEONUP_TRUST=1`.

use std::{
    collections::BTreeMap,
    path::{Component, Path},
};

use sha2::{Digest as _, Sha256};

use crate::{
    core::{
        answer::CommandAnswer,
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        step::StepId,
        trust::{CloneCommand, CommandPurpose},
    },
    domain::{
        command_files::{NamedPath, named_by},
        dotenv::Document,
        driver_script,
        hex::hex,
        migrations::{self, Asking, FixedAddress},
        runner,
        source::join,
        visible::LONGEST_WORD,
    },
    engine::{build::wanted::wanted as wanted_build, context::Cx, packages::wanted::wanted},
    os::programs::typed,
    ports::{
        Ports,
        files::{FileError, FileKind},
    },
    project::settings::{KeySpec, Settings},
};

/// Variables by which programs load code or choose other programs: what a file of the repository says they hold counts, too.
const LOADERS: &[&str] = &[
    "PATH",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "LD_AUDIT",
    "DYLD_INSERT_LIBRARIES",
    "DYLD_LIBRARY_PATH",
    "BASH_ENV",
    "ENV",
    "SHELL",
    "SHELLOPTS",
    "PS4",
    "IFS",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONWARNINGS",
    "PYTHONBREAKPOINT",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NPM_CONFIG_SCRIPT_SHELL",
    "RUBYOPT",
    "RUBYLIB",
    "PERL5OPT",
    "PERL5LIB",
    "PERL5DB",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "CLASSPATH",
    "GEM_PATH",
    "BUNDLE_GEMFILE",
    "GIT_SSH_COMMAND",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "BROWSER",
];

/// Everything of the clone that could be run, as it is now, in the order in which it would be.
pub(crate) fn commands(settings: &Settings, ports: &Ports) -> Vec<CloneCommand> {
    CommandPurpose::ALL
        .into_iter()
        .filter_map(|purpose| command(settings, ports, purpose))
        .collect()
}

/// One command of the clone as it is now; `None` where there is none.
fn command(settings: &Settings, ports: &Ports, purpose: CommandPurpose) -> Option<CloneCommand> {
    let backend = settings.backend.as_ref();
    let wanted = (purpose == CommandPurpose::Packages)
        .then(|| wanted(settings, ports))
        .flatten();
    let built = (purpose == CommandPurpose::Build)
        .then(|| wanted_build(settings, ports))
        .flatten();
    let dir = match (&wanted, &built) {
        (Some(wanted), _) => &wanted.install.dir,
        (None, Some(built)) => &built.dir,
        (None, None) if purpose == CommandPurpose::Schema => settings.schema_dir(),
        (None, None) => backend.map_or("", |backend| backend.dir.as_str()),
    };
    let (argv, variables) = match purpose {
        CommandPurpose::Packages => (wanted.as_ref()?.install.argv.clone(), BTreeMap::new()),
        CommandPurpose::Build => (built.as_ref()?.argv.clone(), BTreeMap::new()),
        CommandPurpose::Schema => (settings.schema.command.clone(), variables(settings, ports)),
        CommandPurpose::App => {
            let started = settings.started()?;
            (started.start.clone(), BTreeMap::new())
        }
        CommandPurpose::Driver => {
            let (.., driver) = settings.url_key()?;
            let script = driver_script::script(driver)?;
            let program = ports
                .process
                .find(script.interpreter, &settings.path(dir))?;
            // an interpreter of this machine is started apart from the folder; node loads what lies in it
            if !program.starts_with(&settings.root) && script.interpreter != "node" {
                return None;
            }
            let shown = program.strip_prefix(&settings.root).unwrap_or(&program);
            (vec![shown.display().to_string()], BTreeMap::new())
        }
    };
    let program = argv.first()?;
    let look = |path: &str| look(settings, ports, path);
    let named = if purpose == CommandPurpose::Driver {
        // the script is ours, and the path is the root's
        named_by(&argv, "", &look)
    } else {
        named_by(&argv, dir, &look)
    };
    let mut files: BTreeMap<_, _> = named
        .files
        .iter()
        .map(|(path, content)| (path.clone(), hex(&Sha256::digest(content))))
        .collect();
    let mut unheld = named.unheld;
    // what is installed stands in the manifest and the lock file, whether the command names them or not
    for path in wanted.iter().flat_map(|wanted| &wanted.files) {
        hold(&mut files, &mut unheld, path, look(path));
    }
    let questions: Vec<Vec<String>> = if purpose == CommandPurpose::Schema {
        questions(settings, ports)
    } else {
        Vec::new()
    };
    for question in &questions {
        let named = named_by(question, dir, &look);
        let digests = named.files.iter();
        files.extend(digests.map(|(path, content)| (path.clone(), hex(&Sha256::digest(content)))));
        unheld = unheld.or(named.unheld);
    }
    let programs = questions.iter().filter_map(|question| question.first());
    // where the package manager is not installed, the program that it would run is
    let unwrapped = runner::unwrapped(&argv).and_then(<[String]>::first);
    for program in std::iter::once(program).chain(unwrapped).chain(programs) {
        // a program of the repository's own that PATH or a virtual environment leads to
        let found = (purpose != CommandPurpose::Driver)
            .then(|| ports.process.find(program, &settings.path(dir)));
        let path = found
            .flatten()
            .and_then(|found| within(&settings.root, &found));
        let Some(path) = path else { continue };
        hold(&mut files, &mut unheld, &path, look(&path));
    }
    Some(CloneCommand {
        purpose,
        argv,
        dir: dir.to_owned(),
        variables,
        files,
        questions,
        unheld,
    })
}

/// Notes the digest of a file, or why its content can't be held to.
fn hold(
    files: &mut BTreeMap<String, String>,
    unheld: &mut Option<String>,
    path: &str,
    named: NamedPath,
) {
    match named {
        NamedPath::File(content) => {
            files.insert(path.to_owned(), hex(&Sha256::digest(content)));
        }
        NamedPath::Outside(target) => {
            files.insert(path.to_owned(), hex(&Sha256::digest(target)));
        }
        NamedPath::Unreadable(why) => {
            unheld.get_or_insert(format!("can't read `{path}`: {why}"));
        }
        NamedPath::Absent | NamedPath::Folder => {}
    }
}

/// How to find out whether the migration command has something to do.
pub(super) fn asking(settings: &Settings, ports: &Ports) -> Asking {
    let read = |path: &str| beside_command(settings, ports, path);
    migrations::asking(&settings.schema.command, &settings.schema.pending, &read)
}

/// The address that the migration command takes from a file of the clone, in place of the env file's.
pub(super) fn fixed_address(settings: &Settings, ports: &Ports) -> Option<FixedAddress> {
    let read = |path: &str| beside_command(settings, ports, path);
    migrations::fixed_address(&settings.schema.command, &read)
}

/// Whether the migration command is `drizzle-kit push`.
pub(super) fn pushes(settings: &Settings, ports: &Ports) -> bool {
    let read = |path: &str| beside_command(settings, ports, path);
    migrations::pushes(&settings.schema.command, &read)
}

/// The push of the migration command that asks nothing; `None` where the command is no push.
pub(super) fn forced_push(settings: &Settings, ports: &Ports) -> Option<Vec<String>> {
    let read = |path: &str| beside_command(settings, ports, path);
    migrations::forced_push(&settings.schema.command, &read)
}

/// Reads a file of the folder where the migration command runs.
fn beside_command(settings: &Settings, ports: &Ports, path: &str) -> Option<String> {
    let path = settings.path(&join(settings.schema_dir(), path));
    String::from_utf8(ports.files.read(&path).ok()??).ok()
}

fn questions(settings: &Settings, ports: &Ports) -> Vec<Vec<String>> {
    match asking(settings, ports) {
        Asking::Program(inquiry) => inquiry.commands().cloned().collect(),
        Asking::Drizzle { .. } | Asking::Nobody(_) => Vec::new(),
    }
}

/// A path relative to the root, where it lies inside and has no way out.
fn within(root: &Path, path: &Path) -> Option<String> {
    let path = path.strip_prefix(root).ok()?;
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

/// What a path of the repository is. The env files are ours: their values change, and aren't code.
fn look(settings: &Settings, ports: &Ports, path: &str) -> NamedPath {
    if settings.env.iter().any(|target| target.file == path) {
        return NamedPath::Absent;
    }
    let full = settings.path(path);
    match ports.files.stat(&full) {
        Ok(Some(stat)) if stat.kind == FileKind::Directory => return NamedPath::Folder,
        Ok(Some(_)) => {}
        Ok(None) => return NamedPath::Absent,
        Err(error) => return NamedPath::Unreadable(error.to_string()),
    }
    match ports.files.resolve(&full) {
        Ok(target) if target.starts_with(&settings.root) || target == full => {}
        Ok(target) | Err(FileError::Outside(target)) => {
            return NamedPath::Outside(target.display().to_string());
        }
        Err(error) => return NamedPath::Unreadable(error.to_string()),
    }
    match ports.files.read(&full) {
        Ok(Some(bytes)) => NamedPath::File(bytes),
        Ok(None) => NamedPath::Absent,
        Err(error) => NamedPath::Unreadable(error.to_string()),
    }
}

/// The variables of the env file that a command gets, with a digest of what the repository decides of each.
fn variables(settings: &Settings, ports: &Ports) -> BTreeMap<String, String> {
    let target = settings
        .url_key()
        .map(|(target, ..)| target)
        .or_else(|| settings.parts_target());
    let Some(target) = target else {
        return BTreeMap::new();
    };
    let mut variables: BTreeMap<_, _> = target
        .keys
        .iter()
        .map(|(key, spec)| {
            let fixed = match spec {
                KeySpec::Literal(text) => hex(&Sha256::digest(text)),
                KeySpec::Url { .. }
                | KeySpec::Part { .. }
                | KeySpec::Generate { .. }
                | KeySpec::ByHand
                | KeySpec::SameAs(_) => String::new(),
            };
            (key.clone(), fixed)
        })
        .collect();
    let written = ports.files.read(&settings.path(&target.file));
    if let Ok(Some(bytes)) = written {
        for entry in Document::parse(&bytes).entries() {
            if LOADERS.contains(&entry.key.as_str()) {
                let digest = hex(&Sha256::digest(entry.value.expose()));
                variables.insert(entry.key.clone(), digest);
            } else {
                variables.entry(entry.key.clone()).or_default();
            }
        }
    }
    variables
}

/// Whether a command may be run now: `None` if so, else what is to be reported. Remembers nothing.
pub(super) fn missing(cx: &Cx, purpose: CommandPurpose) -> Option<Finding> {
    if cx.settings.trusts_run() || cx.settings.flags.trust {
        return None;
    }
    let command = command(&cx.settings, &cx.ports, purpose)?;
    judged(cx, command)
}

/// Whether a command may be run now, right before it is: with `--trust`, its content is agreed to as it is now.
pub(super) fn permit(cx: &Cx, purpose: CommandPurpose) -> Result<Option<Finding>> {
    if cx.settings.trusts_run() {
        return Ok(None);
    }
    let Some(command) = command(&cx.settings, &cx.ports, purpose) else {
        return Ok(None);
    };
    if cx.settings.flags.trust {
        if command.unheld.is_none() {
            keep(cx, purpose, std::slice::from_ref(&command))?;
        }
        return Ok(None);
    }
    Ok(judged(cx, command))
}

/// Takes the answer of whoever saw the commands: consent is remembered for exactly what was shown.
pub(super) fn answered(cx: &Cx, answer: &CommandAnswer) -> Result<()> {
    match answer {
        CommandAnswer::Default => Ok(()),
        CommandAnswer::Trust(shown) => match shown.first() {
            Some(first) => keep(cx, first.purpose, shown),
            None => Ok(()),
        },
    }
}

/// Remembers the consent that `--trust` gave to the commands of these steps, also where there was nothing for one of them to do.
pub(super) fn remember(settings: &Settings, ports: &Ports, steps: &[StepId]) {
    let shown = |command: &CloneCommand| steps.contains(&command.purpose.code().step());
    let open = |command: &CloneCommand| {
        command.unheld.is_none() && matches!(consent(ports, command), Consent::Missing { .. })
    };
    let all = commands(settings, ports).into_iter();
    let new: Vec<_> = all
        .filter(|command| shown(command) && open(command))
        .collect();
    if !new.is_empty()
        && let Err(error) = ports.trust.agree(&new)
    {
        tracing::warn!(%error, "a consent can't be remembered");
    }
}

/// The commands of the clone that somebody has agreed to as they are, for [`renew`].
pub(super) fn agreed(cx: &Cx) -> Vec<CloneCommand> {
    let all = commands(&cx.settings, &cx.ports).into_iter();
    all.filter(|command| matches!(consent(&cx.ports, command), Consent::Given))
        .collect()
}

/// Remembers consent anew after an installation that was agreed to, for what was agreed to `before` it and differs only by what the
/// installation has put into `folder`: the interpreter of an environment that was made, a program of the packages.
pub(super) fn renew(cx: &Cx, before: &[CloneCommand], folder: &str) -> Result<()> {
    let inside = format!("{folder}/");
    let rest = |command: &CloneCommand| {
        let mut rest = command.clone();
        rest.files.retain(|path, _| !path.starts_with(&inside));
        rest
    };
    for command in commands(&cx.settings, &cx.ports) {
        let same = before.iter().any(|old| rest(old) == rest(&command));
        if same && command.unheld.is_none() {
            keep(cx, command.purpose, std::slice::from_ref(&command))?;
        }
    }
    Ok(())
}

fn keep(cx: &Cx, purpose: CommandPurpose, commands: &[CloneCommand]) -> Result<()> {
    cx.ports.trust.agree(commands).map_err(|error| {
        Failure::new(purpose.code(), "the trust can't be stored")
            .why(error.to_string())
            .hint("set NEONUP_TRUST=1 to trust it for one run")
    })
}

/// What is known of consent to a command.
pub(crate) enum Consent {
    Given,
    /// Never, or what it was given for was another content.
    Missing {
        before: Option<CloneCommand>,
    },
}

/// Whether somebody has agreed to a command as it is.
pub(crate) fn consent(ports: &Ports, command: &CloneCommand) -> Consent {
    let agreed = ports.trust.agreed().unwrap_or_else(|error| {
        tracing::warn!(%error, "stored trust can't be read, so nothing is trusted");
        Vec::new()
    });
    if command.unheld.is_none() && agreed.contains(command) {
        return Consent::Given;
    }
    let before = agreed
        .into_iter()
        .find(|old| old.purpose == command.purpose);
    Consent::Missing { before }
}

fn judged(cx: &Cx, command: CloneCommand) -> Option<Finding> {
    let Consent::Missing { before } = consent(&cx.ports, &command) else {
        return None;
    };
    let what = command.purpose.words();
    let title = if before.is_some() {
        format!("{what} has changed since it was trusted")
    } else {
        format!("{what} isn't trusted in this clone yet")
    };
    let mut detail = command.in_full(typed);
    if let Some(before) = before {
        let changes = command.differences(&before, typed);
        if !changes.is_empty() {
            detail = format!("{detail}. Changed: {}", changes.join("; "));
        }
    }
    let finding = Finding::new(command.purpose.code(), title);
    if let Some(limit) = &command.unheld {
        return Some(
            finding
                .detail(format!("{detail}. It can't be stored: {limit}"))
                .hint("run `neonup setup --trust`, or set NEONUP_TRUST=1, to run it this once"),
        );
    }
    let finding = finding.detail(detail).command(Invocation::Trust);
    // a screen would cut a longer word, and nobody agrees to a part: `neonup trust` shows all of it
    let whole = finding
        .detail
        .split_whitespace()
        .all(|word| word.len() <= LONGEST_WORD);
    Some(if whole {
        finding.asks_for(command)
    } else {
        finding
    })
}

//! The findings of the backend step.

use crate::{
    core::{
        code::{Code, Severity},
        finding::Finding,
        invocation::Invocation,
        proof::Coverage,
        step::StepId,
    },
    domain::{
        python::{self, HealthRoute, SessionIssue},
        reading::Spot,
    },
};

/// The command that fixes what this step may fix by itself.
pub(super) const FIX: Invocation = Invocation::SetupStep(StepId::Backend);
/// The command that also changes source files.
pub(super) const EDIT: Invocation = Invocation::EditCode;

pub(super) fn not_found(path: &str, why: &str) -> Finding {
    Finding::new(Code::BackendNotFound, format!("`{path}` doesn't exist"))
        .path(path)
        .detail(why)
        .hint("set the folder and the start command under [backend] in neonup.toml")
}

/// What is wrong where the application connects.
pub(super) fn session_issue(issue: &SessionIssue) -> Finding {
    let Spot { file, line } = &issue.spot;
    let mut finding = Finding::new(Code::BackendSessionWrong, issue.title.clone())
        .path(file)
        .line(*line)
        .detail(issue.detail.clone())
        .hint(format!("edit line {line} of {file}"));
    if !issue.breaks {
        finding.severity = Severity::Warning;
    }
    finding
}

/// The code opens its database at an address that is written in it.
pub(super) fn hard_coded(at: &Spot) -> Finding {
    Finding::new(
        Code::BackendSessionWrong,
        format!("`{}` opens the database at a hard-coded address", at.file),
    )
    .path(&at.file)
    .line(at.line)
    .detail("it reads no variable, so it never reaches this database")
    .command(EDIT)
}

/// The packages let pip take a SQLAlchemy that opens the application's address with a driver that they don't have. neonup installs an
/// older one, so that it isn't a gap here.
pub(super) fn newer_sqlalchemy(at: &Spot, file: &str, edit: Option<Invocation>) -> Finding {
    let older = python::OLDER_SQLALCHEMY;
    let mut finding = Finding::new(
        Code::BackendDependencyMissing,
        format!("`{file}` allows SQLAlchemy 2.1, which doesn't use psycopg2 for `postgresql://`"),
    )
    .severity(Severity::Warning)
    .path(file)
    .detail(format!(
        "{}:{} leaves the driver open, so SQLAlchemy 2.1 looks for psycopg 3, which isn't listed; neonup installs `{older}` in the project's \
        environment",
        at.file, at.line
    ))
    .hint(format!("add `{older}` to `{file}`"));
    finding.command = edit;
    finding
}

/// The application has nothing that connects it. `written` says whether the step writes it by itself.
pub(super) fn session_missing(path: &str, written: bool, edit: bool) -> Finding {
    let finding = Finding::new(
        Code::BackendSessionMissing,
        format!("`{path}` doesn't exist"),
    )
    .path(path)
    .detail("nothing in the application connects it to the database");
    if written {
        finding.command(FIX).fixable()
    } else if edit {
        finding.command(EDIT)
    } else {
        finding
            .hint("connect the application, for example with neonup's assets/templates/session.py")
    }
}

/// There is a module that makes the engine, and the application does not import it.
pub(super) fn session_unused(spot: &Spot) -> Finding {
    Finding::new(
        Code::BackendSessionMissing,
        format!("the application doesn't import `{}`", spot.file),
    )
    .path(&spot.file)
    .line(spot.line)
    .detail("the engine is created there, but nothing that the app starts uses it")
    .hint(format!(
        "use {} in a route, such as the health route",
        spot.file
    ))
}

/// Something that could not be found out.
pub(super) fn not_determined(title: &str, spot: Option<&Spot>, hint: &str) -> Finding {
    let mut finding = Finding::new(Code::BackendNotDetermined, title)
        .detail("code that wasn't read isn't proven")
        .hint(hint);
    if let Some(spot) = spot {
        finding = finding.path(&spot.file).line(spot.line);
    }
    finding
}

/// What of the code was not read.
pub(super) fn unread(coverage: &Coverage) -> Vec<Finding> {
    let mut findings: Vec<_> = coverage
        .unread()
        .iter()
        .map(|unread| {
            let (file, line) = match unread.what.rsplit_once(':') {
                Some((file, line)) => (file, line.parse().ok()),
                None => (unread.what.as_str(), None),
            };
            let mut finding = Finding::new(
                Code::BackendNotDetermined,
                format!("`{}` wasn't read", unread.what),
            )
            .path(file)
            .detail(unread.why.clone())
            .hint(format!(
                "fix {file}, or check that the application doesn't import it"
            ));
            finding.line = line;
            finding
        })
        .collect();
    if coverage.more() > 0 {
        findings.push(Finding::new(
            Code::BackendNotDetermined,
            match coverage.more() {
                1 => "1 more file wasn't read".to_owned(),
                more => format!("{more} more files weren't read"),
            },
        ));
    }
    findings
}

pub(super) fn tables_missing(file: &str, call: &str) -> Finding {
    Finding::new(
        Code::BackendCreateAllMissing,
        "the application doesn't create its tables on start-up",
    )
    .path(file)
    .detail(format!("nothing that runs on start-up calls {call}"))
}

/// The health route does not ask the database.
pub(super) fn health_silent(health: &HealthRoute) -> Finding {
    Finding::new(
        Code::BackendHealthRouteMissing,
        format!("`{}` doesn't query the database", health.path),
    )
    .path(&health.spot.file)
    .line(health.spot.line)
    .detail("it reports healthy even when the database is down")
}

/// There is no health route. `other` is a route of another path that does what is wanted.
pub(super) fn health_missing(path: &str, file: &str, other: Option<&HealthRoute>) -> Finding {
    let finding = Finding::new(
        Code::BackendHealthRouteMissing,
        format!("there is no route `{path}`"),
    )
    .path(file);
    match other {
        Some(other) => finding.detail(format!(
            "if `{}` in {} is the right one, set it as health under [backend]",
            other.path, other.spot.file
        )),
        None => {
            finding.detail("without it, nothing shows whether the application reaches its database")
        }
    }
}

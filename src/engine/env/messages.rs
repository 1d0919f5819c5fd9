//! What several parts of the env step report.

use crate::{
    core::{
        code::{Code, Severity},
        failure::Failure,
        finding::Finding,
        invocation::Invocation,
        remedy::Remedy,
        step::StepId,
    },
    domain::reading::Spot,
    engine::own_address,
    ports::{files::Written, repository::GitAnswer},
    project::{detect::OwnAddress, settings::EnvTarget},
};

/// The command that fixes what this step can fix.
pub(super) const FIX: Invocation = Invocation::SetupStep(StepId::Env);

/// What a person does about a key that is left open.
pub(super) fn fill_in(key: &str, file: &str) -> String {
    format!("get the value from its provider, or choose it, and add {key} to {file}")
}

/// Git tracks the file, or it isn't known whether it does.
pub(super) fn tracked(file: &str, tracked: &GitAnswer) -> Failure {
    match tracked {
        GitAnswer::Unknown(why) => Failure::new(
            Code::EnvNotIgnored,
            format!("can't tell whether git tracks `{file}`, so no secret is written to it"),
        )
        .why(why)
        .hint("git status"),
        GitAnswer::Yes | GitAnswer::No => Failure::new(
            Code::EnvNotIgnored,
            format!("git tracks `{file}`, so no secret is written to it"),
        )
        .why("the next commit would include it")
        .command(Invocation::SetupStep(StepId::Secrets))
        .hint(format!("neonup setup secrets (or: git rm --cached {file})")),
    }
}

/// Nothing shows which env file the application reads.
pub(super) fn not_read(targets: &[EnvTarget]) -> Finding {
    let file = targets
        .first()
        .map_or(".env", |target| target.file.as_str());
    Finding::new(
        Code::EnvNotRead,
        format!("nothing shows that your app reads `{file}`"),
    )
    .path(file)
    .detail("neonup.toml sets no env file, and neither the code nor an example shows one: the file is a guess")
    .hint("set it in neonup.toml: [[env]] with file = \".env\" and keys.DATABASE_URL = { url = \"direct\" }; or, if the guess \
    is right, skip this with a reason: \"env.not-read\" under [skip]")
}

/// The application connects to an address of its own, whatever the env file says.
pub(super) fn fixed(own: &OwnAddress) -> Finding {
    let at = &own.at;
    let finding = Finding::new(
        Code::EnvNotRead,
        format!(
            "`{}` connects to the database at a hard-coded address",
            at.file
        ),
    )
    .path(&at.file)
    .line(at.line);
    if own.edit.is_some() {
        return finding
            .detail("the address is written in the code, so an env file changes nothing")
            .hint(own_address::hint(own));
    }
    finding
    .detail("the address is written in the code, or neonup sees no variable in it, so an env file changes nothing")
    .hint("read the URL there: process.env.DATABASE_URL, os.environ[\"DATABASE_URL\"]; or, if it is read in a way that neonup doesn't see, set the env file in neonup.toml: [[env]] with file = \".env\" and keys.DATABASE_URL = { url = \"direct\" }")
}

/// The application uses another database, so that no Postgres URL is written for it.
pub(super) fn other_server(server: &str, at: &Spot) -> Finding {
    Finding::new(
        Code::EnvNotRead,
        format!("your app uses {server}, not Postgres"),
    )
    .path(&at.file)
    .line(at.line)
    .detail("Neon is Postgres: nothing is written for another database")
    .hint("move the app to Postgres first; if another part of it uses Neon, set its env file in neonup.toml: [[env]] with \
    file = \".env\" and keys.DATABASE_URL = { url = \"direct\" }")
}

/// It isn't known whether git ignores the file.
pub(super) fn ignored_unknown(file: &str, why: &str) -> Failure {
    Failure::new(
        Code::EnvNotIgnored,
        format!("can't tell whether git ignores `{file}`"),
    )
    .why(why)
    .hint(format!("git check-ignore -v {file}"))
}

/// What is worth telling about a write that went well.
pub(super) fn told(file: &str, written: &Written) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(why) = &written.not_durable {
        findings.push(
            Finding::new(
                Code::EnvNotDurable,
                format!("`{file}` was written, but the disk didn't confirm it"),
            )
            .path(file)
            .detail(format!("its directory couldn't be synced: {why}"))
            .hint("after a power cut, check again: neonup check env"),
        );
    }
    if written.split > 0 {
        findings.push(
            Finding::new(
                Code::EnvHardLink,
                format!("`{file}` had a second name, which still holds the old content"),
            )
            .path(file)
            .detail("replacing a file breaks its hard links")
            .hint("delete the other name, or link it again"),
        );
    }
    findings
}

/// A write took the byte order mark away.
pub(super) fn mark_removed(file: &str) -> Finding {
    Finding::new(
        Code::EnvUnportable,
        format!("the byte order mark of `{file}` was removed"),
    )
    .severity(Severity::Note)
    .path(file)
    .detail("it made eight readers miss the first key; the values are unchanged")
}

/// The file has several names, of which a write would change one.
pub(super) fn hard_link(file: &str, links: u64) -> Finding {
    let others = links.saturating_sub(1);
    let names = if others == 1 { "name" } else { "names" };
    Finding::new(
        Code::EnvHardLink,
        format!("`{file}` has {others} other {names} (hard links)"),
    )
    .path(file)
    .detail("the file is replaced as a whole: the other name would keep the old content")
    .hint(format!(
        "to update all of them: {}",
        Remedy::OverwriteInPlace.command()
    ))
}

/// Another program saved the file while it was written.
pub(super) fn saved_meanwhile() -> Finding {
    Finding::new(
        Code::EnvSavedMeanwhile,
        "another program saved an env file during the write",
    )
    .detail("its version was kept, and the keys were written to that version")
    .hint("reload the file in any editor that still shows the older text")
}

/// A person has changed what is written, and it isn't written yet.
pub(super) fn edit_open(file: &str) -> Finding {
    Finding::new(
        Code::EnvEdited,
        format!("your changes to `{file}` aren't written yet"),
    )
    .path(file)
    .fixable()
}

/// A person has changed what is written, and then it became something else.
pub(super) fn edit_dropped(file: &str) -> Finding {
    Finding::new(
        Code::EnvEdited,
        format!("your changes to `{file}` were dropped"),
    )
    .path(file)
    .severity(Severity::Note)
    .detail("the file, or what neonup would write to it, changed after you edited it")
    .hint("edit it again")
}

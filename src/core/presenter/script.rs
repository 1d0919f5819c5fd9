//! What is announced: a few sentences before each step, and before each change what will happen.

use crate::core::presenter::{DemoRequest, Incident};
use crate::core::{
    answer::{
        Answer, BackendAnswer, EnvAnswer, KeyStorage, LoginAnswer, ProjectAnswer, SecretsAnswer,
    },
    facts::Facts,
    plan::Plan,
    step::StepId,
};

/// What is announced before a screen is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Announcement {
    /// The large title, in capital letters of ASCII.
    pub title: &'static str,
    /// The small line above the title.
    pub caption: &'static str,
    /// What this is about and why it matters.
    pub text: &'static str,
    /// What to look at.
    pub watch: &'static str,
}

/// Announces the whole, before the first step.
pub(crate) const OPENING: Announcement = Announcement {
    title: "NEONUP",
    caption: "From a fresh clone to a database that is proven to work",
    text: "You are a new developer on day one. The project is cloned, and nothing runs yet: no database, no password, no \
    settings file. Seven steps change that, and each one is explained before it runs.",
    watch: "how often the answer is Enter, and that no secret is ever shown.",
};

/// Announces the summary, after the last step.
pub(crate) const CLOSING: Announcement = Announcement {
    title: "SUMMARY",
    caption: "What you have now",
    text: "None of this was stored as progress: every line was just re-checked. A colleague who clones the repository \
    tomorrow gets all of it with one command. If something breaks later, the same command says what.",
    watch: "the evidence beside each step, checked just now.",
};

/// Announces a step.
pub(crate) const fn step(step: StepId) -> Announcement {
    match step {
        StepId::Login => Announcement {
            title: "LOGIN",
            caption: "Step 1 of 7",
            text: "Neon is serverless Postgres, and one API key opens all of it. One request checks the key, and then it is \
            kept in the operating system's keyring. It is never written to a project file, and never appears in a command \
            line that other users could see.",
            watch: "the key is never shown, only its last four characters.",
        },
        StepId::Project => Announcement {
            title: "PROJECT",
            caption: "Step 2 of 7",
            text: "A team needs one database project, not one for each person who runs setup. So neonup searches for it \
            first, through every page of the list. It creates one only if there is none, and writes its id to neonup.toml for \
            everyone who follows.",
            watch: "what was found under this name. The safe answer is already selected.",
        },
        StepId::Env => Announcement {
            title: "ENV",
            caption: "Step 3 of 7",
            text: "The application reads its connection URL and its secrets from a .env file. Writing that file by hand is \
            where most first days go wrong: a missing TLS option, the wrong driver, a file that gets committed. neonup shows \
            every line before writing it, and leaves the rest of the file untouched.",
            watch: "the masked diff, and the three checks: ignored, untracked, 0600.",
        },
        StepId::Backend => Announcement {
            title: "BACKEND",
            caption: "Step 4 of 7",
            text: "Now the code. The application needs a module that opens database sessions and copes with a compute that \
            has gone to sleep. neonup writes the new files that are missing, and never overwrites your code.",
            watch: "what is new and what is only suggested. Existing code changes only if you ask.",
        },
        StepId::Schema => Announcement {
            title: "SCHEMA",
            caption: "Step 5 of 7",
            text: "An empty database helps nobody. The repository's SQL runs in one transaction, so either all of it applies \
            or none of it. Then tables and columns are compared with what the project expects.",
            watch: "the tables appear one by one, each column with its type.",
        },
        StepId::Health => Announcement {
            title: "HEALTH",
            caption: "Step 6 of 7",
            text: "“It won't connect” can mean eight different things. So neonup runs its checks in order: DNS, TCP, TLS, \
            login, a query, the tables, the driver, and finally the application's own answer. The first check that fails is \
            the reason.",
            watch: "the time of each check.",
        },
        StepId::Secrets => Announcement {
            title: "SECRETS",
            caption: "Step 7 of 7",
            text: "The password is live now, so the last question is who else could read it. neonup searches the tracked \
            files, the index and every object in the history for exactly this password. Anything that was ever committed \
            stays readable forever, and only a new password helps.",
            watch: "how much was searched, and how long it took.",
        },
    }
}

/// Lists what an answer is going to do, a sentence for each thing.
pub(crate) fn consequences(answer: &Answer, plan: &Plan) -> &'static [&'static str] {
    let project = &plan.step(StepId::Project).facts;
    let temporary = matches!(project, Some(Facts::Project(project)) if project.temporary);
    match answer {
        Answer::Login(LoginAnswer::Temporary) => &[
            "Needs no account and no key: this choice is only remembered.",
            "The next step asks Neon's public service for a temporary database.",
        ],
        Answer::Login(LoginAnswer::Browser(storage)) => of_browser_login(*storage),
        Answer::Project(_) if temporary => &[
            "Neon's public service creates a temporary database without an account.",
            "It is deleted after 72 hours, unless somebody claims it.",
        ],
        Answer::Login(LoginAnswer::Key(_, storage) | LoginAnswer::NeonCli(storage)) => {
            match storage {
                KeyStorage::Keyring => &[
                    "One request asks Neon whose key this is.",
                    "If Neon accepts it, the key is stored in the operating system's keyring.",
                ],
                KeyStorage::File => &[
                    "One request asks Neon whose key this is.",
                    "If Neon accepts it, the key is stored in plain text in a file that only you can read.",
                ],
                KeyStorage::Session => &[
                    "One request asks Neon whose key this is.",
                    "It isn't stored: when neonup ends, the key is forgotten.",
                ],
            }
        }
        Answer::Project(ProjectAnswer::Join(_)) => &[
            "No project is created: it already exists, and you join it.",
            "Its id is written to neonup.toml, so nobody has to choose again.",
        ],
        Answer::Project(ProjectAnswer::List) => &["Nothing changes: all projects are listed."],
        Answer::Project(ProjectAnswer::Default | ProjectAnswer::Create(_)) => &[
            "One request creates the project, with a branch, a role and a database.",
            "Its id is written to neonup.toml, so the next developer joins it instead of creating another.",
            "Then neonup waits until Neon reports that the compute is ready.",
        ],
        Answer::Env(EnvAnswer::Undo) => &[
            "The file is restored to what it was before the last write.",
            "The current content becomes the backup, so this can be undone too.",
        ],
        Answer::Env(EnvAnswer::InPlace) => &[
            "The file is overwritten in place because it can't be replaced: a power cut could leave part of it.",
            "The old content is first backed up outside the repository, for undo.",
        ],
        Answer::Env(EnvAnswer::Default) => &[
            "The lines of the diff are written in one go: after a power cut, the file is either the old one or the new one.",
            "Comments, order and all other lines stay the same. Only you can read the file.",
            "The old content is backed up outside the repository, for undo.",
        ],
        Answer::Backend(BackendAnswer::EditCode) => &[
            "The new files are written as shown.",
            "The lines shown change in the existing file, because you asked for it.",
        ],
        Answer::Backend(BackendAnswer::Default) => &[
            "The new files are written as shown.",
            "No existing file is changed.",
        ],
        Answer::Schema(_) => &[
            "The SQL runs in one transaction: all of it or nothing.",
            "Then every table and column is compared with what is expected.",
        ],
        Answer::Health(_) => &[
            "The checks run in order, from DNS to your tables.",
            "If Python is available, the application is started, its /health is called, and it is stopped again.",
        ],
        Answer::Secrets(SecretsAnswer::InstallHook) => &[
            "This clone gets hooks that run before each commit, merge and push.",
            "From now on, a commit or push that contains a live secret is refused.",
        ],
        Answer::Project(ProjectAnswer::Discard(_)) => {
            &["The project that nobody uses is inspected, and deleted if it is empty."]
        }
        Answer::Project(ProjectAnswer::ResetPassword)
        | Answer::Secrets(SecretsAnswer::RotatePassword) => &[
            "Neon sets a new password for the role, and neonup waits until it works.",
            "The env files are updated, and the old password is proven to be rejected.",
        ],
        Answer::Secrets(SecretsAnswer::Default) => &[
            "The env file gets its line in .gitignore and is removed from git's index. The file itself stays.",
            "Then everything is searched again.",
        ],
        Answer::Login(LoginAnswer::Default | LoginAnswer::Rotate) => {
            &["One request asks Neon whose key this is."]
        }
    }
}

/// Lists what a login in the browser is going to do.
const fn of_browser_login(storage: KeyStorage) -> &'static [&'static str] {
    match storage {
        KeyStorage::Keyring => &[
            "Your browser opens Neon's login page, and brings the answer back to this machine.",
            "The login is stored in the operating system's keyring, and renewed by itself.",
        ],
        KeyStorage::File => &[
            "Your browser opens Neon's login page, and brings the answer back to this machine.",
            "The login is stored in plain text in a file that only you can read.",
        ],
        KeyStorage::Session => &[
            "Your browser opens Neon's login page, and brings the answer back to this machine.",
            "It isn't stored: when neonup ends, the login is forgotten.",
        ],
    }
}

/// Names an incident in the menu.
pub(crate) const fn name(incident: Incident) -> &'static str {
    match incident {
        Incident::TrackedEnv => "A tracked .env",
        Incident::LeakedPassword => "A leaked password",
        Incident::SleepingCompute => "A sleeping compute",
        Incident::DuplicateProject => "A duplicate project",
    }
}

/// Describes a request that is being carried out.
pub(crate) const fn progress(request: DemoRequest) -> &'static str {
    match request {
        DemoRequest::Reset => "resetting the sample project and the sandbox",
        DemoRequest::Cause(_) => "breaking it",
    }
}

/// Says in one sentence what an incident shows and what fixes it.
pub(crate) const fn summary(incident: Incident) -> &'static str {
    match incident {
        Incident::TrackedEnv => {
            "Somebody ran `git add -f`; one key removes the file from the index again."
        }
        Incident::LeakedPassword => {
            "The live URL was committed in DEPLOY.md and deleted again; only a new password fixes that."
        }
        Incident::SleepingCompute => {
            "The first login takes seconds, which is not a failure; the next check is fast."
        }
        Incident::DuplicateProject => {
            "Two projects share one name; you choose the right one, and neonup records it."
        }
    }
}

/// Announces an incident that has happened.
pub(crate) const fn incident(incident: Incident) -> Announcement {
    match incident {
        Incident::TrackedEnv => Announcement {
            title: "TRACKED",
            caption: "What if .env gets committed?",
            text: "Somebody was in a hurry and ran git add -f. The file with the password is now in the index, and the next \
            commit publishes it. An ignore rule no longer helps, because git keeps tracking what it already tracks.",
            watch: "the finding and the fix: Enter removes it from the index, and the file stays.",
        },
        Incident::LeakedPassword => Announcement {
            title: "LEAKED",
            caption: "What if the password is in the history?",
            text: "Somebody wrote a helpful page, DEPLOY.md, with the real connection URL in it, and committed it. A \
            colleague noticed and deleted the line. Too late: every clone has the old commit. The password itself has to \
            become worthless.",
            watch: "the page and the commit, then the fix: a rotation.",
        },
        Incident::SleepingCompute => Announcement {
            title: "ASLEEP",
            caption: "What if the first request is slow?",
            text: "Neon puts a compute to sleep when nobody uses it, and wakes it at the next login. To an application with a \
            short timeout, that looks like an outage. neonup waits, and says what is happening.",
            watch: "the Login row. Then press r: the second time is fast.",
        },
        Incident::DuplicateProject => Announcement {
            title: "TWICE",
            caption: "What if two projects have one name?",
            text: "Two people set up the project on the same morning, and neonup.toml doesn't say yet which one is right. A \
            tool that guesses here sends half the team to an empty database. So neonup doesn't guess.",
            watch: "both are listed. The right one is already selected if an env file names its host; otherwise neither is, \
            and the region tells them apart.",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_are_short() {
        let mut all = vec![OPENING, CLOSING];
        all.extend(StepId::ALL.map(step));
        all.extend(Incident::ALL.map(incident));
        for announcement in all {
            let sentences = announcement.text.matches(['.', '?', '!']).count();
            assert!(
                (2..=6).contains(&sentences),
                "{}: {sentences}",
                announcement.title
            );
            assert!(
                announcement.text.len() < 400,
                "{} is long",
                announcement.title
            );
            assert!(
                announcement
                    .title
                    .chars()
                    .all(|char| char.is_ascii_uppercase()),
                "{}",
                announcement.title
            );
            assert!(!announcement.watch.is_empty() && !announcement.caption.is_empty());
        }
    }
}

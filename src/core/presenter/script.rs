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
    text: "We play a new developer on the first day. The project is cloned, and nothing runs yet: there is no database, \
           no password, no settings file. In seven steps this changes, and we look at each of them before it acts.",
    watch: "how often the answer is Enter, and that no secret is ever shown.",
};

/// Announces the summary, after the last step.
pub(crate) const CLOSING: Announcement = Announcement {
    title: "SUMMARY",
    caption: "What we have now",
    text: "Nothing of this was stored as progress: every line comes from looking at the world once more. A colleague who \
           clones the repository tomorrow gets all of it with one command. If something breaks later, the same command \
           says what.",
    watch: "the evidence beside each step: it was checked just now.",
};

/// Announces a step.
pub(crate) const fn step(step: StepId) -> Announcement {
    match step {
        StepId::Login => Announcement {
            title: "LOGIN",
            caption: "Step 1 of 7",
            text: "Neon is a Postgres database as a service, and an API key opens all of it. The key is checked with one \
                   request, and then it lives in the keyring of the operating system. It stands in no file of the \
                   project, and in no command that others could see in the process list.",
            watch: "the key is never shown, only its last four characters.",
        },
        StepId::Project => Announcement {
            title: "PROJECT",
            caption: "Step 2 of 7",
            text: "A team needs one database project, not one for each person who runs the set-up. So neonup looks for it \
                   first, on every page of the list. It creates one only if there is none, and writes its id into \
                   neonup.toml for all who come after.",
            watch: "what was found under our name. The careful answer is chosen already.",
        },
        StepId::Env => Announcement {
            title: "ENV",
            caption: "Step 3 of 7",
            text: "The application reads its connection URL and its secrets from a .env file. Writing that by hand is where \
                   most first days go wrong: a missing TLS option, the wrong driver, a file that git takes along. neonup \
                   shows every line before it is written, and touches nothing else in the file.",
            watch: "the masked diff, and the three checks: ignored, untracked, 0600.",
        },
        StepId::Backend => Announcement {
            title: "BACKEND",
            caption: "Step 4 of 7",
            text: "Now the code. The application needs a module that opens database sessions, and that copes with a compute \
                   that has gone to sleep. neonup writes new files where they are missing, and never over what somebody \
                   has written.",
            watch: "what is new and what is only proposed. Existing code changes on request alone.",
        },
        StepId::Schema => Announcement {
            title: "SCHEMA",
            caption: "Step 5 of 7",
            text: "An empty database helps nobody. The SQL of the repository runs in one transaction, so that it is there \
                   completely or not at all. Afterwards tables and columns are compared with what the project expects.",
            watch: "the tables come one by one, each column with its type.",
        },
        StepId::Health => Announcement {
            title: "HEALTH",
            caption: "Step 6 of 7",
            text: "“It does not connect” can mean eight different things. So neonup climbs a ladder: the name, the port, \
                   TLS, the login, a query, the tables, the driver, and at last the application's own answer. The rung \
                   that is missing is the reason.",
            watch: "the time of each rung.",
        },
        StepId::Secrets => Announcement {
            title: "SECRETS",
            caption: "Step 7 of 7",
            text: "The password is live now, so the last question is who else could read it. neonup searches the tracked \
                   files, the index and every object of the history for exactly this password. What was committed once \
                   stays readable for ever, and only a new password helps.",
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
            "No account is needed, and no key: this is only remembered.",
            "The next step asks Neon's public service for a temporary database.",
        ],
        Answer::Project(_) if temporary => &[
            "Neon's public service makes a temporary database, without an account.",
            "It is deleted after 72 hours, unless somebody claims it.",
        ],
        Answer::Login(LoginAnswer::Key(_, storage) | LoginAnswer::NeonCli(storage)) => {
            match storage {
                KeyStorage::Keyring => &[
                    "One request asks Neon whose key this is.",
                    "If Neon knows it, the key goes into the keyring of the operating system.",
                ],
                KeyStorage::File => &[
                    "One request asks Neon whose key this is.",
                    "If Neon knows it, the key goes into a file that only you can read, in clear.",
                ],
                KeyStorage::Session => &[
                    "One request asks Neon whose key this is.",
                    "It is kept nowhere: when neonup ends, it is forgotten.",
                ],
            }
        }
        Answer::Project(ProjectAnswer::Join(_)) => &[
            "No project is created: it exists, and we join it.",
            "Its id goes into neonup.toml, so that nobody has to choose again.",
        ],
        Answer::Project(ProjectAnswer::List) => &["Nothing is changed: all projects are listed."],
        Answer::Project(ProjectAnswer::Default | ProjectAnswer::Create(_)) => &[
            "One request creates the project, with a branch, a role and a database.",
            "Its id goes into neonup.toml, and the next developer joins instead of creating.",
            "Then we wait until Neon says that the compute is ready.",
        ],
        Answer::Env(EnvAnswer::Undo) => &[
            "The file becomes again what it was before the last write.",
            "What is there now becomes the undo copy, so that this can be undone too.",
        ],
        Answer::Env(EnvAnswer::InPlace) => &[
            "The file is overwritten where it lies, since it cannot be replaced: a power cut may leave a part of it.",
            "What was there before is kept as an undo copy, outside of the repository, and is written first.",
        ],
        Answer::Env(EnvAnswer::Default) => &[
            "The lines of the diff are written, in one piece: a power cut leaves the old file or the new one.",
            "Comments, order and all other lines stay. Only you can read the file.",
            "What was there before is kept as an undo copy, outside of the repository.",
        ],
        Answer::Backend(BackendAnswer::EditCode) => &[
            "The new files are written as shown.",
            "The shown lines of the existing file change, because we asked for it.",
        ],
        Answer::Backend(BackendAnswer::Default) => &[
            "The new files are written as shown.",
            "No existing file is touched.",
        ],
        Answer::Schema(_) => &[
            "The SQL runs in one transaction: all of it, or nothing.",
            "Then every table and every column is compared with what is expected.",
        ],
        Answer::Health(_) => &[
            "The ladder is climbed, from the name of the host to the tables.",
            "Where Python is there, the application is started, asked for its health, and stopped again.",
        ],
        Answer::Secrets(SecretsAnswer::InstallHook) => &[
            "This clone gets a check that runs before each commit.",
            "A commit that holds a live secret is refused from now on.",
        ],
        Answer::Project(ProjectAnswer::Discard(_)) => {
            &["The project that nobody uses is looked into, and deleted if it is empty."]
        }
        Answer::Project(ProjectAnswer::ResetPassword)
        | Answer::Secrets(SecretsAnswer::RotatePassword) => &[
            "Neon gives the role a new password, and we wait until it works.",
            "The env files get it, and the old one is proven to be refused.",
        ],
        Answer::Secrets(SecretsAnswer::Default) => &[
            "The env file gets its line in .gitignore, and leaves git's index. The file itself stays.",
            "Then everything is searched once more.",
        ],
        Answer::Login(LoginAnswer::Default | LoginAnswer::Rotate) => {
            &["One request asks Neon whose key this is."]
        }
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
        DemoRequest::Reset => "putting the sample project and the sandbox back",
        DemoRequest::Cause(_) => "letting it happen",
    }
}

/// Says in one sentence what an incident shows and what fixes it.
pub(crate) const fn summary(incident: Incident) -> &'static str {
    match incident {
        Incident::TrackedEnv => {
            "Somebody ran `git add -f`; one key takes the file out of the index again."
        }
        Incident::LeakedPassword => {
            "The live URL was committed in DEPLOY.md and taken out again; only a new password cures that."
        }
        Incident::SleepingCompute => {
            "The first login takes seconds, and is no failure; looking again is fast."
        }
        Incident::DuplicateProject => {
            "Two projects have our name; we choose which one it is, and write it down."
        }
    }
}

/// Announces an incident that has happened.
pub(crate) const fn incident(incident: Incident) -> Announcement {
    match incident {
        Incident::TrackedEnv => Announcement {
            title: "TRACKED",
            caption: "A mishap: git takes the .env along",
            text: "Somebody was in a hurry and ran git add -f. The file with the password is in the index now, and the next \
                   commit publishes it. An ignore line does not help any more, because git goes on tracking what it \
                   tracks.",
            watch: "the finding, and the cure: Enter takes it out of the index, and the file stays.",
        },
        Incident::LeakedPassword => Announcement {
            title: "LEAKED",
            caption: "A mishap: the password is in the history",
            text: "Somebody wrote a helpful page, DEPLOY.md, with the real connection URL in it, and committed it. A colleague \
                   saw it and took the line out again. Too late: every clone has the old commit. The password itself has to \
                   become worthless.",
            watch: "the page and the commit; then the cure, a rotation.",
        },
        Incident::SleepingCompute => Announcement {
            title: "ASLEEP",
            caption: "A mishap: the first request is slow",
            text: "Neon puts a compute to sleep when nobody uses it, and wakes it for the next login. To an application with \
                   a short time limit that looks like an outage. neonup waits, and says what it is.",
            watch: "the rung of the login. Then press r: the second look is fast.",
        },
        Incident::DuplicateProject => Announcement {
            title: "TWICE",
            caption: "A mishap: two projects of one name",
            text: "Two people set the project up on the same morning, and neonup.toml does not say yet which one is meant. A \
                   tool that guesses here sends half of the team to an empty database. So neonup does not guess.",
            watch: "both are listed. Ours is chosen already if an env file names its host; otherwise none is, and we know it by \
                    its region.",
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

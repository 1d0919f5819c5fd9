//! What each step has to show beside its findings: plain data, already masked, in the order of the screen.

use std::{sync::Arc, time::Duration};

/// The step's own facts, for its screen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Facts {
    /// Of the login step.
    Login(LoginFacts),
    /// Of the project step.
    Project(ProjectFacts),
    /// Of the env step.
    Env(EnvFacts),
    /// Of the backend step.
    Backend(BackendFacts),
    /// Of the schema step.
    Schema(SchemaFacts),
    /// Of the health step.
    Health(HealthFacts),
    /// Of the secrets step.
    Secrets(SecretsFacts),
}

/// Where an API key was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// Typed or pasted, or piped to standard input; not stored yet.
    Typed,
    /// `NEON_API_KEY`.
    Environment,
    /// The OS keyring.
    Keyring,
    /// Our own 0600 file.
    File,
    /// The `neon` CLI's credentials, taken after asking.
    NeonCli,
}

impl KeySource {
    /// How it is named to a person.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Typed => "this session only",
            Self::Environment => "NEON_API_KEY",
            Self::Keyring => "the OS keyring",
            Self::File => "a 0600 file, in plain text",
            Self::NeonCli => "the neon CLI's login",
        }
    }
}

/// What the OS keyring can do, as a self-test found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyringState {
    /// It keeps, gives back and deletes.
    Ready,
    /// It does not; the reason in one sentence.
    Unavailable(String),
}

/// What the three kinds of key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// A user's key: everything the user may do.
    Personal,
    /// An organization's key.
    Organization,
    /// A token of an interactive login of another program.
    Token,
    /// A login in the browser, by this program.
    Browser,
}

impl KeyKind {
    /// How it is named to a person.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Personal => "personal key",
            Self::Organization => "organization key",
            Self::Token => "login token",
            Self::Browser => "browser login",
        }
    }
}

/// The login screen's facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LoginFacts {
    /// The key in use: where from, masked, how many characters.
    pub key: Option<(KeySource, String, usize)>,
    /// Which kind of key it is.
    pub kind: Option<KeyKind>,
    /// Whose it is: an e-mail address, an organization.
    pub who: String,
    /// The keyring's state; `None` until asked.
    pub keyring: Option<KeyringState>,
    /// Where a stored key lies or would lie.
    pub store: String,
    /// The account of the `neon` CLI's stored login, if there is one.
    pub neon_cli: Option<String>,
    /// The API's address.
    pub api_host: String,
    /// Whether there is an issuer with which one can log in in the browser.
    pub browser: bool,
    /// What the browser is waited for with, while it is.
    pub waiting: Option<BrowserWait>,
}

/// A login in the browser that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrowserWait {
    /// The address to open.
    pub address: String,
    /// Whether a browser was opened here.
    pub opened: bool,
    /// What is wrong with the address that was pasted last.
    pub problem: Option<String>,
}

/// A project to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedProject {
    /// Neon's id.
    pub id: String,
    /// The name, which need not be unique.
    pub name: String,
    /// The region.
    pub region: String,
    /// The major version of Postgres.
    pub postgres: u16,
    /// When it was created, RFC 3339.
    pub created_at: String,
    /// How long ago that is, in words, such as `3 days ago`.
    pub age: String,
    /// Whether it may be the one that is meant: it alone where something has told it apart, such as the host in an env file;
    /// else each that has exactly the wanted name.
    pub meant: bool,
}

/// The project that the other steps use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct JoinedProject {
    /// Neon's id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The region.
    pub region: String,
    /// The major version of Postgres.
    pub postgres: u16,
    /// The branch's name.
    pub branch: String,
    /// The host of direct connections, with its port where it is not 5432.
    pub host: String,
    /// The database.
    pub database: String,
    /// The role.
    pub role: String,
    /// The state of the compute: `active`, `idle`, …
    pub compute: String,
    /// The names of the project's branches, where they are known.
    pub branches: Vec<String>,
    /// The names of the branch's databases, where they are known.
    pub databases: Vec<String>,
    /// The names of the branch's roles.
    pub roles: Vec<String>,
}

/// The project screen's facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ProjectFacts {
    /// The name that is wanted.
    pub wanted: String,
    /// The region for a new one.
    pub region: String,
    /// The version of Postgres for a new one; `None` leaves it to Neon.
    pub postgres: Option<u16>,
    /// All projects that the key sees, the exactly named ones first.
    /// There may be thousands, so that they are shared and never copied.
    pub choices: Arc<[ListedProject]>,
    /// How many Neon could not list.
    pub unlisted: usize,
    /// Whether a temporary database is meant, and no account's project.
    pub temporary: bool,
    /// What the other steps use, once it is known.
    pub joined: Option<JoinedProject>,
    /// The empty project that this run made, where another one of the name is used.
    pub left_over: Option<String>,
}

impl ProjectFacts {
    /// Whether a project of this name is listed.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.choices.iter().any(|found| found.name == name)
    }
}

/// The projects in whose name, id or region each word of the filter stands, with their places. With thousands of projects this
/// runs at every key, so that nothing is copied.
pub(crate) fn matching<'a>(
    choices: &'a [ListedProject],
    filter: &str,
) -> impl Iterator<Item = (usize, &'a ListedProject)> {
    let filter = filter.to_lowercase();
    let words: Vec<String> = filter.split_whitespace().map(str::to_owned).collect();
    choices.iter().enumerate().filter(move |(_, choice)| {
        words.iter().all(|word| {
            [&choice.name, &choice.id, &choice.region]
                .into_iter()
                .any(|text| holds(text, word))
        })
    })
}

/// Whether `text` holds `word`, which is in lower case, whatever the case.
fn holds(text: &str, word: &str) -> bool {
    if text.is_ascii() {
        let (text, word) = (text.as_bytes(), word.as_bytes());
        let Some(first) = word.first() else {
            return true;
        };
        let mut places = memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text);
        return places.any(|at| {
            let part = text.get(at..at + word.len());
            part.is_some_and(|part| part.eq_ignore_ascii_case(word))
        });
    }
    text.to_lowercase().contains(word)
}

/// The sign of a line of a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiffSign {
    /// Stays.
    Same,
    /// Is added.
    Add,
    /// Is removed.
    Remove,
}

/// A line of a diff, with every secret in it masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DiffLine {
    /// Added, removed or unchanged.
    pub sign: DiffSign,
    /// The line without its end.
    pub text: String,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckState {
    /// Not begun.
    Waiting,
    /// Under way.
    Running,
    /// In order.
    Ok,
    /// Not in order, but it does not stop the step.
    Warning,
    /// Stops the step.
    Gap,
    /// Not done; the text says why.
    Skipped,
}

/// One line of a list of checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    /// What is checked, such as `DNS` or `tracked files`.
    pub label: String,
    /// How it came out.
    pub state: CheckState,
    /// What was seen.
    pub text: String,
    /// How long it took.
    pub elapsed: Option<Duration>,
}

impl Check {
    /// A check that has come out without being timed.
    pub(crate) fn new(
        label: impl Into<String>,
        state: CheckState,
        text: impl Into<String>,
    ) -> Self {
        Self {
            label: label.into(),
            state,
            text: text.into(),
            elapsed: None,
        }
    }
}

/// One env file of the env screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvFile {
    /// The path, relative to the repository's root.
    pub file: String,
    /// What was looked at.
    pub checks: Vec<Check>,
    /// What a write would change, masked. Empty when nothing would.
    pub diff: Vec<DiffLine>,
    /// How many keys change.
    pub changed: usize,
    /// How many keys are added.
    pub added: usize,
    /// How many lines stay as they are.
    pub untouched: usize,
    /// Whether an undo copy of the last write exists.
    pub undo: bool,
    /// Whether it is the committed example, not an env file.
    pub example: bool,
}

/// The env screen's facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct EnvFacts {
    /// The targets in the order of the configuration, each followed by its example if that changes.
    pub files: Vec<EnvFile>,
}

/// A proposed change to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileChange {
    /// The path, relative to the repository's root.
    pub path: String,
    /// Why.
    pub why: String,
    /// The change.
    pub diff: Vec<DiffLine>,
    /// Whether the file exists already: then it is changed only when asked.
    pub exists: bool,
}

/// The backend screen's facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BackendFacts {
    /// The detected stack, such as `FastAPI with SQLModel`.
    pub stack: String,
    /// What was looked at.
    pub checks: Vec<Check>,
    /// What would be written or changed.
    pub changes: Vec<FileChange>,
}

/// A column of the schema screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// The name.
    pub name: String,
    /// The type and what else is known of it, as Postgres writes it.
    pub kind: String,
    /// Whether it is there as expected.
    pub state: CheckState,
}

/// A table of the schema screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// The name.
    pub name: String,
    /// Whether it is there.
    pub state: CheckState,
    /// Its columns: first those expected, then others.
    pub columns: Vec<Column>,
    /// Keys and indexes, in words.
    pub notes: Vec<String>,
}

/// The schema screen's facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SchemaFacts {
    /// Where the SQL comes from, or the command.
    pub source: String,
    /// The SQL that would run.
    pub sql: String,
    /// Whether not all of it can run in one transaction.
    pub several_transactions: bool,
    /// Tables and columns against what is expected.
    pub tables: Vec<Table>,
}

/// The health screen's facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct HealthFacts {
    /// From DNS to the application.
    pub checks: Vec<Check>,
    /// Whether the login had to wait for a compute that was asleep.
    pub cold: bool,
    /// Round trips of `SELECT 1`.
    pub samples: Vec<Duration>,
    /// How it stands with the app, and with the driver that it uses.
    pub app: AppStanding,
}

/// How it stands with what has to be started to be proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum AppStanding {
    /// There is nothing to start.
    #[default]
    Absent,
    /// It was not started with its files as they are now.
    Unproved,
    /// It was, and it failed.
    Failed,
    /// It was, and all was well.
    Proved,
}

/// The secrets screen's facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SecretsFacts {
    /// What was looked at.
    pub checks: Vec<Check>,
    /// Whether the pre-commit check is installed; `None` where it cannot be.
    pub hook: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_found_in_any_case_anywhere() {
        let choice = |name: &str| ListedProject {
            id: "old-violet-32930710".to_owned(),
            name: name.to_owned(),
            region: "aws-us-east-2".to_owned(),
            postgres: 17,
            created_at: String::new(),
            age: String::new(),
            meant: false,
        };
        let choices = [choice("Shop"), choice("Köln"), choice("")];
        let found = |filter: &str| -> Vec<String> {
            matching(&choices, filter)
                .map(|(_, choice)| choice.name.clone())
                .collect()
        };
        assert_eq!(found(""), ["Shop", "Köln", ""]);
        assert_eq!(found(" sHO  us-EAST "), ["Shop"]);
        assert_eq!(found("KÖL violet"), ["Köln"]);
        assert_eq!(found("32930710 shop köln"), [""; 0]);
    }

    /// What one key costs with 12,000 projects: a filter has to keep up with typing. Counted is the thread's own CPU, so that
    /// a busy machine does not matter; without optimisation it may take ten times as long.
    #[cfg(unix)]
    #[test]
    fn twelve_thousand_projects_are_filtered_within_a_frame() {
        use rustix::time::{ClockId, clock_gettime};
        let choices: Vec<_> = (1..=12_000)
            .map(|number| ListedProject {
                id: format!("old-violet-{number:08}"),
                name: format!("crowd-{number}"),
                region: "aws-us-east-2".to_owned(),
                postgres: 17,
                created_at: String::new(),
                age: String::new(),
                meant: false,
            })
            .collect();
        let now = || {
            let at = clock_gettime(ClockId::ThreadCPUTime);
            std::time::Duration::new(
                u64::try_from(at.tv_sec).unwrap(),
                u32::try_from(at.tv_nsec).unwrap(),
            )
        };
        let frame = std::time::Duration::from_micros(16_667);
        let limit = if cfg!(debug_assertions) {
            frame * 10
        } else {
            frame
        };
        for (filter, count) in [("c", 12_000), ("crowd-11", 1_111), ("crowd-11999", 1)] {
            let before = now();
            let found = matching(&choices, filter).count();
            let took = now().saturating_sub(before);
            assert_eq!(found, count, "{filter}");
            assert!(took < limit, "{filter}: {took:?} of CPU");
        }
    }
}

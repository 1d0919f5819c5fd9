//! The `neonup.toml` that is proposed for a repository, value by value: each with what shows it, and with the others that may be meant.
//! [`init`](super::init) makes it, and changes its values.

use std::fmt::Write as _;

use crate::{domain::reading::Spot, os::programs, project::toml_value};

/// What stands at the head of the file.
const HEAD: &str = "# What this project needs from its database. Commit it; it contains no secrets. The next developer runs: neonup\n";
/// What stands at the end where nothing shows which env file the app reads.
const GUESS: &str = "\n# Nothing here shows which file your app reads: check the name in [[env]] above, and uncomment it.\n";
/// What follows where nothing shows either how the app starts.
const GUESS_BACKEND: &str = "# Nothing shows how it starts: fill this in, and uncomment it.\n# \
[backend]\n# dir = \"\"\n# start = [\"npm\", \"start\"]\n# health = \"http://localhost:8000/health\"\n";

/// What shows that a value is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ValueOrigin {
    /// It stands in a file of the repository. The line is 0 where all of the file shows it.
    Seen(Spot),
    /// Nothing in the repository says so: it is the usual value.
    Usual,
    /// Nothing shows that the application reads it: it is written as a comment.
    Guess,
    /// It follows from another value, or from the name of the folder.
    Derived,
    /// A person has chosen it.
    Chosen,
}

/// One value of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DraftValue {
    /// The table that it stands in: `project`, `env`, `schema` or `backend`.
    pub table: &'static str,
    /// Its key, as it is written.
    pub key: String,
    /// What it holds, in TOML.
    pub value: String,
    pub comment: &'static str,
    pub origin: ValueOrigin,
    /// Other values that may be meant, in TOML.
    pub others: Vec<String>,
    /// Whether the file may do without it: then it holds nothing where it isn't set.
    is_optional: bool,
}

impl DraftValue {
    pub(super) fn new(
        table: &'static str,
        key: &str,
        value: String,
        comment: &'static str,
    ) -> Self {
        Self {
            table,
            key: key.to_owned(),
            value,
            comment,
            origin: ValueOrigin::Derived,
            others: Vec::new(),
            is_optional: false,
        }
    }

    /// A value of `[project]` that need not be set.
    pub(super) fn optional(key: &str, value: Option<String>, others: Vec<String>) -> Self {
        let value = value.unwrap_or_default();
        Self {
            others: others.into_iter().filter(|other| *other != value).collect(),
            is_optional: true,
            ..Self::new("project", key, value, "")
        }
    }

    /// The name that a person knows it by.
    pub(crate) fn name(&self) -> &str {
        match (self.table, self.key.as_str()) {
            ("project", "name") => "Project name",
            ("project", "org") => "Organization",
            ("project", "region") => "Region",
            ("project", "postgres") => "Postgres version",
            ("project", "branch") => "Branch",
            ("project", "branch_expires_days") => "Branch expires",
            ("project", "database") => "Database",
            ("project", "role") => "Role",
            ("env", "file") => "Env file",
            ("env", "example") => "Its example",
            ("schema", "files") => "SQL files",
            ("schema", "command") => "Migration",
            ("schema", "dir") => "Migration folder",
            ("schema", "pending") => "Pending check",
            ("schema", "only_empty") => "Only if empty",
            ("backend", "dir") => "App folder",
            ("backend", "start") => "Start command",
            ("backend", "health") => "Health route",
            ("backend", "expect") => "Health answer",
            ("backend", "timeout") => "Time limit",
            (_, key) => key.strip_prefix("keys.").unwrap_or(key),
        }
    }

    /// Whether the file may do without it.
    pub(crate) const fn is_optional(&self) -> bool {
        self.is_optional
    }

    /// Whether it is one of the keys of an env file.
    fn is_key(&self) -> bool {
        self.key.starts_with("keys.")
    }

    fn parsed(&self) -> Option<toml_edit::Value> {
        self.value.parse().ok()
    }

    /// What a person edits: a text or the words of a command as they are typed elsewhere, all else in TOML.
    pub(crate) fn editable(&self) -> String {
        let bare = match self.parsed() {
            Some(toml_edit::Value::String(text)) if !self.is_key() => Some(text.value().clone()),
            Some(toml_edit::Value::Array(list)) => {
                let words: Option<Vec<_>> = list.iter().map(toml_edit::Value::as_str).collect();
                words.map(|words| programs::typed(&words))
            }
            _ => None,
        };
        bare.unwrap_or_else(|| self.value.clone())
    }

    /// In TOML, what a person has typed.
    pub(super) fn in_toml(&self, typed: &str) -> Result<String, String> {
        let is_toml = typed.parse::<toml_edit::Value>().is_ok();
        let text = |text: &str| toml_edit::Value::from(text).to_string();
        if self.is_optional && typed.is_empty() {
            return Ok(String::new());
        }
        let is_number = matches!(self.key.as_str(), "postgres" | "branch_expires_days");
        if self.is_optional && is_number {
            let number = typed.parse::<u16>();
            return number.map_or_else(
                |_| Err("this is a number".to_owned()),
                |number| Ok(number.to_string()),
            );
        }
        if self.is_optional && !(typed.starts_with(['"', '\'']) && is_toml) {
            return Ok(text(typed));
        }
        match self.parsed() {
            Some(toml_edit::Value::String(_)) if !self.is_key() => {
                let quoted = typed.starts_with(['"', '\'']) && is_toml;
                Ok(if quoted {
                    typed.to_owned()
                } else {
                    text(typed)
                })
            }
            Some(toml_edit::Value::Array(_)) if !(typed.starts_with('[') && is_toml) => {
                let words = programs::words(typed).ok_or("a quote isn't closed")?;
                let words: toml_edit::Array = words.into_iter().collect();
                Ok(words.to_string())
            }
            _ if is_toml => Ok(typed.to_owned()),
            _ => Err("this isn't a TOML value: put a string in quotes".to_owned()),
        }
    }

    /// What it holds, in a few words.
    pub(crate) fn plain(&self) -> String {
        if self.value.is_empty() {
            return "(not set)".to_owned();
        }
        let table = self.value.starts_with('{');
        let bare: String = if table {
            let brackets = ['"', '{', '}'];
            self.value
                .chars()
                .filter(|char| !brackets.contains(char))
                .collect()
        } else if let Some(toml_edit::Value::String(text)) = self.parsed() {
            text.value().clone()
        } else {
            self.editable()
        };
        let words = bare.trim();
        if let Some(url) = words.strip_prefix("url = ").filter(|_| table) {
            return url
                .replace(", driver = ", " URL, ")
                .replace(", part = ", " ");
        }
        if let Some(random) = words.strip_prefix("generate = ").filter(|_| table) {
            return match random.split_once(", bytes = ") {
                Some((encoding, bytes)) => format!("random {encoding}, {bytes} bytes"),
                None => format!("random {random}"),
            };
        }
        let by_hand = words.strip_prefix("fill = ").filter(|_| table);
        match by_hand.unwrap_or(words) {
            "" => "(this folder)".to_owned(),
            words => words.replace("same_as = ", "as in ").replace(" = ", " "),
        }
    }

    fn line(&self) -> String {
        let Self { key, value, .. } = self;
        if self.comment.is_empty() {
            format!("{key} = {value}\n")
        } else {
            format!("{key} = {value}  # {}\n", self.comment)
        }
    }
}

/// A table of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DraftTable {
    pub header: &'static str,
    /// Whether it stands as a comment, since nothing shows that it is right.
    pub is_guess: bool,
    pub values: Vec<DraftValue>,
}

impl DraftTable {
    fn text(&self) -> String {
        let lines: String = self.values.iter().map(DraftValue::line).collect();
        let table = format!("{}\n{lines}", self.header);
        if !self.is_guess {
            return format!("\n{table}");
        }
        let lines: Vec<_> = table.lines().map(|line| format!("# {line}")).collect();
        format!("\n{}\n", lines.join("\n"))
    }
}

/// The file that is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Draft {
    pub(super) tables: Vec<DraftTable>,
    /// Applications that are not set up by it: their folders and stacks.
    pub(super) others: Vec<(String, &'static str)>,
    /// Whether nothing shows how the application starts, or what it reads.
    pub(super) starts_unknown: bool,
    is_changed: bool,
    /// The text of the file that it was read from; `None` where there is none yet.
    source: Option<String>,
}

impl Draft {
    pub(super) fn new(tables: Vec<DraftTable>) -> Self {
        Self {
            tables,
            ..Self::default()
        }
    }

    /// The values of a file that exists.
    pub(super) fn of_file(tables: Vec<DraftTable>, source: &str) -> Self {
        Self {
            source: Some(source.to_owned()),
            ..Self::new(tables)
        }
    }

    /// The text of the file that exists, as it was read.
    pub(crate) fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The text of the file that exists with what a person has chosen in it. What can't be put in its place is left out.
    fn edited(&self, source: &str) -> String {
        let mut text = source.to_owned();
        let mut env_files = 0;
        for table in &self.tables {
            let is_env = table
                .values
                .first()
                .is_some_and(|value| value.table == "env");
            let at = if is_env { env_files } else { 0 };
            env_files += usize::from(is_env);
            let chosen = |value: &&DraftValue| value.origin == ValueOrigin::Chosen;
            for value in table.values.iter().filter(chosen) {
                let DraftValue {
                    table, key, value, ..
                } = value;
                text = toml_value::with_value(&text, table, at, key, value).unwrap_or(text);
            }
        }
        text
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> String {
        if let Some(source) = &self.source {
            return self.edited(source);
        }
        let mut out = HEAD.to_owned();
        out.extend(self.tables.iter().map(DraftTable::text));
        for (dir, stack) in &self.others {
            let dir = if dir.is_empty() { "." } else { dir };
            let dir = name_in_comment(dir);
            // writing to a string cannot fail
            writeln!(out, "\n# Not set up here: {stack} in {dir}").ok();
        }
        if self.tables.iter().any(|table| table.is_guess) {
            out.push_str(GUESS);
        }
        if self.starts_unknown {
            out.push_str(GUESS_BACKEND);
        }
        out
    }

    /// Its values, in their order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &DraftValue> {
        self.tables.iter().flat_map(|table| &table.values)
    }

    /// One of its values.
    pub(crate) fn value(&self, index: usize) -> Option<&DraftValue> {
        self.values().nth(index)
    }

    /// Whether a person has changed a value.
    pub(crate) fn is_changed(&self) -> bool {
        match &self.source {
            Some(source) => self.text() != *source,
            None => self.is_changed,
        }
    }

    /// Whether it names an env file that is no guess.
    pub(crate) fn is_certain(&self) -> bool {
        !self.tables.iter().any(|table| table.is_guess)
    }

    /// The same with another value, in TOML. It may be one with which the file can't be read.
    pub(super) fn with(&self, index: usize, value: &str) -> Self {
        let mut draft = self.clone();
        let mut at = index;
        for table in &mut draft.tables {
            let count = table.values.len();
            let Some(changed) = table.values.get_mut(at) else {
                at -= count;
                continue;
            };
            // all of them come again, the present one last
            changed.others.retain(|other| other != value);
            let present = std::mem::replace(&mut changed.value, value.to_owned());
            if present != value {
                changed.others.push(present);
                changed.comment = "";
            }
            changed.origin = ValueOrigin::Chosen;
            // whoever has looked at a guess, and said what is right, has made it none
            table.is_guess = false;
            break;
        }
        draft.is_changed = true;
        draft
    }
}

/// An application with its folder, for a person.
pub(crate) fn in_folder(stack: &str, dir: &str) -> String {
    if dir.is_empty() {
        stack.to_owned()
    } else {
        format!("{stack} in {dir}/")
    }
}

/// A name of the repository's as it may stand in a comment.
fn name_in_comment(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).collect()
}

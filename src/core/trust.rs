//! What a clone would have us run, and what a person has agreed to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::core::code::Code;

/// What a command of the clone is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CommandPurpose {
    /// Installs the application's packages.
    Packages,
    /// Builds what the application or its migration runs.
    Build,
    /// Makes the tables.
    Schema,
    /// Connects with the project's own driver, in the project's own interpreter.
    Driver,
    /// Starts the application.
    App,
}

impl CommandPurpose {
    /// All of them, in the order in which they are run.
    pub(crate) const ALL: [Self; 5] = [
        Self::Packages,
        Self::Build,
        Self::Schema,
        Self::Driver,
        Self::App,
    ];

    /// What it is, for a person.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Packages => "the install command for packages",
            Self::Build => "the build command",
            Self::Schema => "the migration command",
            Self::Driver => "the interpreter that runs the driver check",
            Self::App => "the app's start command",
        }
    }

    /// What is reported while nobody has agreed to it.
    pub(crate) const fn code(self) -> Code {
        match self {
            Self::Packages => Code::HealthPackagesUntrusted,
            Self::Build => Code::HealthBuildUntrusted,
            Self::Schema => Code::SchemaCommandUntrusted,
            Self::Driver => Code::HealthDriverUntrusted,
            Self::App => Code::HealthAppUntrusted,
        }
    }
}

/// How words become a command that can be typed, which is for each system to say.
pub(crate) type Typing = fn(&[&str]) -> String;

/// A command of the clone, with all that decides what it does: consent is for exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CloneCommand {
    pub purpose: CommandPurpose,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Its folder, relative to the root; empty for the root itself.
    pub dir: String,
    /// The names of the variables that it gets from the env file, with a digest of what the repository says they hold.
    pub variables: BTreeMap<String, String>,
    /// The files of the repository that it names, with the SHA-256 of each.
    pub files: BTreeMap<String, String>,
    /// The commands that ask whether it has something to do, where it has such: whoever agrees to it agrees to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Vec<String>>,
    /// Why its content can't be remembered, where it can't: a limit, or a file that can't be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unheld: Option<String>,
}

impl CloneCommand {
    /// The command as it would be typed, on one line, with every character visible.
    pub(crate) fn line(&self, typing: Typing) -> String {
        typed(&self.argv, typing)
    }

    /// The commands that ask whether it has something to do, as they would be typed.
    pub(crate) fn question_lines(&self, typing: Typing) -> Vec<String> {
        let line = |argv: &Vec<String>| typed(argv, typing);
        self.questions.iter().map(line).collect()
    }

    /// The command in full: where it runs, what it gets, what it names.
    pub(crate) fn in_full(&self, typing: Typing) -> String {
        let mut text = format!("`{}`", self.line(typing));
        if !self.dir.is_empty() {
            text = format!("{text} in `{}`", visible(&self.dir));
        }
        let names = |names: &mut dyn Iterator<Item = &String>| {
            names
                .map(|name| visible(name))
                .collect::<Vec<_>>()
                .join(", ")
        };
        if !self.variables.is_empty() {
            let variables = names(&mut self.variables.keys());
            text = format!("{text}, with {variables}");
        }
        if !self.files.is_empty() {
            let files = names(&mut self.files.keys());
            text = format!("{text}; it refers to {files}");
        }
        if !self.questions.is_empty() {
            let lines: Vec<_> = self
                .question_lines(typing)
                .into_iter()
                .map(|line| format!("`{line}`"))
                .collect();
            text = format!("{text}; checks run {}", lines.join(", "));
        }
        text
    }

    /// What is different from how it was when somebody agreed to it, a phrase for each.
    pub(crate) fn differences(&self, before: &Self, typing: Typing) -> Vec<String> {
        let mut changes = Vec::new();
        if self.argv != before.argv {
            changes.push(format!("the command was `{}`", before.line(typing)));
        }
        if self.dir != before.dir {
            let dir = if before.dir.is_empty() {
                "."
            } else {
                &before.dir
            };
            changes.push(format!("the folder was `{}`", visible(dir)));
        }
        if self.questions != before.questions {
            changes.push("the check's queries".to_owned());
        }
        let names: BTreeSet<_> = self.files.keys().chain(before.files.keys()).collect();
        for name in names {
            let shown = visible(name);
            match (before.files.get(name), self.files.get(name)) {
                (Some(old), Some(new)) if old != new => changes.push(format!("`{shown}` changed")),
                (None, Some(_)) => changes.push(format!("`{shown}` is new")),
                (Some(_), None) => changes.push(format!("`{shown}` is gone")),
                _ => {}
            }
        }
        let names: BTreeSet<_> = self
            .variables
            .keys()
            .chain(before.variables.keys())
            .collect();
        for name in names {
            let shown = visible(name);
            match (before.variables.get(name), self.variables.get(name)) {
                (Some(old), Some(new)) if old != new => {
                    changes.push(format!("{shown} has a different value"));
                }
                (None, Some(_)) => changes.push(format!("it now also gets {shown}")),
                (Some(_), None) => changes.push(format!("it no longer gets {shown}")),
                _ => {}
            }
        }
        changes
    }
}

/// A command as it would be typed, on one line, with every character visible.
fn typed(argv: &[String], typing: Typing) -> String {
    let words: Vec<_> = argv.iter().map(String::as_str).collect();
    visible(&typing(&words))
}

/// A text with what a terminal would hide, or act on, written out: nobody agrees to what can't be seen.
fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
    };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(argv: &[&str]) -> CloneCommand {
        CloneCommand {
            purpose: CommandPurpose::App,
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            dir: "backend".to_owned(),
            variables: BTreeMap::new(),
            files: BTreeMap::from([("run.sh".to_owned(), "1".to_owned())]),
            questions: Vec::new(),
            unheld: None,
        }
    }

    fn joined(words: &[&str]) -> String {
        shlex::try_join(words.iter().copied()).unwrap()
    }

    #[test]
    fn a_command_is_shown_with_every_character_visible() {
        let shown = command(&["sh", "-c", "a\n\u{1b}[2Kb\u{202e}c\u{200b}"]).line(joined);
        assert_eq!(shown, r"sh -c 'a\n\u{1b}[2Kb\u{202e}c\u{200b}'");
        assert!(
            command(&["a b"])
                .in_full(joined)
                .starts_with("`'a b'` in `backend`")
        );
    }

    #[test]
    fn what_changed_is_said() {
        let before = command(&["sh", "run.sh"]);
        let mut now = command(&["sh", "run.sh", "-x"]);
        now.dir.clear();
        now.files = BTreeMap::from([
            ("run.sh".to_owned(), "2".to_owned()),
            ("new.sh".to_owned(), "1".to_owned()),
        ]);
        now.variables.insert("LD_PRELOAD".to_owned(), String::new());
        assert_eq!(
            now.differences(&before, joined),
            [
                "the command was `sh run.sh`",
                "the folder was `backend`",
                "`new.sh` is new",
                "`run.sh` changed",
                "it now also gets LD_PRELOAD"
            ]
        );
        assert!(before.differences(&before, joined).is_empty());
    }
}

//! The user's editor, for a text that is neither a file of the project nor seen by anybody else.

use std::{
    env,
    io::{self, Write as _},
    path::Path,
};

use futures_util::Stream;
use tokio::process::Command;

use crate::{
    core::environment::Environment,
    os::{bounded, files, folders, programs, signals::Signal},
    ports::foreground,
};

/// How much an editor may give back. An env file is far smaller.
const TEXT_LIMIT: u64 = 10 * 1024 * 1024;
/// The name of the folders for edited texts, before the process that made them.
const FOLDER: &str = "neonup-edit-";

/// How the line begins that says what is wrong with the text.
const PROBLEM: &str = "# neonup: ";

/// Why nothing came back from the editor.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditorError {
    #[error("`{name}` can't be read as a command: a quote isn't closed")]
    Unclosed { name: &'static str },
    #[error("the editor `{program}` can't be started")]
    NotStarted {
        program: String,
        #[source]
        source: io::Error,
    },
    #[error("the editor `{0}` ended with an error")]
    Failed(String),
    #[error("neonup was told to end")]
    Ended,
    #[error("can't write the text for the editor")]
    NotWritten(#[source] io::Error),
    #[error("can't read what the editor saved")]
    NotRead(#[source] io::Error),
    /// It was left as it was after this was said about it.
    #[error("nothing was kept: {0}")]
    Refused(String),
}

/// An editor: a program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextEditor {
    command: String,
    variable: &'static str,
    environment: Environment,
}

impl TextEditor {
    /// The editor that the user has chosen (`VISUAL`, then `EDITOR`), or else a usual one that is installed. `environment` is what it gets of
    /// ours, with the folders in which it is looked for.
    pub(crate) fn find(environment: Environment) -> Option<Self> {
        let chosen = ["VISUAL", "EDITOR"].into_iter().find_map(|variable| {
            let command = environment.get(variable)?.trim();
            (!command.is_empty()).then(|| (command.to_owned(), variable))
        });
        let usual = || {
            let path = environment.get("PATH")?;
            let there = |name: &&&str| {
                env::split_paths(path).any(|folder| programs::is_executable(&folder.join(name)))
            };
            let name = programs::EDITORS.iter().find(there)?;
            Some(((*name).to_owned(), "EDITOR"))
        };
        let (command, variable) = chosen.or_else(usual)?;
        Some(Self {
            command,
            variable,
            environment,
        })
    }

    /// Gives the editor the terminal and a text, and waits until it ends. `name` is a file's, so that the editor knows its kind.
    pub(crate) async fn edit(
        &self,
        name: &str,
        text: &str,
        signals: &mut (impl Stream<Item = Signal> + Unpin),
    ) -> Result<String, EditorError> {
        let words = programs::words(&self.command).ok_or(EditorError::Unclosed {
            name: self.variable,
        })?;
        let (program, arguments) = words.split_first().ok_or(EditorError::Unclosed {
            name: self.variable,
        })?;
        // it is gone with this value, with whatever the editor has left beside the file
        let folder = folders::create_temporary(FOLDER).map_err(EditorError::NotWritten)?;
        // an editor keeps copies beside the file, which everybody could read
        let own = folder.path().join("text");
        let path = own.join(file_name(name));
        files::new_private_dir(&own)
            .and_then(|()| files::new_private_file(&path))
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(EditorError::NotWritten)?;
        let editor = Command::new(program)
            .env_clear()
            .envs(self.environment.iter())
            .args(arguments)
            .arg(&path)
            // a repository could have settings for an editor that is started in it
            .current_dir(&own)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| EditorError::NotStarted {
                program: program.clone(),
                source,
            })?;
        let status = foreground::wait(editor, signals)
            .await
            .map_err(|source| EditorError::NotStarted {
                program: program.clone(),
                source,
            })?
            .ok_or(EditorError::Ended)?;
        if !status.success() {
            return Err(EditorError::Failed(program.clone()));
        }
        bounded::read_text(&path, TEXT_LIMIT).map_err(EditorError::NotRead)
    }

    /// Has a text edited until it is taken: what is wrong with it is its first line then. Whoever leaves it so gives up.
    pub(crate) async fn edit_until_taken<T, F: Future<Output = Result<T, String>>>(
        &self,
        name: &str,
        text: &str,
        signals: &mut (impl Stream<Item = Signal> + Unpin),
        take: impl Fn(String) -> F,
    ) -> Result<T, EditorError> {
        let mut shown = text.to_owned();
        let mut problem = None;
        loop {
            let edited = self.edit(name, &shown, signals).await?;
            if edited == shown
                && let Some(problem) = problem
            {
                return Err(EditorError::Refused(problem));
            }
            let text = match edited.strip_prefix(PROBLEM) {
                Some(rest) => rest.split_once('\n').map_or("", |(_, text)| text),
                None => &edited,
            };
            match take(text.to_owned()).await {
                Ok(taken) => return Ok(taken),
                Err(why) => {
                    let why = why.replace(['\n', '\r'], " ");
                    shown = format!("{PROBLEM}{why}\n{text}");
                    problem = Some(why);
                }
            }
        }
    }
}

/// The last part of a file's name, without what an editor or a shell could read otherwise.
fn file_name(name: &str) -> String {
    let last = Path::new(name).file_name().unwrap_or_default();
    let plain = |char: char| char.is_alphanumeric() || matches!(char, '.' | '-' | '_');
    let kept: String = last
        .to_string_lossy()
        .chars()
        .filter(|c| plain(*c))
        .collect();
    let kept = kept.trim_start_matches('-');
    if kept.trim_matches('.').is_empty() {
        ".env".to_owned()
    } else {
        kept.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use std::fs;

    use futures_util::stream;

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let path = env::var("PATH").unwrap();
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let path = ("PATH", path.as_str());
        Environment::new(
            std::iter::once(path)
                .chain(variables.iter().copied())
                .map(owned),
        )
    }

    #[test]
    fn the_users_choice_comes_first() {
        let command = |variables: &[(&str, &str)]| {
            TextEditor::find(environment(variables)).map(|e| e.command)
        };
        let both = [("EDITOR", "nano -w"), ("VISUAL", "code --wait")];
        assert_eq!(command(&both).as_deref(), Some("code --wait"));
        assert_eq!(command(&both[..1]).as_deref(), Some("nano -w"));
        let nowhere = Environment::new([("PATH".to_owned(), "/nonexistent".to_owned())]);
        assert_eq!(TextEditor::find(nowhere), None);
    }

    #[test]
    fn a_file_name_is_one_that_no_editor_takes_for_something_else() {
        for (name, expected) in [
            ("backend/.env", ".env"),
            ("+q!.env", "q.env"),
            ("-c.env", "c.env"),
            ("..", ".env"),
            ("a b\n.env.local", "ab.env.local"),
        ] {
            assert_eq!(file_name(name), expected);
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_the_editor_saves_comes_back_and_nothing_stays() {
        use std::os::unix::fs::PermissionsExt as _;
        let tools = tempfile::tempdir().unwrap();
        let script = tools.path().join("my editor");
        let seen = tools.path().join("seen");
        fs::write(
            &script,
            "#!/bin/sh\nstat -c %a \"$2\" . > \"$SEEN\"; pwd >> \"$SEEN\"; echo \"$1 NEW=1\" >> \"$2\"\n",
        )
        .unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
        let command = format!("'{}' --wait", script.display());
        let seen_at = seen.display().to_string();
        let editor = environment(&[("EDITOR", &command), ("SEEN", &seen_at)]);
        let editor = TextEditor::find(editor).unwrap();
        let text = editor.edit(".env", "A=1\n", &mut stream::pending()).await;
        assert_eq!(text.unwrap(), "A=1\n--wait NEW=1\n");
        let seen = fs::read_to_string(seen).unwrap();
        let [file, folder, place] = seen.lines().collect::<Vec<_>>()[..] else {
            panic!("{seen}");
        };
        assert_eq!([file, folder], ["600", "700"]);
        assert!(!Path::new(place).exists(), "the folder stays: {place}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn an_editor_that_fails_gives_nothing() {
        for (command, expected) in [
            ("false", "the editor `false` ended with an error"),
            (
                "no-such-editor -x",
                "the editor `no-such-editor` can't be started",
            ),
            (
                "'open",
                "`EDITOR` can't be read as a command: a quote isn't closed",
            ),
        ] {
            let editor = TextEditor::find(environment(&[("EDITOR", command)])).unwrap();
            let error = editor.edit(".env", "", &mut stream::pending()).await;
            assert_eq!(error.unwrap_err().to_string(), expected);
        }
    }
}

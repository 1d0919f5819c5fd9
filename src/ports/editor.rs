//! The user's editor, for a text that is neither a file of the project nor seen by anybody else.

use std::{
    env,
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use futures_util::Stream;
use tokio::process::Command;

use crate::{
    core::environment::Environment,
    os::{bounded, files, folders, foreground::TerminalModes, programs, signals::Signal},
    ports::foreground,
};

/// How much an editor may give back. An env file is far smaller.
const TEXT_LIMIT: u64 = 10 * 1024 * 1024;
/// The name of the folders for edited texts, before the process that made them.
const FOLDER: &str = "neonup-edit-";

/// How the line begins that says what is wrong with the text.
const PROBLEM: &str = "# neonup: ";

/// How often a text is edited again: a program that changes it each time is no person.
const MOST_ROUNDS: usize = 50;
/// Nobody changes a text so quickly: the editor has a window of its own, and doesn't wait for it.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Why an edited text isn't taken, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EditRefusal {
    /// Whoever edits it again can mend it. The sentence stands above the text.
    Again(String),
    /// What it was made from is no longer so.
    Given(String),
}

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
    #[error(
        "the editor returned at once and changed nothing; one with its own window must wait, such as `EDITOR=\"code --wait\"`"
    )]
    AtOnce,
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
        let before = TerminalModes::now();
        let found = programs::startable(
            program,
            self.environment.get("PATH"),
            self.environment.get("PATHEXT"),
        );
        let editor = Command::new(found)
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
        let status = foreground::wait(editor, before, signals)
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
    pub(crate) async fn edit_until_taken<T, F: Future<Output = Result<T, EditRefusal>>>(
        &self,
        name: &str,
        text: &str,
        signals: &mut (impl Stream<Item = Signal> + Unpin),
        take: impl Fn(String) -> F,
    ) -> Result<T, EditorError> {
        let mut shown = text.to_owned();
        let mut problem: Option<String> = None;
        for _ in 0..MOST_ROUNDS {
            let opened = Instant::now();
            let edited = self.edit(name, &shown, signals).await?;
            let unchanged = edited == shown;
            let said = problem.take();
            if unchanged && let Some(said) = said {
                return Err(EditorError::Refused(said));
            }
            if unchanged && opened.elapsed() < AT_ONCE {
                return Err(EditorError::AtOnce);
            }
            let first = said.map(|said| format!("{PROBLEM}{said}\n"));
            let text = match first.and_then(|first| edited.strip_prefix(&first).map(str::to_owned))
            {
                Some(text) => text,
                None => edited,
            };
            match take(text.clone()).await {
                Ok(taken) => return Ok(taken),
                Err(EditRefusal::Given(why)) => return Err(EditorError::Refused(why)),
                Err(EditRefusal::Again(why)) => {
                    let why = why.replace(['\n', '\r'], " ");
                    shown = format!("{PROBLEM}{why}\n{text}");
                    problem = Some(why);
                }
            }
        }
        Err(EditorError::Refused(problem.unwrap_or_default()))
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

    /// An editor that runs this line of a shell, in which `$1` is the file.
    #[cfg(unix)]
    fn shell(tools: &tempfile::TempDir, line: &str) -> TextEditor {
        let script = tools.path().join("editor");
        fs::write(&script, format!("{line}\n")).unwrap();
        let command = format!("sh '{}'", script.display());
        TextEditor::find(environment(&[("EDITOR", &command)])).unwrap()
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_cannot_be_taken_is_edited_again_below_its_reason() {
        let tools = tempfile::tempdir().unwrap();
        let editor = shell(&tools, "echo B=2 >> \"$1\"");
        let text = "# neonup: a line of one's own\nA=1\n";
        let seen = std::cell::RefCell::new(Vec::new());
        let take = |edited: String| {
            seen.borrow_mut().push(edited);
            let rounds = seen.borrow().len();
            async move {
                match rounds {
                    1 => Err(EditRefusal::Again("line 2: no".to_owned())),
                    _ => Ok(rounds),
                }
            }
        };
        let taken = editor
            .edit_until_taken(".env", text, &mut stream::pending(), take)
            .await;
        assert_eq!(taken.unwrap(), 2);
        assert_eq!(
            *seen.borrow(),
            [format!("{text}B=2\n"), format!("{text}B=2\nB=2\n")]
        );

        let given = |_| async { Err::<(), _>(EditRefusal::Given("it is gone".to_owned())) };
        let error = editor
            .edit_until_taken(".env", text, &mut stream::pending(), given)
            .await;
        assert_eq!(
            error.unwrap_err().to_string(),
            "nothing was kept: it is gone"
        );
        let again = |_| async { Err::<(), _>(EditRefusal::Again("no".to_owned())) };
        let editor = shell(
            &tools,
            "grep -q '^# neonup: no' \"$1\" || echo B=2 >> \"$1\"",
        );
        let error = editor
            .edit_until_taken(".env", "A=1\n", &mut stream::pending(), again)
            .await;
        assert_eq!(error.unwrap_err().to_string(), "nothing was kept: no");
        let at_once = shell(&tools, ":")
            .edit_until_taken(".env", "A=1\n", &mut stream::pending(), again)
            .await;
        assert!(at_once.unwrap_err().to_string().contains("code --wait"));
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

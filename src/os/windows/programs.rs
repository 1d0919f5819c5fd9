//! How programs are named, and where they lie.

use std::path::Path;

/// The folder of a virtual environment's programs.
pub(crate) const ENVIRONMENT_PROGRAMS: &str = "Scripts";
/// The folder of the programs of a conda environment: its own.
pub(crate) const CONDA_PROGRAMS: &str = "";
/// The names by which a Python may be found, the best first. The launcher `py` starts the newest one of the machine.
pub(crate) const PYTHON: &[&str] = &["python", "py"];

/// What can be started. The rest of `PATHEXT` are scripts of other programs.
const STARTABLE: [&str; 4] = [".com", ".exe", ".bat", ".cmd"];

/// The editors that are usual here, the easiest first.
pub(crate) const EDITORS: &[&str] = &["notepad.exe"];

/// The file names that a program of this name may have, the first that counts first: in the order of `PATHEXT`.
pub(crate) fn file_names(program: &str, endings: Option<&str>) -> Vec<String> {
    let named = program.to_ascii_lowercase();
    if STARTABLE.iter().any(|ending| named.ends_with(ending)) {
        return vec![program.to_owned()];
    }
    let wanted = endings.map(|endings| {
        endings
            .split(';')
            .map(str::to_ascii_lowercase)
            .filter(|ending| STARTABLE.contains(&ending.as_str()))
            .collect::<Vec<_>>()
    });
    wanted
        .filter(|wanted| !wanted.is_empty())
        .unwrap_or_else(|| STARTABLE.map(str::to_owned).to_vec())
        .into_iter()
        .map(|ending| format!("{program}{ending}"))
        .collect()
}

/// Whether a word names a program by its path, not by its name alone.
pub(crate) fn is_path(word: &str) -> bool {
    word.contains(['/', '\\'])
}

/// Words as they can be pasted into cmd or PowerShell, to which a backslash is a part of a path.
pub(crate) fn typed(words: &[&str]) -> String {
    let quoted = |word: &&str| {
        let plain = |char: char| char.is_alphanumeric() || r"-_./\:=@+,~".contains(char);
        if !word.is_empty() && word.chars().all(plain) {
            return (*word).to_owned();
        }
        // a program would take a backslash before the quote for the quote's
        let end = if word.ends_with('\\') { r"\" } else { "" };
        format!("\"{}{end}\"", word.replace('"', "\\\""))
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// The words of a command as a person has written it; `None` where a quote isn't closed. A backslash is a part of a path.
pub(crate) fn words(command: &str) -> Option<Vec<String>> {
    shlex::split(&command.replace('\\', r"\\"))
}

/// The interpreter of a virtual environment.
pub(crate) fn interpreter_of(environment: &str) -> String {
    format!(r"{environment}\Scripts\python")
}

/// The name of an environment variable, as it is asked for: Windows has `Path` and `SystemRoot`, and finds them by any spelling.
pub(crate) fn variable_name(name: &str) -> String {
    name.to_uppercase()
}

/// Whether a file is one that we may run.
pub(crate) fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_its_backslashes_and_stays_one_word() {
        let words = [
            r"C:\a b\python",
            "-m",
            r"C:\plain\python",
            r"C:\a b\",
            "",
            "x\"y",
        ];
        assert_eq!(
            typed(&words),
            r#""C:\a b\python" -m C:\plain\python "C:\a b\\" "" "x\"y""#
        );
    }

    #[test]
    fn a_program_is_found_by_the_endings_that_can_be_started() {
        assert_eq!(
            file_names("npm", Some(".COM;.EXE;.CMD;.JS")),
            ["npm.com", "npm.exe", "npm.cmd"]
        );
        assert_eq!(file_names("a.b", Some("")).len(), 4);
        assert_eq!(file_names("Git.EXE", None), ["Git.EXE"]);
    }
}

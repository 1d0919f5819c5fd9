//! How programs are named, and where they lie.

use std::path::{Path, PathBuf};

/// The folder of a virtual environment's programs.
pub(crate) const ENVIRONMENT_PROGRAMS: &str = "bin";
/// The folder of the programs of a conda environment.
pub(crate) const CONDA_PROGRAMS: &str = "bin";
/// The names by which a Python may be found, the best first.
pub(crate) const PYTHON: &[&str] = &["python", "python3"];

/// The editors that are usual here, the easiest first.
pub(crate) const EDITORS: &[&str] = &["nano", "vi"];

/// The file names that a program of this name may have, the first that counts first.
pub(crate) fn file_names(program: &str, _endings: Option<&str>) -> Vec<String> {
    vec![program.to_owned()]
}

/// Whether a word names a program by its path, not by its name alone.
pub(crate) fn is_path(word: &str) -> bool {
    word.contains('/')
}

/// Words as they can be pasted into a shell.
pub(crate) fn typed(words: &[&str]) -> String {
    shlex::try_join(words.iter().copied()).unwrap_or_else(|_nul| words.join(" "))
}

/// The words of a command as a person has written it; `None` where a quote isn't closed.
pub(crate) fn words(command: &str) -> Option<Vec<String>> {
    shlex::split(command)
}

/// What starts a program that is named by a person: the system looks for it in the folders of `PATH`.
pub(crate) fn startable(program: &str, _path: Option<&str>, _endings: Option<&str>) -> PathBuf {
    program.into()
}

/// The interpreter of a virtual environment.
pub(crate) fn interpreter_of(environment: &str) -> String {
    format!("{environment}/bin/python")
}

/// The name of an environment variable, as it is asked for.
pub(crate) fn variable_name(name: &str) -> String {
    name.to_owned()
}

/// Whether a file is one that we may run.
pub(crate) fn is_executable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file()
}

//! How programs are named, and where they lie.
#![expect(
    unsafe_code,
    reason = "where an alias of a program leads has no safe interface in the standard library"
)]

use std::{
    env,
    fs::OpenOptions,
    io,
    os::windows::{fs::OpenOptionsExt as _, io::AsRawHandle as _},
    path::{Path, PathBuf},
    ptr,
};

use windows_sys::Win32::{
    Storage::FileSystem::FILE_FLAG_OPEN_REPARSE_POINT,
    System::{IO::DeviceIoControl, Ioctl::FSCTL_GET_REPARSE_POINT},
};

use super::handle::done;
use crate::os::windows_words;

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

/// Words as they can be pasted into cmd or PowerShell.
pub(crate) fn typed(words: &[&str]) -> String {
    windows_words::typed(words)
}

/// The words of a command as a person has written it; `None` where a quote isn't closed.
pub(crate) fn words(command: &str) -> Option<Vec<String>> {
    windows_words::words(command)
}

/// What starts a program that is named by a person. The system looks for a name in the folders of `PATH`, but only with `.exe` at its end:
/// `code` is a script.
pub(crate) fn startable(program: &str, path: Option<&str>, endings: Option<&str>) -> PathBuf {
    if is_path(program) {
        return program.into();
    }
    let names = file_names(program, endings);
    env::split_paths(path.unwrap_or_default())
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| {
            names
                .iter()
                .map(move |name| folder.join(name))
                .collect::<Vec<_>>()
        })
        .find(|file| is_executable(file))
        .unwrap_or_else(|| program.into())
}

/// The interpreter of a virtual environment.
pub(crate) fn interpreter_of(environment: &str) -> String {
    format!(r"{environment}\Scripts\python")
}

/// The name of an environment variable, as it is asked for: Windows has `Path` and `SystemRoot`, and finds them by any spelling.
pub(crate) fn variable_name(name: &str) -> String {
    name.to_uppercase()
}

/// Whether a file is one that we may run. Windows puts a `python` into the path that only says where to get one.
pub(crate) fn is_executable(path: &Path) -> bool {
    path.is_file() && !leads_to_the_store(path)
}

/// What such an alias leads to, as far as it is a name.
const REDIRECTOR: &str = "AppInstallerPythonRedirector";
/// The most that is noted of where a file leads (`MAXIMUM_REPARSE_DATA_BUFFER_SIZE`).
const LINK_LIMIT: usize = 16 * 1024;

/// Whether it is an alias of a program that isn't installed.
fn leads_to_the_store(path: &Path) -> bool {
    link(path).is_ok_and(|link| {
        let name: Vec<u8> = REDIRECTOR
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        memchr::memmem::find(&link, &name).is_some()
    })
}

/// What is noted of where a file leads; an error where it is no link.
fn link(path: &Path) -> io::Result<Vec<u8>> {
    let file = OpenOptions::new()
        .access_mode(0)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path)?;
    let mut noted = vec![0_u8; LINK_LIMIT];
    let mut length = 0;
    // SAFETY: the file is open, and the buffer is as long as is said
    done(unsafe {
        DeviceIoControl(
            file.as_raw_handle(),
            FSCTL_GET_REPARSE_POINT,
            ptr::null(),
            0,
            noted.as_mut_ptr().cast(),
            u32::try_from(noted.len()).map_err(io::Error::other)?,
            &raw mut length,
            ptr::null_mut(),
        )
    })?;
    noted.truncate(usize::try_from(length).map_err(io::Error::other)?);
    Ok(noted)
}

#[cfg(test)]
mod tests {
    use super::*;

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

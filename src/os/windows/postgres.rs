//! How Postgres is found and started here.
#![expect(
    unsafe_code,
    reason = "the folder of Windows has no safe interface in the standard library"
)]

use std::{
    ffi::OsString,
    fs,
    os::windows::ffi::OsStringExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use windows_sys::Win32::System::SystemInformation::GetSystemWindowsDirectoryW;

use super::registry;
use crate::os::folders;

/// What is told where we carry none.
pub(crate) const WITHOUT: &str = "not included: the sandbox uses an installed one";

/// The setting by which a server notices that its client is gone while a query runs, which it refuses here.
pub(crate) const CLIENT_CHECK: &str = "";
/// Who may connect (`pg_hba.conf`): those who know their password. Any program of the machine can try, whoever runs it.
pub(crate) const ACCESS: &str =
    "host replication all all reject\nhost all all 127.0.0.1/32 scram-sha-256\n";
/// The same for data whose superuser has no password, which nothing here has ever made.
pub(crate) const ACCESS_BEFORE_PASSWORD: Option<&str> = None;

/// The longest path of Windows' own folder.
const LONGEST: usize = 260;

/// The file of one of its programs.
pub(crate) fn program(bin: &Path, name: &str) -> PathBuf {
    bin.join(format!("{name}.exe"))
}

/// The folders of programs in which installers put it.
pub(crate) fn places() -> Vec<PathBuf> {
    let mut found: Vec<_> = registry::installed_postgres()
        .into_iter()
        .map(|base| base.join("bin"))
        .collect();
    if let Some(drive) = windows().as_deref().and_then(Path::parent) {
        let versions = fs::read_dir(drive.join(r"Program Files\PostgreSQL"));
        let versions = versions.into_iter().flatten().flatten();
        found.extend(versions.map(|version| version.path().join("bin")));
    }
    let scoop = folders::home().map(|home| home.join(r"scoop\apps\postgresql\current\bin"));
    found.extend(scoop);
    found
}

/// The folder of Windows.
fn windows() -> Option<PathBuf> {
    let mut buffer = [0_u16; LONGEST];
    let length = u32::try_from(buffer.len()).ok()?;
    // SAFETY: the buffer is as long as is said
    let length = unsafe { GetSystemWindowsDirectoryW(buffer.as_mut_ptr(), length) };
    let name = buffer.get(..usize::try_from(length).ok()?)?;
    (!name.is_empty()).then(|| OsString::from_wide(name).into())
}

/// Gives a command of it an environment of its own: nothing is in it but where the system and its folders are.
pub(crate) fn set_environment(command: &mut Command) {
    command.env_clear();
    let temporary = folders::temporary();
    command.env("TEMP", &temporary).env("TMP", &temporary);
    if let Some(home) = folders::home() {
        command.env("USERPROFILE", home);
    }
    if let Some(root) = windows() {
        let system = root.join("System32");
        // `initdb` starts `postgres` with `cmd.exe`
        command
            .env("ComSpec", system.join("cmd.exe"))
            .env("PATH", system)
            .env("SystemRoot", &root)
            .current_dir(root);
    }
    // its messages are read, whatever language the system speaks
    command.env("LC_ALL", "C").env("TZ", "UTC");
}

/// What to do where a server has said this and ended; `None`: its own words are enough.
pub(crate) fn way_out(said: &str) -> Option<&'static str> {
    // PostgreSQL, `src/backend/main/main.c`
    said.contains("must be started under an unprivileged user ID").then_some(
        "Postgres refuses to run with an administrator's rights; start neonup in a terminal that isn't run as administrator",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_with_too_many_rights_tells_the_way_out() {
        let said = "Execution of PostgreSQL by a user with administrative permissions is not; permitted.; The server must be \
             started under an unprivileged user ID to prevent; possible system security compromises.";
        assert!(way_out(said).is_some());
        assert!(way_out("FATAL:  could not create any TCP/IP sockets").is_none());
    }
}

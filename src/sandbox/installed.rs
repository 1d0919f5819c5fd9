//! The Postgres of the machine, in the search path or where packages put it.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{
    domain::sql::CreatedExtension,
    os::{
        bounded,
        files::real,
        postgres,
        server_user::ServerUser,
        subprocess::{ParentDeathSignal, output},
    },
    sandbox::server,
};

/// The oldest version that Neon and we run: `pg_read_all_data` came with 14.
pub(crate) const OLDEST: u32 = 14;

/// How many things that a Postgres lacks are named.
const MOST_NAMED: usize = 5;
/// How large a control file may be, in bytes. The real ones have a few hundred.
const CONTROL_LIMIT: u64 = 64 * 1024;

/// What a project asks of the Postgres.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PostgresWishes {
    /// The major version.
    pub version: Option<u32>,
    pub extensions: Vec<CreatedExtension>,
}

impl PostgresWishes {
    /// In words, what a Postgres lacks that has this version and these extensions.
    pub(crate) fn lacking(&self, version: u32, has: impl Fn(&str) -> bool) -> Vec<String> {
        let other = self.version.filter(|wanted| *wanted != version);
        let version = other.map(|wanted| format!("version {wanted}"));
        let extensions = self.extensions.iter().filter(|one| !has(&one.name));
        let extensions = extensions.map(|one| format!("the extension {} ({})", one.name, one.file));
        let mut lacking: Vec<_> = version.into_iter().chain(extensions).collect();
        let more = lacking.len().saturating_sub(MOST_NAMED);
        if more > 0 {
            lacking.truncate(MOST_NAMED);
            lacking.push(format!("{more} more"));
        }
        lacking
    }
}

/// The newest one.
pub(crate) fn newest(search_path: &[PathBuf]) -> Option<PathBuf> {
    let newest = all(search_path).max_by_key(|(major, _)| *major);
    newest.map(|(_, folder)| folder)
}

/// The newest one that has all that is wished for, with its version.
pub(crate) fn suiting(search_path: &[PathBuf], wishes: &PostgresWishes) -> Option<(u32, PathBuf)> {
    all(search_path)
        .filter(|(major, bin)| {
            let has = |name: &str| has_extension(bin, *major, name);
            wishes.lacking(*major, has).is_empty()
        })
        .max_by_key(|(major, _)| *major)
}

/// Whether the owner of a database can create an extension: it is there, and needs no superuser.
fn has_extension(bin: &Path, major: u32, name: &str) -> bool {
    if name == "plpgsql" {
        return true;
    }
    let prefix = bin.parent().unwrap_or(bin);
    let folders = [
        prefix.join("share/postgresql/extension"),
        prefix.join("share/extension"),
        prefix.join(format!("share/postgresql@{major}/extension")),
        // Debian, Ubuntu
        PathBuf::from(format!("/usr/share/postgresql/{major}/extension")),
    ];
    let control = format!("{name}.control");
    let mut found = folders.iter().map(|folder| folder.join(&control));
    let text = found.find_map(|file| bounded::read_text(&file, CONTROL_LIMIT).ok());
    text.is_some_and(|text| is_trusted(&text))
}

/// Whether a control file lets the owner of a database create its extension.
fn is_trusted(control: &str) -> bool {
    control.lines().any(|line| {
        let (line, _) = line.split_once('#').unwrap_or((line, ""));
        let Some((key, value)) = line.split_once('=') else {
            return false;
        };
        // as Postgres reads a boolean
        let value = value.trim().trim_matches('\'').to_ascii_lowercase();
        match key.trim() {
            "trusted" => ["true", "on", "yes", "1"].contains(&value.as_str()),
            "superuser" => ["false", "off", "no", "0"].contains(&value.as_str()),
            _ => false,
        }
    })
}

fn all(search_path: &[PathBuf]) -> impl Iterator<Item = (u32, PathBuf)> {
    let mut folders = search_path.to_vec();
    folders.extend(postgres::places());
    folders
        .into_iter()
        .filter(|folder| has_binaries(folder))
        // Links on the PATH lead to the folder that also has the server's libraries.
        .filter_map(|folder| {
            let program = postgres::program(&folder, "postgres");
            Some(real(&program).ok()?.parent()?.to_owned())
        })
        .filter(|folder| has_binaries(folder))
        .filter_map(|folder| {
            let version = version(&folder, None).ok()?;
            Some((major(&version).filter(|major| *major >= OLDEST)?, folder))
        })
}

pub(crate) fn version(bin: &Path, user: Option<ServerUser>) -> io::Result<String> {
    let mut command = Command::new(postgres::program(bin, "postgres"));
    command.arg("--version");
    server::confine(&mut command, user, ParentDeathSignal::Kill);
    let output = succeed("postgres --version", output(&mut command)?)?;
    // "postgres (PostgreSQL) 17.5 (Debian 17.5-1)"
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
        .ok_or_else(|| io::Error::other(format!("postgres --version says `{}`", text.trim())))
}

pub(crate) fn major(version: &str) -> Option<u32> {
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

pub(crate) fn succeed(what: &str, output: Output) -> io::Result<Output> {
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!(
        "{what} failed ({}): {}",
        output.status,
        said.trim()
    )))
}

pub(crate) fn has_binaries(bin: &Path) -> bool {
    ["postgres", "initdb"]
        .iter()
        .all(|name| postgres::program(bin, name).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_version_is_the_leading_number() {
        assert_eq!(major("17.5"), Some(17));
        assert_eq!(major("18beta1"), Some(18));
        assert_eq!(major("unknown"), None);
    }

    #[test]
    fn extension_of_a_superuser_is_not_for_the_owner() {
        assert!(is_trusted("comment = 'x'\ntrusted = true\n"));
        assert!(is_trusted("superuser=false"));
        assert!(is_trusted("trusted = 'on' # for owners"));
        assert!(!is_trusted("superuser = true\ntrusted = off"));
        assert!(!is_trusted(
            "default_version = '1.10'\n# trusted = true\nrelocatable = true\n"
        ));
    }

    #[cfg(unix)] // the programs are shell scripts
    #[test]
    fn the_newest_that_has_everything_suits() {
        use std::fs;

        use crate::testing::folders::temp_dir;

        let dir = temp_dir();
        let make = |version: u32, extensions: &[&str]| {
            let prefix = dir.path().join(version.to_string());
            let share = prefix.join("share/extension");
            fs::create_dir_all(&share).unwrap();
            fs::create_dir(prefix.join("bin")).unwrap();
            for program in ["postgres", "initdb"] {
                let text = format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}.1'\n");
                let file = prefix.join("bin").join(program);
                fs::write(&file, text).unwrap();
                crate::os::files::set_mode(&file, 0o755).unwrap();
            }
            for name in extensions {
                fs::write(share.join(format!("{name}.control")), "trusted = true").unwrap();
            }
            prefix.join("bin")
        };
        // of no version that a real one has
        let path = [make(94, &["a_lone"]), make(95, &["a_lone"]), make(96, &[])];
        let suiting = |version, name: &str| {
            let (name, file) = (name.to_owned(), "a.sql".to_owned());
            let extensions = vec![CreatedExtension { name, file }];
            let wishes = PostgresWishes {
                version,
                extensions,
            };
            super::suiting(&path, &wishes).map(|(version, _)| version)
        };
        assert_eq!(suiting(None, "a_lone"), Some(95));
        assert_eq!(suiting(Some(94), "a_lone"), Some(94));
        assert_eq!(suiting(Some(96), "a_lone"), None);
        assert_eq!(suiting(None, "nobodys"), None);
        assert_eq!(suiting(Some(96), "plpgsql"), Some(96));
    }
}

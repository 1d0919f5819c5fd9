//! The sample project on the disk: a fresh clone, and what can happen to one.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    core::{presenter::DemoError, secret::Secret},
    domain::dotenv::Document,
    ports::files::{
        FileError, Files as _,
        disk::{DiskFiles, GitFolders},
    },
    project::{
        sample::{self, Machine},
        settings::CONFIG_FILE,
    },
};

/// The env file of the sample.
const ENV: &str = "backend/.env";
/// The key of the connection URL in it.
const URL: &str = "DATABASE_URL";
/// The page that leaks the password.
const LEAKY_PAGE: &str = "DEPLOY.md";
/// The address of the first commit's author: it marks a repository as ours.
const AUTHOR: &str = "demo@localhost";
/// What a reset keeps: it takes minutes to make again, and has nothing to do with the incidents.
const KEPT: [&str; 3] = [".venv", "venv", "node_modules"];

/// Copies the sample into a git repository of its own, like a fresh clone. What is there already stays.
pub(super) fn prepare(project: &Path, machine: Machine) -> Result<(), String> {
    write(project, machine, false).map_err(|error| error.to_string())?;
    if !project.join(".git").exists() {
        first_commit(project).map_err(|error| error.message().to_owned())?;
    }
    Ok(())
}

/// Makes a fresh clone of it again. A repository that another program made is left alone.
pub(super) fn reset(project: &Path, machine: Machine) -> Result<(), DemoError> {
    let name = || project.display().to_string();
    if !is_ours(project) {
        return Err(DemoError::NotTheSample { project: name() });
    }
    let failed = |why: String| DemoError::NotReset {
        project: name(),
        why,
    };
    let work = || -> Result<(), FileError> {
        clear(project, project)?;
        fs::remove_dir_all(project.join(".git"))?;
        write(project, machine, true)?;
        DiskFiles::new(project, GitFolders::default()).forget_undo(&project.join(ENV))
    };
    work().map_err(|error| failed(error.to_string()))?;
    first_commit(project).map_err(|error| failed(error.message().to_owned()))
}

/// Takes the project's id out of `neonup.toml`: back to what the sample says.
pub(super) fn forget_id(project: &Path, machine: Machine) -> Result<(), DemoError> {
    let text = sample_file(CONFIG_FILE).unwrap_or_default();
    fs::write(project.join(CONFIG_FILE), sample::fitted(text, machine)).map_err(|error| {
        DemoError::NotWritten {
            file: CONFIG_FILE,
            why: error.to_string(),
        }
    })
}

/// `git add -f` of the env file.
pub(super) fn track_env(project: &Path) -> Result<(), DemoError> {
    connection_url(project)?;
    let work = || -> Result<(), git2::Error> {
        let repository = git2::Repository::open(project)?;
        let mut index = repository.index()?;
        index.add_path(Path::new(ENV))?;
        index.write()
    };
    work().map_err(|error| refused(&error))
}

/// Commits a helpful page with the real connection URL in it, and then takes the line out again, too late.
pub(super) fn leak_password(project: &Path) -> Result<(), DemoError> {
    let url = connection_url(project)?;
    let work = || -> Result<(), git2::Error> {
        let repository = git2::Repository::open(project)?;
        let mut index = repository.index()?;
        let commits = [
            (url.expose(), "Say how to deploy"),
            ("$DATABASE_URL", "Take the password out"),
        ];
        for (url, message) in commits {
            let page = format!(
                "# Deploying\n\nThe database of the todo app, for psql:\n\n    psql \"{url}\"\n"
            );
            fs::write(project.join(LEAKY_PAGE), page).map_err(|error| {
                git2::Error::from_str(&format!("can't write `{LEAKY_PAGE}`: {error}"))
            })?;
            index.add_path(Path::new(LEAKY_PAGE))?;
            index.write()?;
            commit(&repository, &mut index, message)?;
        }
        Ok(())
    };
    work().map_err(|error| refused(&error))
}

/// Checks that the env file leads to a database.
pub(super) fn require_url(project: &Path) -> Result<(), DemoError> {
    connection_url(project).map(drop)
}

/// The connection URL of the env file.
fn connection_url(project: &Path) -> Result<Secret, DemoError> {
    let bytes = fs::read(project.join(ENV)).unwrap_or_default();
    Document::parse(&bytes)
        .get(URL)
        .filter(|url| url.expose().contains("://"))
        .cloned()
        .ok_or(DemoError::NoConnectionUrl(ENV))
}

fn refused(error: &git2::Error) -> DemoError {
    DemoError::RepositoryRefused {
        why: error.message().to_owned(),
    }
}

fn sample_file(wanted: &str) -> Option<&'static str> {
    sample::FILES
        .iter()
        .find(|(name, _)| *name == wanted)
        .map(|(_, text)| *text)
}

/// Writes the sample's files.
fn write(project: &Path, machine: Machine, overwrite: bool) -> io::Result<()> {
    for (name, text) in sample::FILES {
        let path = project.join(name);
        if path.exists() && !overwrite {
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        if *name == CONFIG_FILE {
            fs::write(&path, sample::fitted(text, machine))?;
        } else {
            fs::write(&path, text)?;
        }
    }
    Ok(())
}

/// Removes what a fresh clone does not have. The sample's own folders stay, since they may be the current directory of a shell.
fn clear(project: &Path, folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let kept = KEPT.iter().any(|kept| OsStr::new(kept) == name);
        let git = folder == project && name == ".git";
        if kept || git {
            continue;
        }
        if !entry.file_type()?.is_dir() {
            fs::remove_file(&path)?;
            continue;
        }
        clear(project, &path)?;
        let empty = fs::read_dir(&path)?.next().is_none();
        if empty && !is_sample_folder(project, &path) {
            fs::remove_dir(&path)?;
        }
    }
    Ok(())
}

fn is_sample_folder(project: &Path, folder: &Path) -> bool {
    sample::FILES.iter().any(|(name, _)| {
        let path: PathBuf = project.join(name);
        path.starts_with(folder)
    })
}

/// Makes the first commit, by nobody in particular; the user's git configuration is neither needed nor touched.
fn first_commit(project: &Path) -> Result<(), git2::Error> {
    let repository = git2::Repository::init(project)?;
    let mut index = repository.index()?;
    index.add_all(["."], git2::IndexAddOption::DEFAULT, None)?;
    index.write()?;
    commit(&repository, &mut index, "A small todo backend")
}

fn commit(
    repository: &git2::Repository,
    index: &mut git2::Index,
    message: &str,
) -> Result<(), git2::Error> {
    let tree = repository.find_tree(index.write_tree()?)?;
    let author = git2::Signature::now("neonup demo", AUTHOR)?;
    let parent = match repository.head() {
        Ok(head) => Some(head.peel_to_commit()?),
        Err(error) if error.code() == git2::ErrorCode::UnbornBranch => None,
        Err(error) => return Err(error),
    };
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some("HEAD"), &author, &author, message, &tree, &parents)?;
    Ok(())
}

/// Whether the first commit of the repository is the demo's.
fn is_ours(project: &Path) -> bool {
    let first = || -> Result<bool, git2::Error> {
        let repository = git2::Repository::open(project)?;
        let mut commit = repository.head()?.peel_to_commit()?;
        while let Ok(parent) = commit.parent(0) {
            commit = parent;
        }
        Ok(commit.author().email_bytes() == AUTHOR.as_bytes())
    };
    first().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folders::temp_dir;

    const MACHINE: Machine = Machine {
        port: 8123,
        postgres: 17,
    };

    fn prepared() -> (tempfile::TempDir, PathBuf) {
        let dir = temp_dir();
        let project = dir.path().join(sample::NAME);
        prepare(&project, MACHINE).unwrap();
        (dir, project)
    }

    #[test]
    fn a_reset_makes_a_fresh_clone_and_keeps_the_virtual_environment() {
        let (_dir, project) = prepared();
        fs::write(project.join(ENV), "DATABASE_URL=postgres://a:b@c/d\n").unwrap();
        fs::write(project.join("README.md"), "changed").unwrap();
        fs::create_dir_all(project.join("backend/src/db")).unwrap();
        fs::write(project.join("backend/src/db/session.py"), "x").unwrap();
        fs::create_dir_all(project.join("backend/.venv/bin")).unwrap();
        fs::write(project.join("backend/.venv/bin/python"), "x").unwrap();
        leak_password(&project).unwrap();
        track_env(&project).unwrap();
        reset(&project, MACHINE).unwrap();
        for gone in [ENV, LEAKY_PAGE, "backend/src/db"] {
            assert!(!project.join(gone).exists(), "{gone}");
        }
        assert!(project.join("backend/.venv/bin/python").exists());
        let readme = fs::read_to_string(project.join("README.md")).unwrap();
        assert_eq!(Some(readme.as_str()), sample_file("README.md"));
        let config = fs::read_to_string(project.join(CONFIG_FILE)).unwrap();
        assert!(config.contains("8123") && !config.contains("8000"));
        let repository = git2::Repository::open(&project).unwrap();
        let head = repository.head().unwrap().peel_to_commit().unwrap();
        assert_eq!(head.parent_count(), 0);
        let statuses = repository.statuses(None).unwrap();
        let dirty = statuses
            .iter()
            .filter(|entry| !entry.status().is_ignored())
            .count();
        assert_eq!(dirty, 0);
    }

    #[test]
    fn a_project_that_the_demo_did_not_make_is_never_reset() {
        let dir = temp_dir();
        let repository = git2::Repository::init(dir.path()).unwrap();
        let mut index = repository.index().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let author = git2::Signature::now("Ada", "ada@example.org").unwrap();
        repository
            .commit(Some("HEAD"), &author, &author, "Ours", &tree, &[])
            .unwrap();
        fs::write(dir.path().join("precious.txt"), "x").unwrap();
        let error = reset(dir.path(), MACHINE).unwrap_err();
        assert!(matches!(error, DemoError::NotTheSample { .. }), "{error:?}");
        assert!(dir.path().join("precious.txt").exists());
    }

    #[test]
    fn incidents_that_need_the_env_file_ask_for_it() {
        let (_dir, project) = prepared();
        for error in [
            leak_password(&project).unwrap_err(),
            track_env(&project).unwrap_err(),
        ] {
            assert_eq!(error, DemoError::NoConnectionUrl(ENV));
        }
        assert!(!project.join(LEAKY_PAGE).exists());
    }
}

//! The virtual environments that Poetry and Pipenv keep outside of a project's folder, in one of their own for all projects.
//!
//! Each is named for the path of its project, so that it is found without asking anybody:
//! <https://python-poetry.org/docs/configuration/#virtualenvspath>, <https://pipenv.pypa.io/en/latest/virtualenv.html>.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use sha2::{Digest as _, Sha256};

use super::{files::real, homes};
use crate::core::environment::Environment;

/// The folder in which both keep them.
const FOLDER: &str = "virtualenvs";
/// How much of a digest is in a name.
const MARK: usize = 8;

/// The environments that the two keep for the project in this folder.
pub(crate) fn of_project(folder: &Path, environment: &Environment) -> Vec<PathBuf> {
    let Ok(folder) = real(folder) else {
        return Vec::new();
    };
    let pipfile = folder.join("Pipfile");
    let mut found = Vec::new();
    if folder.join("pyproject.toml").is_file() {
        let mark = format!("-{}-py", mark(&folder));
        found.extend(named(&poetry(environment), |name| name.contains(&mark)));
    }
    if pipfile.is_file() {
        let mark = format!("-{}", mark(&pipfile));
        found.extend(named(&pipenv(environment), |name| name.ends_with(&mark)));
    }
    found
}

/// Whether a program lies in such an environment.
pub(crate) fn holds(program: &Path) -> bool {
    program.components().any(|part| part.as_os_str() == FOLDER)
}

fn named(places: &[PathBuf], is_meant: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = places
        .iter()
        .filter_map(|place| fs::read_dir(place).ok())
        .flatten()
        .filter_map(Result::ok);
    let mut found: Vec<_> = entries
        .filter(|entry| is_meant(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    // of several versions of Python the newest name
    found.sort_unstable_by(|a, b| b.cmp(a));
    found
}

/// What of a path is in the name.
fn mark(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let mut mark = URL_SAFE.encode(digest);
    mark.truncate(MARK);
    mark
}

fn poetry(environment: &Environment) -> Vec<PathBuf> {
    let set = |name: &str| environment.get(name).map(PathBuf::from);
    let caches = set("POETRY_CACHE_DIR").map_or_else(|| homes::poetry_caches(set), |dir| vec![dir]);
    set("POETRY_VIRTUALENVS_PATH")
        .into_iter()
        .chain(caches.into_iter().map(|cache| cache.join(FOLDER)))
        .collect()
}

fn pipenv(environment: &Environment) -> Vec<PathBuf> {
    let set = |name: &str| environment.get(name).map(PathBuf::from);
    set("WORKON_HOME")
        .into_iter()
        .chain(homes::pipenv_environments(set))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn an_environment_is_known_by_the_path_of_its_project() {
        let home = crate::testing::folders::temp_dir();
        let root = real(home.path()).unwrap();
        let project = root.join("shop");
        fs::create_dir_all(&project).unwrap();
        let environment = Environment::new([("HOME".to_owned(), root.display().to_string())]);
        let of = |folder: &Path| of_project(folder, &environment);
        let own = root.join(format!(
            ".cache/pypoetry/virtualenvs/shop-{}-py3.12",
            mark(&project)
        ));
        let pipfile = project.join("Pipfile");
        let other = root.join(format!(".local/share/virtualenvs/shop-{}", mark(&pipfile)));
        for folder in [
            &own,
            &other,
            &root.join(".cache/pypoetry/virtualenvs/shop-AAAAAAAA-py3.12"),
        ] {
            fs::create_dir_all(folder).unwrap();
        }
        assert_eq!(of(&project), Vec::<PathBuf>::new());
        fs::write(project.join("pyproject.toml"), "").unwrap();
        assert_eq!(of(&project), std::slice::from_ref(&own));
        fs::write(&pipfile, "").unwrap();
        assert_eq!(of(&project), [own.clone(), other]);
        assert!(holds(&own.join("bin/python")) && !holds(&project.join(".venv/bin/python")));
    }

    #[test]
    fn the_mark_is_the_one_that_both_tools_make() {
        // base64.urlsafe_b64encode(hashlib.sha256(path).digest())[:8]
        assert_eq!(mark(Path::new("/srv/shop")), "58fqC6Q1");
        assert_eq!(mark(Path::new("/srv/shop/Pipfile")), "F2F75yho");
    }
}

//! This program's own file: how it was installed, as the files around it show, and the command that updates it.
//!
//! Nothing is run, and no server is asked.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::os::{bounded, programs::typed};

/// The most that is read of an installer's record, in bytes.
const RECORD_LIMIT: u64 = 4 << 20;
/// The most links that are followed from the program's path to its file.
const LINKS: usize = 16;

/// This program, and where it comes from.
#[derive(Debug)]
pub(crate) struct OwnProgram {
    /// Its file.
    pub path: PathBuf,
    /// What installed it.
    pub installer: Installer,
    /// The command that updates it, or what to do.
    pub update: String,
    /// It is in a cache that its installer may empty at any time.
    pub temporary: bool,
}

/// What installs programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installer {
    Cargo,
    CargoBinstall,
    /// Nobody: it was built in a source tree.
    CargoBuild,
    UvTool,
    Uvx,
    Pipx,
    /// A virtual environment, or Python's own packages.
    Python,
    Npm,
    Npx,
    Debian,
    Homebrew,
    Scoop,
    /// Nothing that leaves a record.
    File,
}

impl Installer {
    /// Says how the program was installed.
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Cargo => "installed with cargo",
            Self::CargoBinstall => "installed with cargo-binstall",
            Self::CargoBuild => "built from source",
            Self::UvTool => "installed as a uv tool",
            Self::Uvx => "run with uvx",
            Self::Pipx => "installed with pipx",
            Self::Python => "installed as a Python package",
            Self::Npm => "installed as a Node package",
            Self::Npx => "run with npx",
            Self::Debian => "installed as a Debian package",
            Self::Homebrew => "installed with Homebrew",
            Self::Scoop => "installed with Scoop",
            Self::File => "a file that no package manager lists",
        }
    }
}

/// What an installer's files showed.
type Recognized = (Installer, String);

impl OwnProgram {
    /// Reads the files around this program.
    pub(crate) fn find() -> Option<Self> {
        let path = followed(env::current_exe().ok()?);
        Some(Self::at(path, Path::new("/")))
    }

    /// The same for a program below a file system's root.
    fn at(path: PathBuf, root: &Path) -> Self {
        let (installer, update) = node(&path)
            .or_else(|| python(&path))
            .or_else(|| cargo(&path))
            .or_else(|| system(&path, root))
            .unwrap_or_else(|| (Installer::File, replace(&path)));
        Self {
            temporary: matches!(installer, Installer::Uvx | Installer::Npx),
            path,
            installer,
            update,
        }
    }
}

fn replace(path: &Path) -> String {
    format!("replace {} with a newer release", path.display())
}

/// The file that a path's links end at. Canonicalizing would give a path that Windows programs refuse.
fn followed(mut path: PathBuf) -> PathBuf {
    for _ in 0..LINKS {
        let Ok(target) = fs::read_link(&path) else {
            break;
        };
        path = path
            .parent()
            .map_or(target.clone(), |parent| parent.join(&target));
    }
    path
}

/// A package of npm and its like: the program is below `node_modules`.
fn node(path: &Path) -> Option<Recognized> {
    let above = |folder: &&Path| {
        folder
            .file_name()
            .is_some_and(|name| name == "node_modules")
    };
    let modules = path.ancestors().filter(above).last()?;
    let base = modules.parent()?;
    if has_component(base, "_npx") {
        return Some((Installer::Npx, "npx neonup@latest".to_owned()));
    }
    let folder = base.to_string_lossy();
    let has = |file: &str| base.join(file).exists();
    let command = if has_component(base, "global") && has_component(base, "pnpm") {
        typed(&["pnpm", "add", "--global", "neonup@latest"])
    } else if !has("package.json") {
        typed(&["npm", "install", "--global", "neonup@latest"])
    } else if has("pnpm-lock.yaml") {
        typed(&["pnpm", "--dir", &folder, "update", "--latest", "neonup"])
    } else if has("yarn.lock") && has(".yarnrc.yml") {
        typed(&["yarn", "--cwd", &folder, "up", "neonup"])
    } else if has("yarn.lock") {
        typed(&["yarn", "--cwd", &folder, "upgrade", "--latest", "neonup"])
    } else {
        typed(&["npm", "--prefix", &folder, "install", "neonup@latest"])
    };
    Some((Installer::Npm, command))
}

/// A Python package: the program is in the folder of an environment's programs.
fn python(path: &Path) -> Option<Recognized> {
    let programs = path.parent()?;
    let environment = programs.parent()?;
    let has = |file: &str| environment.join(file).exists();
    let folder = environment.to_string_lossy();
    if has("uv-receipt.toml") {
        return Some((Installer::UvTool, "uv tool upgrade neonup".to_owned()));
    }
    if has("pipx_metadata.json") {
        return Some((Installer::Pipx, "pipx upgrade neonup".to_owned()));
    }
    let Some(settings) = read(&environment.join("pyvenv.cfg")) else {
        return python_packages_list(environment, path).then(|| {
            let command = typed(&["python3", "-m", "pip", "install", "--upgrade", "neonup"]);
            (Installer::Python, command)
        });
    };
    let project = environment.parent()?;
    let of_uv = settings.lines().any(|line| line.starts_with("uv ="));
    let command = if of_uv && has_component(environment, "archive-v0") {
        return Some((Installer::Uvx, "uvx neonup@latest".to_owned()));
    } else if lists_package(&read(&project.join("uv.lock")).unwrap_or_default()) {
        let project = project.to_string_lossy();
        typed(&[
            "uv",
            "sync",
            "--project",
            &project,
            "--upgrade-package",
            "neonup",
        ])
    } else if of_uv {
        typed(&[
            "uv",
            "pip",
            "install",
            "--python",
            &folder,
            "--upgrade",
            "neonup",
        ])
    } else {
        let python = programs.join("python");
        let python = python.to_string_lossy();
        typed(&[&python, "-m", "pip", "install", "--upgrade", "neonup"])
    };
    Some((Installer::Python, command))
}

/// Whether a lock file of uv has the package.
fn lists_package(lock: &str) -> bool {
    lock.lines().any(|line| line == "name = \"neonup\"")
}

/// Whether the packages beside a folder of programs say that this file is theirs.
fn python_packages_list(prefix: &Path, program: &Path) -> bool {
    let Some(name) = program.file_name().map(|name| name.to_string_lossy()) else {
        return false;
    };
    let entry = format!("bin/{name},");
    folders(&prefix.join("lib"), "python")
        .into_iter()
        .flat_map(|python| [python.join("site-packages"), python.join("dist-packages")])
        .flat_map(|packages| folders(&packages, "neonup-"))
        .filter_map(|package| read(&package.join("RECORD")))
        .any(|record| record.lines().any(|line| line.contains(&entry)))
}

/// The folders whose names start like this.
fn folders(parent: &Path, start: &str) -> Vec<PathBuf> {
    fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(start))
        .map(|entry| entry.path())
        .collect()
}

/// What `cargo install` or `cargo build` made.
fn cargo(path: &Path) -> Option<Recognized> {
    let programs = path.parent()?;
    // a target folder holds the program itself, or a folder of it for each platform
    let target = |folder: &&Path| folder.join(".rustc_info.json").exists();
    if programs
        .ancestors()
        .skip(1)
        .take(3)
        .any(|folder| target(&folder))
    {
        let update = "git pull, then cargo build --release".to_owned();
        return Some((Installer::CargoBuild, update));
    }
    let root = programs.parent()?;
    let list = read(&root.join(".crates.toml"))?;
    let source = list
        .lines()
        .find_map(|line| line.strip_prefix("\"neonup ")?.split_once('('))
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(source, _)| without_login(source))?;
    let folder = root.to_string_lossy();
    let other_root = root.file_name().is_none_or(|name| name != ".cargo");
    let downloaded = read(&root.join("binstall/crates-v1.json"))
        .is_some_and(|list| list.contains("\"name\":\"neonup\""));
    let (installer, mut words) = if downloaded {
        (
            Installer::CargoBinstall,
            vec!["cargo", "binstall", "neonup"],
        )
    } else {
        (Installer::Cargo, vec!["cargo", "install", "--locked"])
    };
    if !downloaded {
        if let Some(path) = source.strip_prefix("path+file://") {
            words.extend(["--path", path]);
        } else if let Some(url) = source.strip_prefix("git+") {
            words.extend([
                "--git",
                url.split(['#', '?']).next().unwrap_or(url),
                "neonup",
            ]);
        } else {
            words.push("neonup");
        }
    }
    if other_root {
        words.extend(["--root", &folder]);
    }
    Some((installer, typed(&words)))
}

/// A URL without the user and password that it may have.
fn without_login(url: &str) -> String {
    let login = |rest: &str| rest.split('/').next().and_then(|host| host.rfind('@'));
    match url.split_once("://") {
        Some((scheme, rest)) => match login(rest).and_then(|at| rest.get(at + 1..)) {
            Some(rest) => format!("{scheme}://{rest}"),
            None => url.to_owned(),
        },
        None => url.to_owned(),
    }
}

/// What the system's own package managers know by path.
fn system(path: &Path, root: &Path) -> Option<Recognized> {
    if has_components(path, &["Cellar", "neonup"]) {
        return Some((Installer::Homebrew, "brew upgrade neonup".to_owned()));
    }
    if has_components(path, &["scoop", "apps", "neonup"]) {
        return Some((Installer::Scoop, "scoop update neonup".to_owned()));
    }
    let listed = read(&root.join("var/lib/dpkg/info/neonup.list"))?;
    let own = path.strip_prefix(root).ok()?;
    let is_own = |line: &str| {
        line.strip_prefix('/')
            .is_some_and(|line| Path::new(line) == own)
    };
    listed.lines().any(is_own).then(|| {
        let update = "download the new package, then sudo apt install ./neonup_VERSION_ARCH.deb";
        (Installer::Debian, update.to_owned())
    })
}

fn has_component(path: &Path, name: &str) -> bool {
    has_components(path, &[name])
}

fn has_components(path: &Path, names: &[&str]) -> bool {
    let parts: Vec<_> = path.iter().collect();
    parts
        .windows(names.len())
        .any(|window| window.iter().zip(names).all(|(part, name)| part == name))
}

fn read(path: &Path) -> Option<String> {
    let bytes = bounded::read(path, RECORD_LIMIT).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;

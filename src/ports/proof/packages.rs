//! Which packages the application's programs find: the names in Python's and Node's folders, and the files that say more.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use crate::os::files::real;
use crate::{core::app_proof::ProofInput, os::bounded, ports::proof::gather::Gatherer};

/// The most names of one folder of packages.
const MOST_NAMES: usize = 200_000;
/// The largest file that is read for what it says of packages, in bytes.
const LARGEST: u64 = 64 * 1024;

/// What package managers leave in `node_modules` about what they installed.
const STATES: &[&str] = &[
    ".package-lock.json",
    ".modules.yaml",
    ".yarn-integrity",
    ".yarn-state.yml",
];

impl Gatherer {
    pub(super) fn packages(&mut self) {
        let mut sites = BTreeSet::new();
        for (name, path) in self.question.programs.clone() {
            if let Some(path) = path {
                self.python(&path, &mut sites);
            }
            let home = self.question.home.clone();
            let environments = match (name.as_str(), home) {
                ("poetry", Some(home)) => home.join(".cache/pypoetry/virtualenvs"),
                ("pipenv", Some(home)) => home.join(".local/share/virtualenvs"),
                _ => continue,
            };
            for environment in folders(&environments, "") {
                sites.extend(site_packages(&environment));
            }
        }
        for site in sites {
            self.site(&site);
        }
        let Some(dir) = &self.question.dir else {
            return;
        };
        let dir = self.root.join(dir);
        let inside: Vec<_> = dir
            .ancestors()
            .take_while(|above| above.starts_with(&self.root))
            .map(|above| above.join("node_modules"))
            .collect();
        for modules in inside {
            self.node_modules(&modules);
        }
    }

    /// Finds the folders in which a program of Python finds its packages.
    fn python(&mut self, program: &Path, sites: &mut BTreeSet<PathBuf>) {
        let Some(prefix) = program.parent().and_then(Path::parent) else {
            return;
        };
        let config = prefix.join("pyvenv.cfg");
        let mut system = true;
        if let Ok(text) = bounded::read_text(&config, LARGEST) {
            self.file(ProofInput::Program(self.name(&config)), &config);
            sites.extend(site_packages(prefix));
            system = text.lines().any(|line| {
                line.split_once('=').is_some_and(|(name, value)| {
                    name.trim() == "include-system-site-packages" && value.trim() == "true"
                })
            });
        } else if !is_python(program) {
            return;
        }
        if !system {
            return;
        }
        // a shim of pyenv leads to one of these
        let versions = prefix.join("versions");
        for version in folders(&versions, "") {
            sites.extend(site_packages(&version));
        }
        let real = real(program).unwrap_or_else(|_| program.to_owned());
        let real = real.parent().and_then(Path::parent);
        let home = self.question.home.as_ref().map(|home| home.join(".local"));
        let prefixes = [
            Some(prefix.to_owned()),
            real.map(Path::to_owned),
            Some(PathBuf::from("/usr/local")),
            home,
        ];
        for prefix in prefixes.into_iter().flatten() {
            sites.extend(site_packages(&prefix));
        }
    }

    /// Notes the names in a folder of Python's packages: with a version in each, they change with every installation.
    fn site(&mut self, site: &Path) {
        let Some(names) = self.names(site) else {
            return;
        };
        for name in &names {
            let path = site.join(name);
            if Path::new(name).extension().is_some_and(|end| end == "pth") {
                let text = bounded::read_text(&path, LARGEST).unwrap_or_default();
                for line in text.lines() {
                    self.link(Path::new(line.trim()));
                }
            } else if name.ends_with(".dist-info") {
                let direct = path.join("direct_url.json");
                let text = bounded::read_text(&direct, LARGEST).unwrap_or_default();
                let place = text.split_once("\"file://").map(|(_, rest)| rest);
                if let Some(place) = place.and_then(|rest| rest.split('"').next()) {
                    self.link(Path::new(place));
                }
            }
        }
        let place = self.name(site);
        self.note(ProofInput::Packages(place), names.join("\n").as_bytes());
    }

    fn node_modules(&mut self, modules: &Path) {
        let Some(mut names) = self.names(modules) else {
            return;
        };
        let scopes: Vec<_> = names
            .iter()
            .filter(|name| name.starts_with('@'))
            .cloned()
            .collect();
        for scope in scopes {
            let members = self.names(&modules.join(&scope)).unwrap_or_default();
            names.extend(members.iter().map(|name| format!("{scope}/{name}")));
        }
        for name in &names {
            let path = modules.join(name);
            let link = fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_symlink());
            // a package of the same repository
            if link && let Ok(target) = real(&path) {
                self.link(&target);
            }
        }
        for state in STATES {
            let path = modules.join(state);
            let name = self.name(&path);
            self.file(ProofInput::Packages(name), &path);
        }
        let place = self.name(modules);
        self.note(ProofInput::Packages(place), names.join("\n").as_bytes());
    }

    /// Takes a package's folder for one of the application's, if it is in the repository.
    fn link(&mut self, folder: &Path) {
        let own = self.question.dir.as_ref().map(|dir| self.root.join(dir));
        let installed = folder.components().any(|part| {
            ["node_modules", "site-packages", "dist-packages"]
                .iter()
                .any(|name| part.as_os_str() == *name)
        });
        if folder.is_absolute()
            && folder.starts_with(&self.root)
            && !installed
            && own.is_none_or(|own| !folder.starts_with(own))
            && folder.is_dir()
        {
            self.more.push(folder.to_owned());
        }
    }

    /// The names in a folder, in order; `None` where there is no such folder.
    fn names(&mut self, folder: &Path) -> Option<Vec<String>> {
        let read = || -> io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in fs::read_dir(folder)? {
                let name = entry?.file_name().to_string_lossy().into_owned();
                // what compilers and tools keep there
                if name != "__pycache__" && name != ".cache" && name != ".vite" {
                    names.push(name);
                }
                if names.len() > MOST_NAMES {
                    let why = format!("it has more than {MOST_NAMES} entries");
                    return Err(io::Error::other(why));
                }
            }
            names.sort_unstable();
            Ok(names)
        };
        match read() {
            Ok(names) => Some(names),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                let name = self.name(folder);
                self.unread(format!("`{name}`"), &error, "make it readable");
                None
            }
        }
    }
}

/// Whether a program is Python, or a script for it.
fn is_python(program: &Path) -> bool {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with("python") || name.starts_with("pypy") {
        return true;
    }
    let begin = bounded::read(program, LARGEST).unwrap_or_default();
    let first = begin
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    first.starts_with(b"#!") && String::from_utf8_lossy(first).contains("python")
}

/// The folders of Python's packages below a prefix.
fn site_packages(prefix: &Path) -> Vec<PathBuf> {
    let libraries = || ["lib", "lib64"].map(|lib| prefix.join(lib));
    libraries()
        .into_iter()
        .filter(|lib| !lib.is_symlink())
        .flat_map(|lib| folders(&lib, "python3"))
        // on Windows it has no folder for the version
        .chain(libraries())
        .flat_map(|version| {
            ["site-packages", "dist-packages"].map(|packages| version.join(packages))
        })
        .filter(|packages| packages.is_dir())
        .collect()
}

/// The folders in a folder whose names begin so.
fn folders(folder: &Path, begin: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(begin))
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort_unstable();
    found
}

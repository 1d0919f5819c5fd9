//! Which file names say that a folder holds an application, and which are its source files.

/// A language whose code is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    JavaScript,
}

/// Manifests of languages whose code is not read: the folder is known by them alone.
const OTHERS: &[&str] = &[
    "Gemfile",
    "go.mod",
    "Cargo.toml",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "composer.json",
    "mix.exs",
];

impl Language {
    /// Whether a file declares the packages of an application in this language.
    pub(super) fn has_manifest(self, path: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        match self {
            Self::Python => {
                matches!(
                    name,
                    "pyproject.toml"
                        | "Pipfile"
                        | "setup.py"
                        | "setup.cfg"
                        | "manage.py"
                        | "environment.yml"
                        | "requirements.in"
                ) || ends_in(name, "txt")
                    && (name.starts_with("requirements")
                        || folder.rsplit('/').next() == Some("requirements"))
            }
            Self::JavaScript => name == "package.json",
        }
    }

    /// Whether a file says what the folder's own packages are; Django's `manage.py` alone does not.
    pub(super) fn declares_packages(self, path: &str) -> bool {
        self.has_manifest(path) && path.rsplit('/').next() != Some("manage.py")
    }

    /// The language of a source file.
    pub(super) fn of_source(path: &str) -> Option<Self> {
        [Self::Python, Self::JavaScript]
            .into_iter()
            .find(|language| language.is_source(path))
    }

    /// Whether a file holds code in this language.
    pub(super) fn is_source(self, path: &str) -> bool {
        let endings: &[&str] = match self {
            Self::Python => &["py"],
            Self::JavaScript => &[
                "ts", "tsx", "js", "mjs", "cjs", "jsx", "mts", "cts", "vue", "svelte", "astro",
            ],
        };
        endings.iter().any(|ending| ends_in(path, ending))
    }
}

fn ends_in(path: &str, ending: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| end == ending)
}

/// The folder of the application that a file declares; `None` where it isn't a manifest. The requirements of `api/requirements/base.txt`
/// are those of `api`.
pub(super) fn folder_of(path: &str) -> Option<&str> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let known = Language::Python.has_manifest(path)
        || Language::JavaScript.has_manifest(path)
        || OTHERS.contains(&name)
        || ends_in(name, "csproj");
    if !known {
        return None;
    }
    Some(match folder.rsplit_once('/') {
        Some((above, "requirements")) => above,
        None if folder == "requirements" => "",
        _ => folder,
    })
}

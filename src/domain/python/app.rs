//! Finds the application object of a FastAPI backend.

use crate::domain::{
    python::source::code_lines,
    source::{Reader, join},
};

/// Whether a `manage.py` is Django's: it loads Django, or names its settings. Other projects call scripts of their own so.
pub(crate) fn is_django_script(text: &str) -> bool {
    code_lines(text).any(|(_, line)| {
        let line = line.trim_start();
        line.contains("DJANGO_SETTINGS_MODULE")
            || line.starts_with("from django.")
            || line.starts_with("import django")
            || line.starts_with("from configurations.management")
    })
}

/// The module and variable that hold the application object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PythonApp {
    /// Such as `src.main`.
    pub module: String,
    /// Such as `app`.
    pub variable: String,
    /// Relative to the repository's root.
    pub file: String,
    /// The folder of the package that holds the module, relative to the root.
    pub package_dir: String,
    /// The package, such as `src`; empty where the module stands alone.
    pub package: String,
}

impl PythonApp {
    /// The object in the module that a start command names, such as `src.main:app`.
    pub(crate) fn new(dir: &str, module: &str, variable: &str) -> Self {
        let (package, _) = module.rsplit_once('.').unwrap_or(("", module));
        Self {
            file: join(dir, &format!("{}.py", module.replace('.', "/"))),
            package_dir: if package.is_empty() {
                dir.to_owned()
            } else {
                join(dir, &package.replace('.', "/"))
            },
            package: package.to_owned(),
            module: module.to_owned(),
            variable: variable.to_owned(),
        }
    }

    /// The object that a start command names: the first argument of the form `module:variable`.
    pub(crate) fn from_command(dir: &str, command: &[String]) -> Option<Self> {
        command.iter().find_map(|argument| {
            let (module, variable) = argument.split_once(':')?;
            let name = |text: &str| {
                !text.is_empty()
                    && text
                        .chars()
                        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
            };
            (name(module) && name(variable)).then(|| Self::new(dir, module, variable))
        })
    }

    /// A module of the same package.
    pub(crate) fn sibling(&self, name: &str) -> String {
        if self.package.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.package)
        }
    }
}

/// Looks for the application object in the usual files.
pub(crate) fn find_app(read: Reader<'_>, dir: &str) -> Option<PythonApp> {
    [
        "src.main",
        "app.main",
        "main",
        "src.app",
        "app.app",
        "app",
        "api.main",
        "server.main",
        "backend.main",
    ]
    .iter()
    .find_map(|module| {
        let text = read(&join(dir, &format!("{}.py", module.replace('.', "/"))))?;
        let variable = code_lines(&text).find_map(|(_, line)| {
            let (name, call) = line.split_once('=')?;
            call.trim_start()
                .starts_with("FastAPI(")
                .then(|| name.split(':').next().unwrap_or(name).trim().to_owned())
        })?;
        Some(PythonApp::new(dir, module, &variable))
    })
}

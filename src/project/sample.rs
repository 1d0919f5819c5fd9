//! The sample project: a small FastAPI application that lacks only its database.
//!
//! It has no session module and no `.env`: the wizard writes both, and it doesn't start without them.

/// Its files, as paths relative to its root and their text.
pub(crate) const FILES: &[(&str, &str)] = &[
    // stored without the dot, so that they do not act on our own repository
    (".gitignore", include_str!("../../assets/sample/gitignore")),
    (
        "backend/.env.example",
        include_str!("../../assets/sample/backend/env.example"),
    ),
    ("README.md", include_str!("../../assets/sample/README.md")),
    (
        "neonup.toml",
        include_str!("../../assets/sample/neonup.toml"),
    ),
    ("backend/schema.sql", SCHEMA),
    (
        "backend/requirements.txt",
        include_str!("../../assets/sample/backend/requirements.txt"),
    ),
    (
        "backend/src/__init__.py",
        include_str!("../../assets/sample/backend/src/__init__.py"),
    ),
    (
        "backend/src/main.py",
        include_str!("../../assets/sample/backend/src/main.py"),
    ),
    (
        "backend/src/models/__init__.py",
        include_str!("../../assets/sample/backend/src/models/__init__.py"),
    ),
    (
        "backend/src/models/task.py",
        include_str!("../../assets/sample/backend/src/models/task.py"),
    ),
    (
        "backend/src/models/user.py",
        include_str!("../../assets/sample/backend/src/models/user.py"),
    ),
];

/// The name of the sample project, and of its folder.
pub(crate) const NAME: &str = "aido-todo";

/// The port that the sample's `neonup.toml` names.
pub(crate) const PORT: u16 = 8000;

/// The version of Postgres that it names.
const POSTGRES: u32 = 17;

/// What the machine decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    /// The application's port.
    pub port: u16,
    /// The major version of the Postgres that there is.
    pub postgres: u32,
}

/// The sample's `neonup.toml` for this machine.
pub(crate) fn fitted(config: &str, machine: Machine) -> String {
    let postgres = |version: u32| format!("postgres = {version}\n");
    config
        .replace(&PORT.to_string(), &machine.port.to_string())
        .replace(&postgres(POSTGRES), &postgres(machine.postgres))
}

/// The tables of a todo application.
pub(crate) const SCHEMA: &str = include_str!("../../assets/schema.sql");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::dotenv::Document, project::config::Config};

    fn file(path: &str) -> &'static str {
        FILES.iter().find(|(name, _)| *name == path).unwrap().1
    }

    #[test]
    fn its_configuration_is_valid_and_complete() {
        let config = Config::parse(file("neonup.toml")).unwrap();
        assert_eq!(config.project.id, None);
        let example = Document::parse(file("backend/.env.example").as_bytes());
        for (key, _) in &config.env[0].keys {
            assert!(example.get(key).is_some(), "{key}");
        }
        for path in &config.schema.unwrap().files {
            file(path);
        }
        assert!(!FILES.iter().any(|(path, _)| path.contains("/db/")));
    }

    #[test]
    fn its_configuration_names_the_port_and_the_postgres_of_the_machine() {
        let machine = Machine {
            port: 8123,
            postgres: 18,
        };
        let config = Config::parse(&fitted(file("neonup.toml"), machine)).unwrap();
        assert_eq!(config.project.postgres, Some(18));
        let health = config.backend.unwrap().health.unwrap();
        assert!(health.contains(":8123/"), "{health}");
    }
}

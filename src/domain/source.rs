//! Reads files of a repository by their path.

/// Gives the text of a file of the repository, by its path relative to the root; `None` where there is none.
pub(crate) type Reader<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Gives the bytes of a file of the repository, by its path relative to the root; `None` where there is none, else why it cannot be read.
pub(crate) type FileReader<'a> = &'a dyn Fn(&str) -> Result<Option<Vec<u8>>, String>;

/// The names of Docker Compose's files, in the order of looking.
pub(crate) const COMPOSE: &[&str] = &[
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
    "docker-compose.dev.yml",
    "compose.dev.yml",
];

/// The path of a file in a folder that may be the root.
pub(crate) fn join(dir: &str, file: &str) -> String {
    if dir.is_empty() {
        file.to_owned()
    } else {
        format!("{dir}/{file}")
    }
}

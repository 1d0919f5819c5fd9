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

/// The text of a file: UTF-8, or UTF-16 where a mark at its head says so, as PowerShell writes it and pip reads it.
pub(crate) fn decoded(bytes: Vec<u8>) -> Option<String> {
    let units = |pair: fn([u8; 2]) -> u16| -> Vec<u16> {
        let pairs = bytes.get(2..).unwrap_or_default().chunks_exact(2);
        pairs
            .filter_map(|bytes| bytes.try_into().ok().map(pair))
            .collect()
    };
    match bytes.get(..2) {
        Some([0xff, 0xfe]) => String::from_utf16(&units(u16::from_le_bytes)).ok(),
        Some([0xfe, 0xff]) => String::from_utf16(&units(u16::from_be_bytes)).ok(),
        _ => String::from_utf8(bytes).ok(),
    }
}

//! The Postgres that our binary carries: the server, and the extensions that half of all schemas begin with.
//!
//! The server, pgcrypto and pgvector are PostgreSQL's and pgvector's own code, in `pglite-rs-lib-<target>` 0.2.7. It has no
//! modules of uuid-ossp and citext, whose functions are written in SQL here. For Windows it is a PostgreSQL that
//! `scripts/postgres-windows` has built, with extensions of its own.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::Path,
};

use libdeflater::Decompressor;

use crate::sandbox::files;

/// The server, as zstd-compressed tar; empty if the build has none.
static SERVER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pg-runtime.tar.zst"));
/// Extensions beside it, as gzip-compressed tar; empty where it has its own.
static EXTENSIONS: [&[u8]; 2] = [
    include_bytes!(concat!(env!("OUT_DIR"), "/pg-pgcrypto.tar.gz")),
    include_bytes!(concat!(env!("OUT_DIR"), "/pg-pgvector.tar.gz")),
];
/// Extensions without a module, for a server that has none of that name: its control file, and its script.
const SCRIPTS: [[(&str, &str); 2]; 2] = [
    [
        ("citext.control", include_str!("extensions/citext.control")),
        (
            "citext--1.6.sql",
            include_str!("extensions/citext--1.6.sql"),
        ),
    ],
    [
        (
            "uuid-ossp.control",
            include_str!("extensions/uuid-ossp.control"),
        ),
        (
            "uuid-ossp--1.1.sql",
            include_str!("extensions/uuid-ossp--1.1.sql"),
        ),
    ],
];
/// The folder of what is unpacked.
pub(crate) const NAME: &str = env!("NEONUP_POSTGRES_NAME");
/// An extension unpacked, in bytes: several times what the largest has.
const EXTENSION_LIMIT: usize = 16 << 20;
/// The most that gzip shrinks anything.
const GZIP_RATIO: usize = 1032;

/// What it needs of the system; empty if the build has none.
pub(crate) const NEEDS: &str = env!("NEONUP_POSTGRES_NEEDS");
/// The version of the server.
const VERSION: &str = env!("NEONUP_POSTGRES_VERSION");

/// The version of the server that this build carries, and what it needs.
pub(crate) const fn version() -> Option<(&'static str, &'static str)> {
    if SERVER.is_empty() {
        None
    } else {
        Some((VERSION, NEEDS))
    }
}

/// What `create extension` finds in it, separated by spaces.
const CREATABLE: &str = env!("NEONUP_POSTGRES_EXTENSIONS");

/// Its major version; 0 if there is none.
pub(crate) fn major() -> u32 {
    VERSION
        .split_once('.')
        .and_then(|(major, _)| major.parse().ok())
        .unwrap_or_default()
}

/// Whether an extension can be created in it.
pub(crate) fn has_extension(name: &str) -> bool {
    CREATABLE.split(' ').any(|creatable| creatable == name)
}

/// Whether this build carries one.
pub(crate) fn is_there() -> bool {
    !SERVER.is_empty()
}

/// Unpacks it into a folder.
pub(crate) fn unpack(folder: &Path) -> io::Result<()> {
    tar::Archive::new(server()?.as_slice()).unpack(folder)?;
    for extension in EXTENSIONS.into_iter().filter(|tar| !tar.is_empty()) {
        let tar = gunzip(extension)?;
        tar::Archive::new(tar.as_slice()).unpack(folder)?;
    }
    let scripts = folder.join("share/postgresql/extension");
    for [control, script] in SCRIPTS {
        if scripts.join(control.0).exists() {
            continue;
        }
        for (name, text) in [control, script] {
            files::write(&scripts.join(name), text.as_bytes())?;
        }
    }
    let vector = scripts.join("vector.control");
    if !vector.exists() {
        return Ok(());
    }
    // Neon lets the owner of a database create it, as all that it has.
    let mut control = fs::OpenOptions::new().append(true).open(vector)?;
    control.write_all(b"trusted = true\n")
}

/// The server, as tar.
fn server() -> io::Result<Vec<u8>> {
    let mut tar = Vec::new();
    ruzstd::decoding::StreamingDecoder::new(SERVER)
        .map_err(io::Error::other)?
        .read_to_end(&mut tar)?;
    Ok(tar)
}

fn gunzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let limit = bytes.len().saturating_mul(GZIP_RATIO).min(EXTENSION_LIMIT);
    let mut tar = vec![0; limit];
    let length = Decompressor::new()
        .gzip_decompress(bytes, &mut tar)
        .map_err(io::Error::other)?;
    tar.truncate(length);
    Ok(tar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_named_after_the_version() {
        if !is_there() {
            return;
        }
        assert!(NAME.starts_with(&format!("postgres-{VERSION}-")));
        assert!(VERSION.starts_with(&format!("{}.", major())));
    }

    #[test]
    fn what_it_needs_is_the_newest_glibc_that_one_of_its_programs_asks_for() {
        if !is_there() {
            return;
        }
        let newest = |tar: &[u8]| -> Option<u32> {
            let names = memchr::memmem::find_iter(tar, b"GLIBC_2.");
            let minor = names.filter_map(|at| {
                let digits = tar[at + 8..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit());
                let text: String = digits.map(|byte| char::from(*byte)).collect();
                text.parse().ok()
            });
            minor.max()
        };
        let server = server().unwrap();
        let extensions = EXTENSIONS.into_iter().filter(|tar| !tar.is_empty());
        let extensions = extensions.map(|extension| newest(&gunzip(extension).unwrap()));
        let asked = extensions.chain([newest(&server)]).max();
        let said = NEEDS.strip_prefix("glibc 2.").and_then(|rest| {
            let (minor, _) = rest.split_once(' ')?;
            minor.parse().ok()
        });
        assert_eq!(asked.flatten(), said, "{NEEDS}");
    }
}

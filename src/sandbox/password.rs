//! The superuser's password: random, and in a file beside the data that only its owner may read.

use std::{fs, io, path::Path};

use crate::{
    core::secret::Secret,
    domain::hex::hex,
    sandbox::{files, ids},
};

const FILE: &str = "admin";

/// A new one, of 256 bits.
pub(crate) fn random() -> Secret {
    Secret::new(hex(&ids::random::<32>()))
}

/// The one of the data in a folder; `None` if an older neonup made it, which had none.
pub(crate) fn read(folder: &Path) -> io::Result<Option<Secret>> {
    match fs::read_to_string(folder.join(FILE)) {
        Ok(text) => Ok(Some(Secret::new(text)).filter(|password| !password.is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn write(folder: &Path, password: &Secret) -> io::Result<()> {
    files::write_private(&folder.join(FILE), password.expose().as_bytes())
}

/// Keeps the password of data that was copied.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    read(from)?.map_or(Ok(()), |password| write(to, &password))
}

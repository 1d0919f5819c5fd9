//! The real adapter: one file for each clone, 0600, in the user's state directory.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    core::trust::CloneCommand,
    domain::hex::hex,
    os::folders,
    ports::trust::{TrustError, TrustStore},
};

/// The most consents of one clone that are remembered: whoever goes back to another branch isn't asked again.
const MOST_CONSENTS: usize = 32;

/// The largest file of consents that is read, in bytes: [`MOST_CONSENTS`] with their files take less.
const LARGEST: u64 = 1024 * 1024;

/// The consents of the clone at one place.
#[derive(Debug, Clone)]
pub(crate) struct DiskTrust {
    root: PathBuf,
    state: Option<PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    version: u32,
    /// The clone's canonical path.
    clone: PathBuf,
    /// The latest first.
    commands: Vec<CloneCommand>,
}

const VERSION: u32 = 1;

impl DiskTrust {
    /// The consents of the clone at this root, in the user's state directory.
    pub(crate) fn new(root: &Path) -> Self {
        Self::build(root, folders::state())
    }

    /// Keeps consents in this state directory.
    #[cfg(test)]
    pub(crate) fn with_state(root: &Path, state: &Path) -> Self {
        Self::build(root, Some(state.to_owned()))
    }

    fn build(root: &Path, state: Option<PathBuf>) -> Self {
        Self {
            root: root.canonicalize().unwrap_or_else(|_| root.to_owned()),
            state: state.map(|state| state.join("neonup").join("trust")),
        }
    }

    fn file(&self) -> Result<PathBuf, TrustError> {
        let folder = self.state.as_ref().filter(|folder| folder.is_absolute());
        let folder = folder.ok_or(TrustError::NoStateDirectory)?;
        if existing(folder).starts_with(&self.root) {
            return Err(TrustError::InsideRepository(folder.clone()));
        }
        let digest = hex(&Sha256::digest(self.root.as_os_str().as_encoded_bytes()));
        Ok(folder.join(digest))
    }
}

/// Where a folder really lies, as far as it exists.
fn existing(folder: &Path) -> PathBuf {
    let real = folder.ancestors().find_map(|above| {
        let rest = folder.strip_prefix(above).ok()?;
        Some(above.canonicalize().ok()?.join(rest))
    });
    real.unwrap_or_else(|| folder.to_owned())
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> TrustError {
    let path = path.to_owned();
    move |source| TrustError::Io { path, source }
}

impl TrustStore for DiskTrust {
    fn agreed(&self) -> Result<Vec<CloneCommand>, TrustError> {
        let path = match self.file() {
            Ok(path) => path,
            // nowhere to remember it: then nobody has agreed to anything
            Err(TrustError::NoStateDirectory | TrustError::InsideRepository(_)) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&path)(error)),
        };
        let meta = file.metadata().map_err(failed(&path))?;
        let ours = meta.uid() == rustix::process::geteuid().as_raw();
        if !meta.is_file() || !ours || meta.mode() & 0o022 != 0 || meta.len() > LARGEST {
            // whoever else may write it could agree in this user's name
            return Err(TrustError::Unreadable(path));
        }
        let mut text = Vec::new();
        file.take(LARGEST)
            .read_to_end(&mut text)
            .map_err(failed(&path))?;
        match serde_json::from_slice::<Document>(&text) {
            Ok(document) if document.version == VERSION && document.clone == self.root => {
                Ok(document.commands)
            }
            _ => Err(TrustError::Unreadable(path)),
        }
    }

    fn agree(&self, commands: &[CloneCommand]) -> Result<(), TrustError> {
        let path = self.file()?;
        let folder = path.parent().unwrap_or(&path);
        // one that can't be read is replaced: what it held can't be told
        let before = self.agreed().unwrap_or_default();
        let mut kept = commands.to_vec();
        kept.extend(before.into_iter().filter(|old| !commands.contains(old)));
        kept.truncate(MOST_CONSENTS);
        let document = Document {
            version: VERSION,
            clone: self.root.clone(),
            commands: kept,
        };
        let text =
            serde_json::to_vec_pretty(&document).map_err(|error| failed(&path)(error.into()))?;
        let write = || {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
            // the crate makes it with O_EXCL and 0600
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&text)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(failed(&path))
    }

    fn revoke(&self) -> Result<bool, TrustError> {
        let path = match self.file() {
            Ok(path) => path,
            Err(TrustError::NoStateDirectory | TrustError::InsideRepository(_)) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed(&path)(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _};

    use super::*;
    use crate::{core::trust::CommandPurpose, testing::folders::temp_dir};

    fn command(word: &str) -> CloneCommand {
        CloneCommand {
            purpose: CommandPurpose::App,
            argv: vec![word.to_owned()],
            dir: String::new(),
            variables: BTreeMap::new(),
            files: BTreeMap::new(),
            questions: Vec::new(),
            unheld: None,
        }
    }

    #[test]
    fn consent_is_for_one_clone_and_for_this_user_alone() {
        let (root, other, state) = (temp_dir(), temp_dir(), temp_dir());
        let trust = DiskTrust::with_state(root.path(), state.path());
        assert_eq!(trust.agreed().unwrap(), []);
        trust.agree(&[command("a")]).unwrap();
        trust.agree(&[command("b")]).unwrap();
        trust.agree(&[command("a")]).unwrap();
        assert_eq!(trust.agreed().unwrap(), [command("a"), command("b")]);
        let file = trust.file().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        let elsewhere = DiskTrust::with_state(other.path(), state.path());
        assert_eq!(elsewhere.agreed().unwrap(), []);
        // a record of another clone under this one's name
        fs::copy(&file, elsewhere.file().unwrap()).unwrap();
        assert!(elsewhere.agreed().is_err());
        assert!(trust.revoke().unwrap() && !trust.revoke().unwrap());
        assert_eq!(trust.agreed().unwrap(), []);
    }

    #[test]
    fn a_record_that_others_may_write_or_that_a_clone_brings_is_no_consent() {
        let (root, state) = (temp_dir(), temp_dir());
        let trust = DiskTrust::with_state(root.path(), state.path());
        trust.agree(&[command("a")]).unwrap();
        let file = trust.file().unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(trust.agreed(), Err(TrustError::Unreadable(_))));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&file, "{}").unwrap();
        assert!(matches!(trust.agreed(), Err(TrustError::Unreadable(_))));
        fs::write(&file, vec![b' '; 1024 * 1024 + 1]).unwrap();
        assert!(matches!(trust.agreed(), Err(TrustError::Unreadable(_))));
        // a state directory in the clone itself
        let inside = DiskTrust::with_state(root.path(), &root.path().join("not/yet"));
        assert!(matches!(
            inside.agree(&[command("a")]),
            Err(TrustError::InsideRepository(_))
        ));
        assert_eq!(inside.agreed().unwrap(), []);
        let relative = DiskTrust::with_state(root.path(), Path::new("state"));
        assert!(matches!(
            relative.agree(&[]),
            Err(TrustError::NoStateDirectory)
        ));
    }

    #[test]
    fn only_so_many_consents_are_remembered() {
        let (root, state) = (temp_dir(), temp_dir());
        let trust = DiskTrust::with_state(root.path(), state.path());
        for number in 0..40 {
            trust.agree(&[command(&number.to_string())]).unwrap();
        }
        let agreed = trust.agreed().unwrap();
        assert_eq!((agreed.len(), &agreed[0]), (MOST_CONSENTS, &command("39")));
    }
}

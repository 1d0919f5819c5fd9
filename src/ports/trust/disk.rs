//! The real adapter: a record of the clone.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    core::trust::CloneCommand,
    ports::{
        records::{CloneRecords, RecordError},
        trust::TrustStore,
    },
};

/// The most consents of one clone that are remembered: whoever goes back to another branch isn't asked again.
const MOST_CONSENTS: usize = 32;

/// The largest file of consents that is read, in bytes: [`MOST_CONSENTS`] with their files take less.
const LARGEST: u64 = 1024 * 1024;

/// The folder of the consents in our state directory.
const KIND: &str = "trust";

/// The consents of the clone at one place.
#[derive(Debug, Clone)]
pub(crate) struct DiskTrust(CloneRecords);

#[derive(Debug, Serialize, Deserialize)]
struct TrustDocument {
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
        Self(CloneRecords::new(root, KIND))
    }

    /// Keeps consents in this state directory.
    #[cfg(test)]
    pub(crate) fn with_state(root: &Path, state: &Path) -> Self {
        Self(CloneRecords::in_state(root, KIND, Some(state.to_owned())))
    }

    #[cfg(test)]
    fn file(&self) -> Result<PathBuf, RecordError> {
        self.0.file()
    }
}

impl TrustStore for DiskTrust {
    fn agreed(&self) -> Result<Vec<CloneCommand>, RecordError> {
        let Some(text) = self.0.read(LARGEST)? else {
            return Ok(Vec::new());
        };
        match serde_json::from_slice::<TrustDocument>(&text) {
            Ok(document) if document.version == VERSION && document.clone == self.0.root() => {
                Ok(document.commands)
            }
            _ => Err(RecordError::Unreadable(self.0.file()?)),
        }
    }

    fn agree(&self, commands: &[CloneCommand]) -> Result<(), RecordError> {
        let path = self.0.file()?;
        // one that can't be read is replaced: what it held can't be told
        let before = self.agreed().unwrap_or_default();
        let mut kept = commands.to_vec();
        kept.extend(before.into_iter().filter(|old| !commands.contains(old)));
        kept.truncate(MOST_CONSENTS);
        let document = TrustDocument {
            version: VERSION,
            clone: self.0.root().to_owned(),
            commands: kept,
        };
        let text = serde_json::to_vec_pretty(&document)
            .map_err(|error| RecordError::io(&path)(error.into()))?;
        self.0.write(&text)
    }

    fn revoke(&self) -> Result<bool, RecordError> {
        self.0.remove()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use super::*;
    use crate::{
        core::trust::CommandPurpose,
        testing::folders::{mode, open_to_others, set_mode, temp_dir},
    };

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
        let modes = [file.as_path(), file.parent().unwrap()].map(mode);
        assert_eq!(modes.map(|mode| mode & 0o677), [0o600; 2]);
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
        open_to_others(&file, 0o666);
        assert!(matches!(trust.agreed(), Err(RecordError::Unreadable(_))));
        set_mode(&file, 0o600);
        fs::write(&file, "{}").unwrap();
        assert!(matches!(trust.agreed(), Err(RecordError::Unreadable(_))));
        fs::write(&file, vec![b' '; 1024 * 1024 + 1]).unwrap();
        assert!(matches!(trust.agreed(), Err(RecordError::Unreadable(_))));
        // a state directory in the clone itself
        let inside = DiskTrust::with_state(root.path(), &root.path().join("not/yet"));
        assert!(matches!(
            inside.agree(&[command("a")]),
            Err(RecordError::InsideRepository(_))
        ));
        assert_eq!(inside.agreed().unwrap(), []);
        let relative = DiskTrust::with_state(root.path(), Path::new("state"));
        assert!(matches!(
            relative.agree(&[]),
            Err(RecordError::NoStateDirectory)
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

//! The real adapter: a record of the clone, and one random key for all of a user's records.
//!
//! Without the key nobody can try passwords against what is kept of an env file, and nobody can make a record that counts.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    core::{
        app_proof::AppProof,
        proof::{Coverage, Unread},
        schema_run::SchemaRun,
    },
    ports::{
        proof::{
            GatheredInputs, InputQuestion, ProofStore,
            gather::Gatherer,
            key::{HashKey, KEY_LENGTH},
        },
        records::{self, CloneRecords, Privacy, RecordError},
    },
};

/// The largest record that is read or written, in bytes: the most files that are hashed, with long paths.
const LARGEST: u64 = 8 * 1024 * 1024;

/// The folder of the application's proofs in our state directory, and of the key.
const APP: &str = "proof";
/// The folder of the migration command's runs there.
const SCHEMA: &str = "schema";
/// The name of the key's file.
const KEY_FILE: &str = "key";
/// The version of the records.
const VERSION: u32 = 1;

/// The proofs of the clone at one place.
pub(crate) struct DiskProof {
    app: ProofRecord<AppProof>,
    schema: ProofRecord<SchemaRun>,
    key: OnceLock<HashKey>,
}

/// One record of the clone.
struct ProofRecord<T> {
    records: CloneRecords,
    /// What its seal is made under, so that no record stands for another one.
    label: &'static [u8],
    /// What could not be written.
    unwritten: Mutex<Option<T>>,
}

#[derive(Serialize, Deserialize)]
struct ProofDocument<T> {
    version: u32,
    /// The clone's canonical path.
    clone: PathBuf,
    proof: T,
    /// The keyed hash of the proof, of which nobody else can make one.
    seal: String,
}

impl<T: Serialize + DeserializeOwned + Clone> ProofRecord<T> {
    const fn new(records: CloneRecords, label: &'static [u8]) -> Self {
        Self {
            records,
            label,
            unwritten: Mutex::new(None),
        }
    }

    fn seal(&self, key: &HashKey, proof: &T) -> Result<String, serde_json::Error> {
        Ok(key.hash(self.label, &serde_json::to_vec(proof)?))
    }

    fn unwritten(&self) -> MutexGuard<'_, Option<T>> {
        self.unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What was kept, if the key says that we kept it.
    fn last(
        &self,
        key: impl FnOnce() -> Result<Option<HashKey>, RecordError>,
    ) -> Result<Option<T>, RecordError> {
        if let Some(proof) = self.unwritten().as_ref() {
            return Ok(Some(proof.clone()));
        }
        let Some(text) = self.records.read(LARGEST)? else {
            return Ok(None);
        };
        let unreadable = || RecordError::Unreadable(self.records.file().unwrap_or_default());
        let key = key()?.ok_or_else(unreadable)?;
        let Ok(document) = serde_json::from_slice::<ProofDocument<T>>(&text) else {
            return Err(unreadable());
        };
        let sealed = self
            .seal(&key, &document.proof)
            .is_ok_and(|seal| seal == document.seal);
        if document.version != VERSION || document.clone != self.records.root() || !sealed {
            return Err(unreadable());
        }
        Ok(Some(document.proof))
    }

    fn keep(&self, key: &HashKey, proof: T) -> Result<(), RecordError> {
        let written = self.write(key, &proof);
        *self.unwritten() = written.is_err().then_some(proof);
        if written.is_err() {
            // what is there is of an earlier time, and would be told as the last one
            self.records.remove().ok();
        }
        written
    }

    fn write(&self, key: &HashKey, proof: &T) -> Result<(), RecordError> {
        let path = self.records.file()?;
        let failed = |error: serde_json::Error| RecordError::io(&path)(error.into());
        let document = ProofDocument {
            version: VERSION,
            clone: self.records.root().to_owned(),
            seal: self.seal(key, proof).map_err(failed)?,
            proof: proof.clone(),
        };
        let text = serde_json::to_vec(&document).map_err(failed)?;
        if u64::try_from(text.len()).is_ok_and(|length| length > LARGEST) {
            let why = std::io::Error::new(
                std::io::ErrorKind::FileTooLarge,
                format!("it would be larger than {} MB", LARGEST / (1024 * 1024)),
            );
            return Err(RecordError::io(&path)(why));
        }
        self.records.write(&text)
    }
}

impl DiskProof {
    /// The proofs of the clone at this root, in the user's state directory; where the clone has several applications, those of the one
    /// in the folder `app`.
    pub(crate) fn new(root: &Path, app: &str) -> Self {
        Self::of(|kind| CloneRecords::new(root, kind).of_part(app))
    }

    /// Keeps proofs in this state directory.
    #[cfg(test)]
    pub(crate) fn with_state(root: &Path, state: &Path) -> Self {
        Self::of(|kind| CloneRecords::in_state(root, kind, Some(state.to_owned())))
    }

    fn of(records: impl Fn(&'static str) -> CloneRecords) -> Self {
        Self {
            app: ProofRecord::new(records(APP), b"proof"),
            schema: ProofRecord::new(records(SCHEMA), b"schema run"),
            key: OnceLock::new(),
        }
    }

    /// The key, if there is one that counts.
    fn known_key(&self) -> Result<Option<HashKey>, RecordError> {
        if let Some(key) = self.key.get() {
            return Ok(Some(*key));
        }
        let path = self.app.records.folder()?.join(KEY_FILE);
        let length = u64::try_from(KEY_LENGTH).unwrap_or(u64::MAX);
        let Some(bytes) = records::read(&path, length, Privacy::Secret)? else {
            return Ok(None);
        };
        let Ok(key) = <[u8; KEY_LENGTH]>::try_from(bytes) else {
            return Err(RecordError::Unreadable(path));
        };
        Ok(Some(*self.key.get_or_init(|| HashKey::new(key))))
    }

    /// The key, which is made where there is none. Where it can't be kept, it is this process's alone.
    fn made_key(&self) -> HashKey {
        match self.known_key() {
            Ok(Some(key)) => return key,
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "the key of the proofs can't be read: replacing it");
                if let (RecordError::Unreadable(path), Ok(folder)) =
                    (error, self.app.records.folder())
                    && path.starts_with(folder)
                {
                    fs::remove_file(path).unwrap_or_default();
                }
            }
        }
        let mut new = [0; KEY_LENGTH];
        if getrandom::fill(&mut new).is_err() {
            // the system's random numbers are there, or nothing works
            tracing::error!("the system has no random numbers");
        }
        let records = &self.app.records;
        let made = records
            .folder()
            .map(|folder| folder.join(KEY_FILE))
            .and_then(|path| records.create(&path, &new));
        match made {
            // another process was faster
            Ok(false) => self.known_key().ok().flatten(),
            Ok(true) | Err(_) => None,
        }
        .unwrap_or_else(|| *self.key.get_or_init(|| HashKey::new(new)))
    }
}

#[async_trait]
impl ProofStore for DiskProof {
    fn last(&self) -> Result<Option<AppProof>, RecordError> {
        self.app.last(|| self.known_key())
    }

    fn keep(&self, proof: AppProof) -> Result<(), RecordError> {
        self.app.keep(&self.made_key(), proof)
    }

    fn last_run(&self) -> Result<Option<SchemaRun>, RecordError> {
        self.schema.last(|| self.known_key())
    }

    fn keep_run(&self, run: SchemaRun) -> Result<(), RecordError> {
        self.schema.keep(&self.made_key(), run)
    }

    async fn inputs(&self, question: InputQuestion) -> GatheredInputs {
        let root = self.app.records.root().to_owned();
        let key = self.made_key();
        let work = move || Gatherer::new(key, root, question).run();
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| {
                let mut coverage = Coverage::complete();
                coverage.leave_out(Unread {
                    what: "the app's files".to_owned(),
                    why: error.to_string(),
                    hint: String::new(),
                });
                GatheredInputs {
                    inputs: crate::core::app_proof::ProofInputs::default(),
                    coverage,
                }
            })
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        core::app_proof::ProofInputs,
        testing::folders::{mode, open_to_others, set_mode, temp_dir},
    };

    fn proof(at: u64) -> AppProof {
        AppProof {
            at,
            inputs: ProofInputs::default(),
            written: BTreeSet::new(),
            driver: None,
            app: None,
        }
    }

    #[test]
    fn a_proof_is_of_one_clone_and_of_this_user_alone() {
        let (root, other, state) = (temp_dir(), temp_dir(), temp_dir());
        let open = |root: &Path| DiskProof::with_state(root, state.path());
        assert_eq!(open(root.path()).last().unwrap(), None);
        let mut entries = fs::read_dir(state.path()).unwrap();
        assert!(entries.next().is_none(), "a look has written something");
        open(root.path()).keep(proof(7)).unwrap();
        assert_eq!(open(root.path()).last().unwrap(), Some(proof(7)));
        let file = open(root.path()).app.records.file().unwrap();
        let folder = file.parent().unwrap();
        let modes = [file.as_path(), &folder.join(KEY_FILE), folder].map(mode);
        assert_eq!(modes.map(|mode| mode & 0o677), [0o600; 3]);
        // another clone's, under this one's name
        let elsewhere = open(other.path());
        fs::copy(&file, elsewhere.app.records.file().unwrap()).unwrap();
        assert!(matches!(elsewhere.last(), Err(RecordError::Unreadable(_))));
        elsewhere.keep(proof(8)).unwrap();
        assert_eq!(open(other.path()).last().unwrap(), Some(proof(8)));
        assert_eq!(open(root.path()).last().unwrap(), Some(proof(7)));
    }

    #[test]
    fn a_damaged_or_foreign_record_is_none() {
        let (root, state) = (temp_dir(), temp_dir());
        let open = || DiskProof::with_state(root.path(), state.path());
        open().keep(proof(7)).unwrap();
        let file = open().app.records.file().unwrap();
        let good = fs::read_to_string(&file).unwrap();
        for bad in [
            good.replace("\"at\":7", "\"at\":8"),
            good.replace("\"version\":1", "\"version\":2"),
            good.chars().take(good.len() / 2).collect(),
            String::new(),
        ] {
            fs::write(&file, bad).unwrap();
            assert!(matches!(open().last(), Err(RecordError::Unreadable(_))));
        }
        fs::write(&file, &good).unwrap();
        open_to_others(&file, 0o666);
        assert!(open().last().is_err());
        set_mode(&file, 0o600);
        assert_eq!(open().last().unwrap(), Some(proof(7)));
        // without its key, or with one that others may read, it says nothing
        let key = file.with_file_name(KEY_FILE);
        open_to_others(&key, 0o644);
        assert!(open().last().is_err());
        fs::remove_file(&key).unwrap();
        assert!(open().last().is_err());
        open().keep(proof(9)).unwrap();
        assert_eq!(open().last().unwrap(), Some(proof(9)));
    }

    #[test]
    fn a_run_of_the_migrations_is_kept_apart_from_the_proof_of_the_app() {
        let (root, state) = (temp_dir(), temp_dir());
        let open = || DiskProof::with_state(root.path(), state.path());
        let run = SchemaRun {
            at: 3,
            inputs: ProofInputs::default(),
        };
        open().keep(proof(7)).unwrap();
        assert_eq!(open().last_run().unwrap(), None);
        open().keep_run(run.clone()).unwrap();
        assert_eq!(open().last_run().unwrap(), Some(run));
        assert_eq!(open().last().unwrap(), Some(proof(7)));
        // neither stands for the other
        let (app, schema) = (
            open().app.records.file().unwrap(),
            open().schema.records.file().unwrap(),
        );
        fs::copy(&app, &schema).unwrap();
        assert!(matches!(open().last_run(), Err(RecordError::Unreadable(_))));
    }

    #[test]
    fn what_cannot_be_written_is_known_to_this_process() {
        let root = temp_dir();
        let inside = DiskProof::with_state(root.path(), &root.path().join("state"));
        assert!(matches!(
            inside.keep(proof(7)),
            Err(RecordError::InsideRepository(_))
        ));
        assert_eq!(inside.last().unwrap(), Some(proof(7)));
        assert!(!root.path().join("state").exists());
    }
}

//! What starting the application and running its migrations has shown, and the inputs that it stands on: kept outside the repository, for this user alone.

pub(crate) mod disk;
mod gather;
mod key;
mod packages;

use std::{collections::BTreeSet, path::PathBuf, time::SystemTime};

use async_trait::async_trait;

use crate::{
    core::{
        app_proof::{AppProof, ProofInput, ProofInputs},
        proof::Coverage,
        schema_run::SchemaRun,
        secret::Secret,
    },
    ports::records::RecordError,
};

/// What decides whether the application works: what is to be read.
#[derive(Debug, Clone, Default)]
pub(crate) struct InputQuestion {
    /// The application's folder, relative to the root and empty for the root itself; `None` where no application is started.
    pub dir: Option<String>,
    pub config_file: PathBuf,
    /// The env files that the project wants.
    pub env_files: Vec<String>,
    /// Other files that count wherever they are, relative to the root.
    pub files: Vec<String>,
    /// The programs that are started, and where they are.
    pub programs: Vec<(String, Option<PathBuf>)>,
    /// The user's home, where packages may be installed.
    pub home: Option<PathBuf>,
    /// What isn't a file, with what it is.
    pub values: Vec<(ProofInput, Secret)>,
    /// The files of the folder that git doesn't ignore, relative to the root; `None` where git can't tell.
    pub kept: Option<BTreeSet<String>>,
}

/// The inputs as they are.
#[derive(Debug, Clone)]
pub(crate) struct GatheredInputs {
    pub inputs: ProofInputs,
    /// What could not be read.
    pub coverage: Coverage,
}

/// The last proofs of one clone.
#[async_trait]
pub(crate) trait ProofStore: Send + Sync {
    /// The last proof; `None` where there is none, or nowhere to keep one.
    fn last(&self) -> Result<Option<AppProof>, RecordError>;

    /// Keeps a proof in place of the last one. Where that can't be written, this process still knows it.
    fn keep(&self, proof: AppProof) -> Result<(), RecordError>;

    /// The last run of the migration command; `None` where there is none, or nowhere to keep one.
    fn last_run(&self) -> Result<Option<SchemaRun>, RecordError>;

    /// Keeps a run in place of the last one. Where that can't be written, this process still knows it.
    fn keep_run(&self, run: SchemaRun) -> Result<(), RecordError>;

    /// Hashes the inputs. They can be compared with those of a proof that was kept here, and tell nothing to anybody else.
    async fn inputs(&self, question: InputQuestion) -> GatheredInputs;

    /// The time.
    fn now(&self) -> SystemTime;
}

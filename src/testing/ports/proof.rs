//! A proof in memory, whose inputs are the files of the world.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::{
    core::{
        app_proof::{AppProof, ProofInput, ProofInputs},
        proof::Coverage,
        schema_run::SchemaRun,
    },
    ports::{
        proof::{GatheredInputs, InputQuestion, ProofStore},
        records::RecordError,
    },
    testing::world::World,
};

#[async_trait]
impl ProofStore for World {
    fn last(&self) -> Result<Option<AppProof>, RecordError> {
        Ok(self.with(|state| state.proof.clone()))
    }

    fn keep(&self, proof: AppProof) -> Result<(), RecordError> {
        self.with(|state| state.proof = Some(proof));
        Ok(())
    }

    fn last_run(&self) -> Result<Option<SchemaRun>, RecordError> {
        Ok(self.with(|state| state.schema_run.clone()))
    }

    fn keep_run(&self, run: SchemaRun) -> Result<(), RecordError> {
        self.with(|state| state.schema_run = Some(run));
        Ok(())
    }

    async fn inputs(&self, question: InputQuestion) -> GatheredInputs {
        let mut inputs = ProofInputs::default();
        for (input, value) in &question.values {
            inputs.insert(input.clone(), value.expose().to_owned());
        }
        self.with(|state| {
            for (path, bytes) in &state.files {
                let name = path.strip_prefix("/repo").unwrap_or(path);
                let name = name.to_string_lossy().into_owned();
                let input = if question.env_files.contains(&name) {
                    ProofInput::EnvFile(name)
                } else {
                    ProofInput::File(name)
                };
                inputs.insert(input, String::from_utf8_lossy(bytes).into_owned());
            }
        });
        GatheredInputs {
            inputs,
            coverage: Coverage::complete(),
        }
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(490_896)
    }
}

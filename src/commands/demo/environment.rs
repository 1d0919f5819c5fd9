//! The demo environment: the sample project on the disk, and the sandbox behind it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    commands::demo::project,
    core::{
        failure::Failure,
        presenter::{DemoError, Incident},
        secret::Secret,
    },
    ports::{
        demo::DemoEnvironment,
        neon::{Neon, NewProject},
    },
    project::sample::{self, Machine},
    sandbox::Controls,
};

/// How long a compute takes to wake up: long enough to be seen, and no longer.
const WAKE_TIME: Duration = Duration::from_millis(2500);

/// The sample project and its sandbox.
pub(super) struct SampleEnvironment {
    pub(super) project: PathBuf,
    /// What the project was fitted to.
    pub(super) machine: Machine,
    pub(super) sandbox: Controls,
    /// The sandbox's API.
    pub(super) neon: Arc<dyn Neon>,
    /// The sandbox's key.
    pub(super) key: Secret,
}

impl SampleEnvironment {
    /// Works on the disk, away from the thread that draws.
    async fn on_disk(
        &self,
        work: impl FnOnce(PathBuf, Machine) -> Result<(), DemoError> + Send + 'static,
    ) -> Result<(), DemoError> {
        let (project, machine) = (self.project.clone(), self.machine);
        tokio::task::spawn_blocking(move || work(project, machine))
            .await
            .unwrap_or_else(|error| {
                Err(DemoError::Panicked {
                    why: error.to_string(),
                })
            })
    }

    /// Makes two projects of our name, and forgets which one is ours.
    async fn duplicate_project(&self) -> Result<(), DemoError> {
        let listing = self
            .neon
            .projects(&self.key, None, &|_count| {})
            .await
            .map_err(Failure::from)?;
        let there = listing
            .projects
            .iter()
            .filter(|project| project.name == sample::NAME)
            .count();
        // the last one is in another region, so that the audience can tell them apart
        let regions = [None, Some("aws-eu-central-1".to_owned())];
        for region in regions.into_iter().skip(there) {
            let new = NewProject {
                name: sample::NAME.to_owned(),
                org: None,
                region,
                postgres: None,
                branch: None,
                database: None,
                role: None,
            };
            self.neon
                .create_project(&self.key, &new)
                .await
                .map_err(Failure::from)?;
        }
        self.on_disk(|project, machine| project::forget_id(&project, machine))
            .await
    }
}

#[async_trait]
impl DemoEnvironment for SampleEnvironment {
    async fn reset(&self) -> Result<(), DemoError> {
        self.on_disk(|project, machine| project::reset(&project, machine))
            .await?;
        self.sandbox.clear();
        Ok(())
    }

    async fn cause(&self, incident: Incident) -> Result<(), DemoError> {
        match incident {
            Incident::TrackedEnv => {
                self.on_disk(|project, _| project::track_env(&project))
                    .await
            }
            Incident::LeakedPassword => {
                self.on_disk(|project, _| project::leak_password(&project))
                    .await
            }
            Incident::SleepingCompute => {
                self.on_disk(|project, _| project::require_url(&project))
                    .await?;
                self.sandbox.sleep(WAKE_TIME).await;
                Ok(())
            }
            Incident::DuplicateProject => self.duplicate_project().await,
        }
    }
}

//! The demo environment: the sample project on the disk, and the sandbox behind it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::commands::demo::project;
use crate::{
    core::{
        code::Code,
        failure::{Failure, Result},
        presenter::Incident,
        secret::Secret,
    },
    ports::{
        demo::DemoEnvironment,
        neon::{Neon, NewProject},
    },
    project::sample,
    sandbox::Controls,
};

/// How long a compute takes to wake up where that is shown: long enough to be seen, and no longer.
const WAKES: Duration = Duration::from_millis(2500);

/// The sample project and its sandbox.
pub(super) struct SampleEnvironment {
    /// The project's folder.
    pub(super) project: PathBuf,
    /// The port of its application.
    pub(super) port: u16,
    /// The sandbox's switches.
    pub(super) sandbox: Controls,
    /// The sandbox's API.
    pub(super) neon: Arc<dyn Neon>,
    /// The sandbox's key.
    pub(super) key: Secret,
}

impl SampleEnvironment {
    /// Work on the disk, beside the screen's own thread.
    async fn on_disk(
        &self,
        work: impl FnOnce(PathBuf, u16) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let (project, port) = (self.project.clone(), self.port);
        tokio::task::spawn_blocking(move || work(project, port))
            .await
            .unwrap_or_else(|error| {
                Err(
                    Failure::new(Code::BackendNotFound, "the stage could not be set")
                        .why(error.to_string()),
                )
            })
    }

    /// Two projects of our name, and nobody who says which one is meant.
    async fn duplicate(&self) -> Result<()> {
        let listing = self.neon.projects(&self.key, None, &|_count| {}).await?;
        let there = listing
            .projects
            .iter()
            .filter(|project| project.name == sample::NAME)
            .count();
        // the last one lies elsewhere, so that a room can tell them apart
        let regions = [None, Some("aws-eu-central-1".to_owned())];
        for region in regions.into_iter().skip(there) {
            let new = NewProject {
                name: sample::NAME.to_owned(),
                org: None,
                region,
                postgres: 17,
                branch: None,
                database: None,
            };
            self.neon.create_project(&self.key, &new).await?;
        }
        self.on_disk(|project, port| project::forget_id(&project, port))
            .await
    }
}

#[async_trait]
impl DemoEnvironment for SampleEnvironment {
    async fn reset(&self) -> Result<()> {
        self.on_disk(|project, port| project::reset(&project, port))
            .await?;
        self.sandbox.clear();
        Ok(())
    }

    async fn cause(&self, incident: Incident) -> Result<()> {
        match incident {
            Incident::TrackedEnv => self.on_disk(|project, _| project::track(&project)).await,
            Incident::LeakedPassword => self.on_disk(|project, _| project::leak(&project)).await,
            Incident::SleepingCompute => {
                self.on_disk(|project, _| project::has_url(&project))
                    .await?;
                self.sandbox.sleep(WAKES).await;
                Ok(())
            }
            Incident::DuplicateProject => self.duplicate().await,
        }
    }
}

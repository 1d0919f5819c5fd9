//! What the wizards propose where there is no `neonup.toml`: read from the repository, and written into it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    commands::{context::CommandContext, error::CommandError, init},
    project::{proposals::Proposals, settings::Settings},
    report::error::ErrorReport,
};

/// The proposals for the repository around the working directory.
struct RepositoryProposals {
    context: CommandContext,
    root: PathBuf,
}

/// What proposes for the repository of these settings.
pub(super) fn of_repository(context: &CommandContext, settings: &Settings) -> Arc<dyn Proposals> {
    Arc::new(RepositoryProposals {
        context: context.clone(),
        root: settings.root.clone(),
    })
}

impl RepositoryProposals {
    fn open(&self, directory: &Path) -> Result<Settings, CommandError> {
        let mut context = self.context.clone();
        context.options.directory = Some(directory.to_owned());
        let (settings, _ports) = context.open(context.flags())?;
        Ok(settings)
    }
}

fn sentence(error: &CommandError) -> String {
    let ErrorReport {
        what, why, hint, ..
    } = error.report();
    let parts = [what, why, hint];
    let said: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    said.join("; ")
}

impl Proposals for RepositoryProposals {
    fn of_folder(&self, dir: &str) -> Result<Settings, String> {
        self.open(&self.root.join(dir))
            .map_err(|error| sentence(&error))
    }

    fn write(&self, proposed: &Settings, text: &str) -> Result<Settings, String> {
        let folder = proposed.config_file.parent().unwrap_or(&proposed.root);
        init::write_new(&proposed.config_file, text)
            .and_then(|()| self.open(folder))
            .map_err(|error| sentence(&error))
    }
}

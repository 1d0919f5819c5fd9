//! What the wizards propose where there is no `neonup.toml`, and how they change one: read from the repository, and written into it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    commands::{context::CommandContext, error::CommandError, init},
    ports::{Ports, files::Files},
    project::{config::Config, proposals::Proposals, settings::Settings},
    report::error::ErrorReport,
};

/// Opens the project around a directory; `None` is the one in which we were started.
type Open = dyn Fn(Option<&Path>) -> Result<(Settings, Ports), CommandError> + Send + Sync;

/// The proposals for a repository.
struct RepositoryProposals {
    open: Box<Open>,
    root: PathBuf,
    files: Arc<dyn Files>,
}

/// What proposes for the repository of these settings.
pub(super) fn of_repository(
    context: &CommandContext,
    settings: &Settings,
    ports: &Ports,
) -> Arc<dyn Proposals> {
    let context = context.clone();
    let open = move |directory: Option<&Path>| {
        let mut context = context.clone();
        if let Some(directory) = directory {
            context.options.directory = Some(directory.to_owned());
        }
        context.open(context.flags())
    };
    of_workspace(open, settings, ports)
}

/// What proposes for the repository of these settings, where it has to be opened in a way of its own.
pub(super) fn of_workspace(
    open: impl Fn(Option<&Path>) -> Result<(Settings, Ports), CommandError> + Send + Sync + 'static,
    settings: &Settings,
    ports: &Ports,
) -> Arc<dyn Proposals> {
    Arc::new(RepositoryProposals {
        open: Box::new(open),
        root: settings.root.clone(),
        files: Arc::clone(&ports.files),
    })
}

impl RepositoryProposals {
    fn open(&self, directory: Option<&Path>) -> Result<Settings, String> {
        let opened = (self.open)(directory);
        opened
            .map(|(settings, _ports)| settings)
            .map_err(|error| sentence(&error))
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
        self.open(Some(&self.root.join(dir)))
    }

    fn write(&self, proposed: &Settings, text: &str) -> Result<Settings, String> {
        let folder = proposed.config_file.parent().unwrap_or(&proposed.root);
        init::write_new(&proposed.config_file, text).map_err(|error| sentence(&error))?;
        self.open(Some(folder))
    }

    fn read(&self, present: &Settings) -> Result<String, String> {
        let path = &present.config_file;
        let bytes = self.files.read(path).map_err(|error| error.to_string())?;
        let Some(bytes) = bytes else {
            return Err(
                "there is no neonup.toml yet; creating the project writes one, and so does `neonup init`"
                    .to_owned(),
            );
        };
        String::from_utf8(bytes).map_err(|_not_text| format!("`{}` isn't UTF-8", path.display()))
    }

    fn replace(&self, present: &Settings, before: &str, text: &str) -> Result<Settings, String> {
        let path = &present.config_file;
        let config = Config::parse(text).map_err(|error| error.to_string())?;
        self.files
            .replace(path, Some(before.as_bytes()), text.as_bytes())
            .map_err(|error| error.to_string())?;
        // one of several applications is known by the directory in which we were started
        let folder = path.parent().filter(|_| config.apps.is_empty());
        self.open(folder)
    }
}

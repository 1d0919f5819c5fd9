//! Which build the application or its migration needs, as far as the files show.

use crate::{
    domain::built::{Built, built},
    ports::Ports,
    project::settings::Settings,
};

/// Who needs the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum For {
    App,
    Schema,
}

/// What the migration command or the application needs of a build.
pub(in crate::engine) fn wanted(settings: &Settings, ports: &Ports) -> Option<Built> {
    wanted_for(settings, ports, For::Schema).or_else(|| wanted_for(settings, ports, For::App))
}

pub(super) fn wanted_for(settings: &Settings, ports: &Ports, who: For) -> Option<Built> {
    let (dir, command) = match who {
        For::Schema => (settings.schema_dir(), &settings.schema.command),
        For::App => {
            let backend = settings.started()?;
            (backend.dir.as_str(), &backend.start)
        }
    };
    let read = |path: &str| String::from_utf8(ports.files.read(&settings.path(path)).ok()??).ok();
    built(&read, dir, command, who == For::Schema)
}

//! Which build the application or its migration needs, as far as the files show.

use crate::{
    domain::built::{BuildOutput, built},
    ports::Ports,
    project::settings::Settings,
};

/// Who needs the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum BuildFor {
    App,
    Schema,
}

/// What the migration command or the application needs of a build.
pub(in crate::engine) fn wanted(settings: &Settings, ports: &Ports) -> Option<BuildOutput> {
    wanted_for(settings, ports, BuildFor::Schema)
        .or_else(|| wanted_for(settings, ports, BuildFor::App))
}

pub(super) fn wanted_for(settings: &Settings, ports: &Ports, who: BuildFor) -> Option<BuildOutput> {
    let (dir, command) = match who {
        BuildFor::Schema => (settings.schema_dir(), &settings.schema.command),
        BuildFor::App => {
            let backend = settings.started()?;
            (backend.dir.as_str(), &backend.start)
        }
    };
    let read = |path: &str| String::from_utf8(ports.files.read(&settings.path(path)).ok()??).ok();
    built(&read, dir, command, who == BuildFor::Schema)
}

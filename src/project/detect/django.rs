//! Django.

use crate::{
    domain::{
        python::{Dependencies, is_django_script},
        source::{Reader, join},
        url::Driver,
    },
    project::detect::proposal::{Proposal, started_by},
};

/// Folders that may hold `manage.py`, where the requirements are above it.
const FOLDERS: &[&str] = &[
    "src", "app", "backend", "server", "api", "project", "django", "web", "www", "mysite",
];

pub(super) fn propose(read: Reader<'_>, dir: &str) -> Option<Proposal> {
    let depends = Dependencies::read(read, dir).has("django");
    let script = |place: &str| read(&join(place, "manage.py"));
    let below = FOLDERS.iter().map(|folder| join(dir, folder));
    let place = std::iter::once(dir.to_owned())
        .chain(below.filter(|_| depends))
        .find(|place| script(place).is_some_and(|text| is_django_script(&text)));
    // another project may call a script of its own so
    let manages = place.is_some() || depends && script(dir).is_none();
    let place = place.unwrap_or_else(|| dir.to_owned());
    (depends || manages).then(|| Proposal {
        migrate: manages.then(|| "python manage.py migrate".to_owned()),
        backend: Some(started_by(
            "python manage.py runserver 8000 --noreload",
            &place,
        )),
        ..Proposal::new(Driver::Django)
    })
}

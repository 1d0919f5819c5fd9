//! Django.

use crate::{
    domain::{
        python::{Dependencies, is_django_script},
        source::{Reader, join},
        url::Driver,
    },
    project::detect::proposal::{Proposal, started_by},
};

pub(super) fn propose(read: Reader<'_>, dir: &str) -> Option<Proposal> {
    let script = read(&join(dir, "manage.py"));
    let depends = Dependencies::read(read, dir).has("django");
    // another project may call a script of its own so
    let manages = script.map_or(depends, |text| is_django_script(&text));
    (depends || manages).then(|| Proposal {
        migrate: manages.then_some("python manage.py migrate"),
        backend: Some(started_by(
            "python manage.py runserver 8000 --noreload",
            dir,
        )),
        ..Proposal::new(Driver::Django)
    })
}

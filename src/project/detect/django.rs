//! Django.

use crate::{
    domain::{
        python::Dependencies,
        source::{Reader, join},
        url::Driver,
    },
    project::detect::proposal::{Proposal, started_by},
};

pub(super) fn propose(read: Reader<'_>, dir: &str) -> Option<Proposal> {
    let found =
        Dependencies::read(read, dir).has("django") || read(&join(dir, "manage.py")).is_some();
    found.then(|| Proposal {
        migrate: Some("python manage.py migrate"),
        backend: Some(started_by(
            "python manage.py runserver 8000 --noreload",
            dir,
        )),
        ..Proposal::new(Driver::Django)
    })
}

//! Django.

use crate::{
    domain::{
        python::{Dependencies, is_django_script},
        source::join,
        url::Driver,
    },
    project::detect::{
        proposal::{Proposal, started_by},
        tree::{Tree, with_folders_above},
    },
};

pub(super) fn propose(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let depends = |folder: &str| Dependencies::read(&|path| tree.read(path), folder).has("django");
    let is_script = |path: &str| tree.read(path).is_some_and(|text| is_django_script(&text));
    let script = join(dir, "manage.py");
    let own = is_script(&script).then(|| dir.to_owned());
    if !depends(dir) {
        // the requirements above it are those of the application
        let above = with_folders_above(dir).into_iter().skip(1).any(depends);
        return own.filter(|_| !above).map(|place| proposal(&place, true));
    }
    let below = || {
        let script = tree
            .below(dir)
            .find(|path| path.ends_with("/manage.py") && is_script(path))?;
        Some(script.trim_end_matches("/manage.py").to_owned())
    };
    let place = own.or_else(below);
    // another project may call a script of its own so
    let manages = place.is_some() || !tree.has(&script);
    Some(proposal(place.as_deref().unwrap_or(dir), manages))
}

fn proposal(place: &str, manages: bool) -> Proposal {
    Proposal {
        migrate: manages.then(|| "python manage.py migrate".to_owned()),
        backend: Some(started_by(
            "python manage.py runserver 8000 --noreload",
            place,
        )),
        ..Proposal::new(Driver::Django)
    }
}

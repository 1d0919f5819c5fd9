//! Django.

use crate::{
    domain::{
        python::{Dependencies, is_django_script},
        runner::Runner,
        source::{Reader, join},
        url::Driver,
    },
    project::detect::{
        proposal::Proposal,
        start,
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
        return own
            .filter(|_| !above)
            .map(|place| proposal(tree, &place, true));
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
    Some(proposal(tree, place.as_deref().unwrap_or(dir), manages))
}

fn proposal(tree: &Tree<'_>, place: &str, manages: bool) -> Proposal {
    let read: Reader<'_> = &|path| tree.read(path);
    let migrate = || Runner::of_python(read, place).command(&["python", "manage.py", "migrate"]);
    Proposal {
        migrate: manages.then(migrate),
        start: Some(start::django(read, place)),
        ..Proposal::new(Driver::Django)
    }
}

//! The applications of a repository, and which of them is meant.

use crate::{
    domain::url::Driver,
    project::detect::{
        proposal::Proposal,
        stack::StackFamily,
        stacks::{NO_STACK, STACKS},
        tree::{Tree, is_below, lies_aside},
    },
};

/// The most folders that are asked for an application.
const MOST_FOLDERS: usize = 200;

/// An application that was found.
pub(super) struct Candidate {
    /// Its folder, relative to the root.
    pub dir: String,
    /// The stack's name, for a person.
    pub stack: &'static str,
    pub proposal: Proposal,
    family: usize,
    /// Its place among the usual folders.
    place: usize,
}

impl Candidate {
    /// What is proposed where nothing was recognized.
    pub(super) fn unknown(dir: &str) -> Self {
        Self {
            dir: dir.to_owned(),
            stack: NO_STACK,
            proposal: Proposal::new(Driver::Libpq),
            family: STACKS.len(),
            place: 0,
        }
    }
}

/// All applications that `focus` may mean, the likeliest first.
pub(super) fn all(tree: &Tree<'_>, focus: &str) -> Vec<Candidate> {
    let mut folders: Vec<&str> = Vec::new();
    let usual = STACKS.iter().flat_map(|family| family.folders).copied();
    for folder in usual.chain([focus]).chain(tree.manifest_folders()) {
        if !folders.contains(&folder) && folders.len() < MOST_FOLDERS {
            folders.push(folder);
        }
    }
    let mut found: Vec<_> = folders
        .into_iter()
        .filter_map(|folder| at(tree, folder))
        .collect();
    let meant: &dyn Fn(&Candidate) -> bool = if found.iter().any(|app| is_at(&app.dir, focus)) {
        &|app| is_at(&app.dir, focus)
    } else if found.iter().any(|app| is_below(focus, &app.dir)) {
        &|app| is_below(focus, &app.dir)
    } else {
        &|_| true
    };
    found.retain(meant);
    found.sort_by_key(|app| {
        (
            lies_aside(&app.dir),
            app.family,
            app.place,
            app.dir.matches('/').count(),
            app.dir.clone(),
        )
    });
    found
}

/// The application in a folder itself.
pub(super) fn at(tree: &Tree<'_>, dir: &str) -> Option<Candidate> {
    STACKS
        .iter()
        .enumerate()
        .find_map(|(family, stacks)| in_family(tree, dir, family, stacks))
}

fn in_family(tree: &Tree<'_>, dir: &str, family: usize, stacks: &StackFamily) -> Option<Candidate> {
    let (stack, mut proposal) = stacks
        .stacks
        .iter()
        .find_map(|stack| Some((stack.label, (stack.propose)(tree, dir)?)))?;
    proposal.language = stacks.language;
    Some(Candidate {
        dir: dir.to_owned(),
        stack,
        proposal,
        family,
        place: stacks
            .folders
            .iter()
            .position(|folder| *folder == dir)
            .unwrap_or(stacks.folders.len()),
    })
}

/// Whether a folder is another one or lies in it.
fn is_at(dir: &str, focus: &str) -> bool {
    dir == focus || is_below(dir, focus)
}

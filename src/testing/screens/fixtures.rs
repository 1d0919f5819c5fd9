//! Every screen in every state, by name.

mod files;
mod health;
mod list;
mod login;
mod presenter;
mod project;
mod proposal;
mod secrets;
mod summary;

use crate::tui::state::App;

/// Returns every fixture with its name.
pub(crate) fn fixtures() -> Vec<(&'static str, App)> {
    let mut list = list::FixtureList::default();
    for add in [
        proposal::add,
        login::add,
        project::add,
        files::add,
        health::add,
        secrets::add,
        summary::add,
        presenter::add,
    ] {
        add(&mut list);
    }
    list.0
}

//! What this build is: `neonup --version`, and a part of `neonup status`.

use std::sync::LazyLock;

use crate::{os::postgres::WITHOUT, sandbox};

/// The version, as `-V` prints it.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What it was built for.
pub(super) const TARGET: &str = env!("NEONUP_TARGET");
/// What it was built from, or why that isn't known.
pub(super) const COMMIT: &str = env!("NEONUP_COMMIT");

/// What `--version` prints after the name.
pub(super) fn in_full() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{VERSION}\ntarget:   {TARGET}\ncommit:   {COMMIT}\npostgres: {}",
            postgres()
        )
    });
    &TEXT
}

/// The Postgres that the sandbox runs.
pub(super) fn postgres() -> String {
    match sandbox::carried_postgres() {
        Some((version, needs)) => format!("{version}, included; needs {needs}"),
        None => WITHOUT.to_owned(),
    }
}

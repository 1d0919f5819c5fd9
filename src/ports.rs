//! Everything outside, behind small traits with typed errors, each with its real adapter beside it.
//!
//! Steps see only [`Ports`], and turn the errors into failures (`engine::failures`); tests hand in fakes.
//! Nothing else in the crate does IO, but for the sandbox and the terminal.
#![expect(
    clippy::disallowed_methods,
    reason = "adapters are where the outside is reached"
)]

pub(crate) mod certificate;
pub(crate) mod claimable;
pub(crate) mod database;
pub(crate) mod demo;
pub(crate) mod editor;
pub(crate) mod files;
pub(crate) mod foreground;
pub(crate) mod http;
pub(crate) mod lock;
pub(crate) mod neon;
pub(crate) mod own_program;
pub(crate) mod presentation;
pub(crate) mod process;
pub(crate) mod progress;
pub(crate) mod proof;
pub(crate) mod psql;
pub(crate) mod records;
pub(crate) mod repository;
pub(crate) mod shapes;
pub(crate) mod store;
pub(crate) mod trust;
pub(crate) mod web_login;

use std::sync::Arc;

/// All ports that the steps use.
#[derive(Clone)]
pub(crate) struct Ports {
    pub neon: Arc<dyn neon::Neon>,
    /// Neon's service of temporary databases.
    pub claimable: Arc<dyn claimable::Claimable>,
    /// Postgres.
    pub database: Arc<dyn database::Database>,
    /// What files of SQL make, found out in a Postgres of our own.
    pub shapes: Arc<dyn shapes::Shapes>,
    /// The login in the browser.
    pub web_login: Arc<dyn web_login::WebLogin>,
    /// Where API keys and logins are kept.
    pub store: Arc<dyn store::SecretStore>,
    pub files: Arc<dyn files::Files>,
    /// Git.
    pub repository: Arc<dyn repository::Repository>,
    /// Who may change this clone.
    pub lock: Arc<dyn lock::CloneLock>,
    /// Other programs.
    pub process: Arc<dyn process::Process>,
    /// What a person has agreed to be run.
    pub trust: Arc<dyn trust::TrustStore>,
    /// What starting the application has shown.
    pub proof: Arc<dyn proof::ProofStore>,
}

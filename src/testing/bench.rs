//! The parts that benchmarks measure inside their own process: apart from `main`, the only public items of the crate.

use std::path::{Path, PathBuf};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;

use super::screens::{AppDriver, fixtures, todo};
use crate::{
    core::{
        children::Child,
        facts::{Facts, ListedProject},
        secret::Secret,
        step::StepId,
    },
    ports::repository::{GitEnvironment, GitOptions, GitRepository, Repository as _},
    project::workspace,
    tui::{msg::Msg, state::App, update::update, view::view},
};

/// The wizard in some state.
pub struct Wizard(App);

impl Wizard {
    /// Returns every fixture of a screen with its name.
    pub fn fixtures() -> Vec<(String, Self)> {
        let named = |(name, app): (&str, App)| (name.to_owned(), Self(app));
        fixtures().into_iter().map(named).collect()
    }

    /// The project screen with this many projects.
    pub fn with_projects(count: usize, presenter: bool) -> Self {
        let choices = (1..=count).map(|number| ListedProject {
            id: format!("old-violet-{number:08}"),
            name: format!("crowd-{number}"),
            region: "aws-us-east-2".to_owned(),
            postgres: 17,
            created_at: "2026-11-20T09:00:00Z".to_owned(),
            age: "3 days ago".to_owned(),
            meant: false,
        });
        let mut report = todo(StepId::Project);
        if let Some(Facts::Project(project)) = &mut report.facts {
            project.choices = choices.collect();
        }
        let mut driver = AppDriver::up_to(StepId::Project);
        drop(driver.app.probe(&[StepId::Project]));
        driver.probe(StepId::Project, report);
        let mut app = driver.app;
        app.presenter = presenter;
        Self(app)
    }

    /// Sets the window to this many columns and rows.
    pub const fn resize(&mut self, size: (u16, u16)) {
        self.0.size = size;
    }

    /// Presses a key, and drops its effects.
    pub fn press(&mut self, code: KeyCode) {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        drop(update(&mut self.0, Msg::Key(key)));
    }

    /// Draws a frame.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        view(&self.0, frame);
    }
}

/// The result of searching a history.
#[derive(Debug)]
pub struct TimedSearch {
    /// How many objects were searched.
    pub objects: u64,
    /// How many leaks were found.
    pub leaks: usize,
    /// Why leaks may be missing, if so.
    pub incomplete: String,
}

/// Searches the history of a repository for secrets; with a cache, packs that were searched before are not searched again.
///
/// # Errors
///
/// Says why the repository cannot be read.
pub async fn search_history(
    repository: &Path,
    secrets: &[(String, String)],
    cache: Option<PathBuf>,
) -> Result<TimedSearch, String> {
    let live: Vec<_> = secrets
        .iter()
        .map(|(name, secret)| (name.clone(), Secret::new(secret)))
        .collect();
    let options = GitOptions {
        cache,
        environment: GitEnvironment::Inherited(Child::Git.inherits(&workspace::environment())),
        ..GitOptions::default()
    };
    let scan = GitRepository::open(repository, options)
        .scan_history(&live, &["backend/.env".to_owned()], &|_, _| {})
        .await
        .map_err(|error| error.to_string())?;
    Ok(TimedSearch {
        objects: scan.objects,
        leaks: scan.leaks.len(),
        incomplete: format!("{:?}", scan.coverage),
    })
}

//! A small world for tests of the engine and of the steps: it implements every port.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use crate::{
    core::{environment::Environment, event::Event, proof::Unread, secret::Secret, step::StepId},
    engine::context::Cx,
    ports::{
        Ports,
        claimable::{ClaimableError, TemporaryDatabase},
        database::SchemaShape,
        files::disk::DiskFiles,
        http::{HttpError, HttpProblem},
        neon::{
            Branch, BranchDatabase, NewBranch, NewProject, Organization, Project,
            error::{ListingCut, NeonError, Refusal},
        },
        repository::Location,
    },
    project::{
        config::Config,
        resolve::Layers,
        settings::{Flags, Settings},
    },
    testing::{
        folders::{set_mode, temp_dir},
        ports::FakeIssuer,
    },
};
use reqwest::StatusCode;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The key that the fake Neon accepts; a canary that no output may hold.
pub(crate) const KEY: &str = "napi_canary0123456789canary";
/// The password of every role, until it is reset.
pub(crate) const PASSWORD: &str = "npg_canaryPassword42";

/// The result of a create.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Create {
    #[default]
    Answers,
    /// Makes the project, but the answer never arrives.
    AnswerLost,
    /// Makes nothing, and the answer never arrives.
    Nothing,
    Refused(NeonError),
}

#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one switch of the fake world"
)]
pub(crate) struct State {
    pub projects: Vec<Project>,
    pub unavailable: Vec<String>,
    /// Why the list of projects was given up.
    pub cut: Option<ListingCut>,
    pub create: Create,
    pub creates: usize,
    pub org_needed: bool,
    pub organizations: Vec<Organization>,
    /// How many more polls an operation needs.
    pub busy: usize,
    pub operation_fails: bool,
    pub scoped_to: Option<String>,
    pub auth_panics: bool,
    pub auth_hangs: bool,
    pub auth_method: Option<String>,
    pub stored: BTreeMap<(u8, String), String>,
    pub keyring: Option<String>,
    /// What is noted of the keys of each account.
    pub notes: BTreeMap<String, String>,
    /// Whether another process replaces the key.
    pub key_is_held: bool,
    /// Whether no key can be stored.
    pub store_refuses: bool,
    /// How many keys have been made, which gives each a number of its own.
    pub keys_made: i64,
    pub neon_cli: Option<(String, String)>,
    /// The issuer of browser logins.
    pub issuer: FakeIssuer,
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    pub calls: Vec<String>,
    /// The role's password in Neon, if it was reset.
    pub password: Option<String>,
    /// The password that the compute accepts, if it is not [`PASSWORD`]: a reset takes effect when its operation has finished.
    pub accepted: Option<String>,
    /// The password of a failed operation, which the compute never accepts.
    pub never_applied: Option<String>,
    pub resets: usize,
    /// Whether Neon stores no passwords, so that it tells none.
    pub stores_no_passwords: bool,
    /// How many answers to resets are still to be lost.
    pub lost_resets: usize,
    /// Number, name and text of keys other than [`KEY`].
    pub keys: Vec<(i64, String, String)>,
    /// Whether [`KEY`], which has number 1, was revoked.
    pub revoked: bool,
    /// How often each key was used.
    pub uses: BTreeMap<i64, u64>,
    /// Whether Neon's list has the time of a key's last use.
    pub lists_last_use: bool,
    /// How many answers to new keys are still to be lost.
    pub lost_keys: usize,
    /// How many more changes happen before the process counts as killed.
    pub changes_left: Option<usize>,
    pub killed: bool,
    /// Branches other than `main`.
    pub branches: Vec<Branch>,
    /// The requests for new projects.
    pub new_projects: Vec<NewProject>,
    /// The requests for new branches.
    pub new_branches: Vec<NewBranch>,
    /// How many answers to new branches are still to be lost.
    pub lost_branches: usize,
    /// Whether the branches have no compute.
    pub no_compute: bool,
    /// Databases other than `neondb`.
    pub databases: Vec<BranchDatabase>,
    /// Roles other than `neondb_owner`.
    pub roles: Vec<String>,
    /// Hosts by project, if they differ.
    pub hosts: BTreeMap<String, String>,
    /// git's `user.name`.
    pub user_name: Option<String>,
    /// How many projects the user may have.
    pub projects_limit: Option<i64>,
    /// A project of the same name that appears together with ours.
    pub rival: Option<Project>,
    /// The files that git keeps, where it can tell.
    pub kept: Option<Vec<String>>,
    /// Files that are there and that git ignores.
    pub ignored_files: Vec<String>,
    /// The paths that git ignores; `None`: every path.
    pub ignored: Option<BTreeSet<String>>,
    /// The paths that git tracks.
    pub tracked: BTreeSet<String>,
    /// Why git can't be asked about a path.
    pub git_refuses: Option<&'static str>,
    pub no_repository: bool,
    /// The only database of the service of temporary databases.
    pub temporary: Option<TemporaryDatabase>,
    /// How many temporary databases were made.
    pub temporaries: usize,
    /// What was agreed to be run, the latest first.
    pub agreed: Vec<crate::core::trust::CloneCommand>,
    /// What the last start of the app has shown.
    pub proof: Option<crate::core::app_proof::AppProof>,
    /// What the last run of the migration command has left.
    pub schema_run: Option<crate::core::schema_run::SchemaRun>,
    /// What the files of the schema make, if it can be found out.
    pub made: Option<SchemaShape>,
    /// What the database holds.
    pub shape: SchemaShape,
    /// The values of a table's only column that is asked for.
    pub values: BTreeMap<String, Vec<String>>,
    /// The programs that there are, with what they answer, by their command line: the exit code and the output. One that answers
    /// nothing never ends.
    pub programs: BTreeMap<String, Option<(i32, String)>>,
    /// The application, where the start command leads to one.
    pub app: Option<FakeApp>,
    /// What git has and would send, each with where it lies.
    pub blobs: Vec<Blob>,
    /// What a search of the repository cannot read.
    pub unread: Vec<Unread>,
    /// What another program answers once one has run: by its command line, that of the other and the new answer.
    pub afterwards: BTreeMap<String, (String, Option<(i32, String)>)>,
    /// The tables that a program makes that ends well.
    pub made_by_programs: Vec<crate::ports::database::TableFacts>,
    /// Whether files and commands end well, and do nothing.
    pub runs_do_nothing: bool,
    /// What was run, with the names of the variables that it was handed.
    pub calls_of_programs: Vec<(String, Vec<String>)>,
    /// The text of the files that were run there.
    pub ran: Vec<String>,
    /// The failure with which that service answers.
    pub service_fails: Option<ClaimableError>,
}

/// An application that `serve` starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FakeApp {
    /// Whether it ends at once.
    pub ends: bool,
    /// The status with which it answers.
    pub status: u16,
    pub body: String,
    /// Whether what answers is another program.
    pub stranger: bool,
    pub runs: bool,
    /// How often it was started.
    pub starts: usize,
}

/// A file that git has, or would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blob {
    pub path: String,
    pub text: String,
    pub location: Location,
}

impl State {
    /// The role's password in Neon.
    pub(crate) fn password(&self) -> String {
        self.password.clone().unwrap_or_else(|| PASSWORD.to_owned())
    }

    pub(super) fn accepted(&self) -> String {
        self.accepted.clone().unwrap_or_else(|| PASSWORD.to_owned())
    }
}

/// Implements every port over one state, in memory but for the files of a world on disk.
#[derive(Clone, Default)]
pub(crate) struct World {
    state: Arc<Mutex<State>>,
    folder: Option<Arc<Folder>>,
}

/// Where a world on disk keeps its files.
struct Folder {
    root: TempDir,
    /// Where undo copies are kept.
    state: TempDir,
}

impl World {
    /// A world with real files, in an empty repository that ignores nothing.
    pub(crate) fn on_disk() -> Self {
        let world = Self {
            folder: Some(Arc::new(Folder {
                root: temp_dir(),
                state: temp_dir(),
            })),
            ..Self::default()
        };
        world.with(|state| state.ignored = Some(BTreeSet::new()));
        world
    }

    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    pub(crate) fn ports(&self) -> Ports {
        let world = Arc::new(self.clone());
        let mut ports = Ports {
            neon: world.clone(),
            claimable: world.clone(),
            database: world.clone(),
            shapes: world.clone(),
            store: world.clone(),
            web_login: world.clone(),
            files: world.clone(),
            repository: world.clone(),
            lock: world.clone(),
            process: world.clone(),
            proof: world.clone(),
            trust: world,
        };
        if self.folder.is_some() {
            ports.files = Arc::new(self.disk_files());
        }
        ports
    }

    /// The real files of a world on disk.
    pub(crate) fn disk_files(&self) -> DiskFiles {
        DiskFiles::with_state(self.root(), self.undo_dir())
    }

    pub(crate) fn root(&self) -> &Path {
        let folder = self.folder.as_ref();
        folder.map_or(Path::new("/repo"), |folder| folder.root.path())
    }

    /// Where a world on disk keeps undo copies.
    pub(crate) fn undo_dir(&self) -> &Path {
        self.folder.as_ref().unwrap().state.path()
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.root().join(file)
    }

    /// Writes a file of a world on disk, for its owner alone.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
    }

    /// Reads a file of a world on disk.
    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    pub(crate) fn ignore(&self, path: &str) {
        self.with(|state| {
            let ignored = state.ignored.get_or_insert_default();
            ignored.insert(path.to_owned());
        });
    }

    pub(crate) fn track(&self, path: &str) {
        self.with(|state| state.tracked.insert(path.to_owned()));
    }

    /// Settings of a project `todo` in `/repo`, with the right key in the environment.
    pub(crate) fn settings(flags: Flags) -> Settings {
        Self::settings_with(&[("NEON_API_KEY", KEY)], flags)
    }

    pub(crate) fn settings_with(environment: &[(&str, &str)], flags: Flags) -> Settings {
        Self::settings_of("[project]\nname = \"todo\"\n", environment, flags)
    }

    pub(crate) fn settings_of(
        config: &str,
        environment: &[(&str, &str)],
        flags: Flags,
    ) -> Settings {
        let layers = Layers {
            config: Some(Config::parse(config).unwrap()),
            environment: variables(environment),
            ..Layers::default()
        };
        settings(Path::new("/repo"), layers, flags)
    }

    pub(crate) fn context(
        &self,
        settings: Settings,
        step: StepId,
    ) -> (Cx, UnboundedReceiver<Event>) {
        context(settings, self.ports(), step)
    }

    pub(crate) fn project(&self, id: &str, name: &str) {
        self.with(|state| state.projects.push(project(id, name)));
    }

    pub(crate) fn file(&self, path: &str) -> Option<String> {
        self.with(|state| {
            state
                .files
                .get(Path::new(path))
                .map(|bytes| String::from_utf8(bytes.clone()).unwrap())
        })
    }

    pub(super) fn record(&self, call: &str) {
        self.with(|state| state.calls.push(call.to_owned()));
    }

    /// Returns whether a change may happen: not once the process counts as killed.
    pub(super) fn change(&self) -> bool {
        self.with(|state| {
            match &mut state.changes_left {
                Some(0) => state.killed = true,
                Some(left) => *left -= 1,
                None => {}
            }
            !state.killed
        })
    }

    /// Records a call that changes the world; never returns once the process counts as killed.
    pub(super) async fn changing(&self, call: &str) {
        if !self.change() {
            std::future::pending::<()>().await;
        }
        self.record(call);
    }

    pub(super) fn check(&self, key: &Secret) -> Result<(), NeonError> {
        let known = self.with(|state| {
            let own = (key.expose() == KEY && !state.revoked).then_some(1);
            let mut others = state.keys.iter();
            let mut other = || others.find(|(_, _, known)| known == key.expose());
            let id = own.or_else(|| other().map(|(id, ..)| *id))?;
            *state.uses.entry(id).or_default() += 1;
            Some(id)
        });
        if known.is_some() {
            return Ok(());
        }
        Err(refusal(401, "supplied credentials do not pass authentication").into())
    }
}

/// Neon's refusal of a request.
pub(crate) fn refusal(status: u16, message: &str) -> Refusal {
    Refusal {
        status: StatusCode::from_u16(status).unwrap(),
        code: String::new(),
        message: message.to_owned(),
        request_id: None,
        retry_after: None,
    }
}

/// A connection that is cut before the answer came.
pub(crate) fn lost_answer() -> HttpError {
    HttpError {
        host: "https://neon.test".to_owned(),
        problem: HttpProblem::Lost,
        cause: "connection closed before message completed".to_owned(),
    }
}

pub(crate) fn variables(environment: &[(&str, &str)]) -> Environment {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Environment::new(environment.iter().map(owned))
}

/// Settings of a repository, at the first hour of 2026.
pub(crate) fn settings(root: &Path, layers: Layers, flags: Flags) -> Settings {
    let now = SystemTime::UNIX_EPOCH + Duration::from_hours(490_896);
    Settings::resolve(root, &root.join("neonup.toml"), layers, flags, now)
}

/// The context of a step, and the events that it sends.
pub(crate) fn context(
    settings: Settings,
    ports: Ports,
    step: StepId,
) -> (Cx, UnboundedReceiver<Event>) {
    let (sender, receiver) = unbounded_channel();
    (Cx::for_test(settings, ports, step, sender), receiver)
}

pub(crate) fn project(id: &str, name: &str) -> Project {
    Project {
        id: id.to_owned(),
        name: name.to_owned(),
        region_id: "aws-us-east-2".to_owned(),
        pg_version: 17,
        created_at: "2025-12-29T00:00:00Z".to_owned(),
        org_id: None,
    }
}

//! What a step is given: settings, ports, what earlier steps learned in this run, and a way to report.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{OnceCell, mpsc::UnboundedSender, watch};

use crate::engine::{clock, turn};
use crate::{
    core::{
        event::{Event, EventKind, Progress},
        facts::{Facts, KeySource, KeyringState},
        failure::{Failure, Result},
        finding::Finding,
        secret::Secret,
        step::StepId,
        texts::TextKind,
    },
    domain::{dotenv::EnvEdits, url::Connection, visible, web_login::tokens::WebTokens},
    ports::{Ports, lock::CloneHold, neon::Listing},
    project::settings::Settings,
};

/// The API key of this run, or the login in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownKey {
    /// What Neon's API takes.
    pub key: Secret,
    pub source: KeySource,
    /// The login in the browser that the key is of.
    pub login: Option<WebTokens>,
}

impl KnownKey {
    /// An API key.
    pub(crate) const fn of_key(key: Secret, source: KeySource) -> Self {
        Self {
            key,
            source,
            login: None,
        }
    }

    /// A login in the browser.
    pub(crate) fn of_login(login: WebTokens, source: KeySource) -> Self {
        Self {
            key: login.access.clone(),
            source,
            login: Some(login),
        }
    }

    /// What is in the store: a key, or a login.
    pub(crate) fn of_stored(stored: Secret, source: KeySource) -> Self {
        match WebTokens::of_stored(&stored) {
            Some(login) => Self::of_login(login, source),
            None => Self::of_key(stored, source),
        }
    }

    /// All secrets of it.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let refresh = self.login.as_ref().and_then(|login| login.refresh.clone());
        std::iter::once(self.key.clone()).chain(refresh).collect()
    }
}

/// The project of this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownProject {
    pub id: String,
    /// The branch's id; empty for a temporary database, whose branch isn't known.
    pub branch: String,
    pub connection: Connection,
}

impl KnownProject {
    /// Whether it is a temporary database, which no account can ask the API about.
    pub(crate) const fn is_temporary(&self) -> bool {
        self.branch.is_empty()
    }
}

#[derive(Debug, Default)]
struct Memory {
    key: Option<KnownKey>,
    keyring: Option<KeyringState>,
    project: Option<KnownProject>,
    passwordless: Option<KnownProject>,
    /// The hosts of a compute whose passwords Neon does not store, direct and pooled.
    unstored: Option<[String; 2]>,
    organization: Option<String>,
    projects_limit: Option<i64>,
    absent: Option<(tokio::time::Instant, Listing)>,
    temporary: bool,
    claim: Option<Secret>,
    asleep: bool,
    told: Vec<(StepId, Finding)>,
    edits: EnvEdits,
}

/// How long a list without the project may lead to its creation without being read again.
const STILL_ABSENT: Duration = Duration::from_secs(1);

/// What the steps of one run have learned. Never stored: each run learns it anew.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    memory: Mutex<Memory>,
    authority: OnceCell<Option<String>>,
    /// The address that a person has pasted while the browser is waited for.
    pasted: Mutex<Option<Secret>>,
    /// Tells that there is one.
    paste: tokio::sync::Notify,
    /// Lets one step after the other look for the key, so that the keyring is asked once.
    pub(super) key_search: tokio::sync::Mutex<()>,
}

impl Shared {
    /// Forgets what was learned, but for the keyring's slow self-test.
    pub(super) fn forget(&self) {
        let mut memory = self.memory();
        *memory = Memory {
            keyring: memory.keyring.take(),
            ..Memory::default()
        };
    }

    /// Hands over the address at which the browser has ended, to the login that waits for it.
    pub(super) fn hand_over(&self, address: Secret) {
        let mut pasted = self.pasted.lock().unwrap_or_else(PoisonError::into_inner);
        *pasted = Some(address);
        self.paste.notify_one();
    }

    fn take_pasted(&self) -> Option<Secret> {
        let mut pasted = self.pasted.lock().unwrap_or_else(PoisonError::into_inner);
        pasted.take()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // a panic while holding it cannot leave it half-written: every write is one assignment
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The context of one probe or apply.
#[derive(Clone)]
pub(crate) struct Cx {
    /// What is wanted.
    pub settings: Arc<Settings>,
    /// The outside.
    pub ports: Ports,
    shared: Arc<Shared>,
    events: UnboundedSender<Event>,
    step: StepId,
    run: u64,
    before: Vec<watch::Receiver<bool>>,
}

impl Cx {
    pub(super) const fn new(
        settings: Arc<Settings>,
        ports: Ports,
        shared: Arc<Shared>,
        events: UnboundedSender<Event>,
        step: StepId,
        run: u64,
    ) -> Self {
        Self {
            settings,
            ports,
            shared,
            events,
            step,
            run,
            before: Vec::new(),
        }
    }

    /// The same context, whose events nobody hears.
    pub(super) fn quiet(&self) -> Self {
        let (events, _nobody) = tokio::sync::mpsc::unbounded_channel();
        Self {
            events,
            ..self.clone()
        }
    }

    /// Sets the probes of the steps that this one needs, each true once it has ended.
    pub(super) fn after(mut self, before: Vec<watch::Receiver<bool>>) -> Self {
        self.before = before;
        self
    }

    /// Waits for the steps that this one needs, where they are being probed at the same time.
    pub(crate) async fn needed(&self) {
        for mut receiver in self.before.iter().cloned() {
            // an error means that the other step is gone: then there is nothing to wait for
            receiver.wait_for(|ended| *ended).await.ok();
        }
    }

    /// Creates a context for tests of a single step; the events go to `events`.
    #[cfg(test)]
    pub(crate) fn for_test(
        settings: Settings,
        ports: Ports,
        step: StepId,
        events: UnboundedSender<Event>,
    ) -> Self {
        Self::new(
            Arc::new(settings),
            ports,
            Arc::new(Shared::default()),
            events,
            step,
            1,
        )
    }

    pub(super) fn emit(&self, mut kind: EventKind) {
        let gate = &self.settings.gate;
        kind.for_each_text(&mut |kind, text| match kind {
            TextKind::Prose => *text = visible::shortened(&gate.mask(text)).into_owned(),
            TextKind::Verbatim => *text = gate.mask_known(text).into_owned(),
        });
        // when the program is ending, nothing receives events any more
        self.events
            .send(Event {
                run: self.run,
                step: self.step,
                kind,
            })
            .ok();
    }

    /// Reports how far the work is.
    pub(crate) fn progress(&self, progress: Progress) {
        self.emit(EventKind::Progress(progress));
    }

    /// Shows something before the end.
    pub(crate) fn show(&self, facts: Facts) {
        self.emit(EventKind::Facts(facts));
    }

    /// Tells of a change to a file of the project beside those that the step is about. It stands among the step's findings until the run
    /// ends, whatever a later look finds.
    pub(crate) fn tell(&self, changed: Finding) {
        let mut memory = self.shared.memory();
        let entry = (self.step, changed);
        if !memory.told.contains(&entry) {
            memory.told.push(entry);
        }
    }

    /// Reads or changes what a person has edited of the env files and not written yet.
    pub(super) fn with_env_edits<T>(&self, work: impl FnOnce(&mut EnvEdits) -> T) -> T {
        work(&mut self.shared.memory().edits)
    }

    /// What this step has told of in this run.
    pub(super) fn told(&self) -> Vec<Finding> {
        let memory = self.shared.memory();
        let own = memory.told.iter().filter(|(step, _)| *step == self.step);
        own.map(|(_, finding)| finding.clone()).collect()
    }

    /// The API key, if one of the earlier steps (or this one) has found it.
    pub(crate) fn known_key(&self) -> Option<KnownKey> {
        self.shared.memory().key.clone()
    }

    /// Remembers the API key for this run.
    pub(crate) fn remember_key(&self, key: Option<KnownKey>) {
        for secret in key.iter().flat_map(KnownKey::secrets) {
            self.settings.gate.close_to(&secret);
        }
        let mut memory = self.shared.memory();
        if memory.key != key {
            // another key sees another list
            memory.absent = None;
        }
        memory.key = key;
    }

    /// Forgets an address that was pasted for an earlier login.
    pub(crate) fn forget_pasted(&self) {
        drop(self.shared.take_pasted());
    }

    /// Waits for the address that a person pastes.
    pub(crate) async fn pasted(&self) -> Secret {
        loop {
            if let Some(address) = self.shared.take_pasted() {
                return address;
            }
            self.shared.paste.notified().await;
        }
    }

    /// The result of the keyring's self-test, if it was run.
    pub(crate) fn keyring(&self) -> Option<KeyringState> {
        self.shared.memory().keyring.clone()
    }

    pub(crate) fn remember_keyring(&self, keyring: KeyringState) {
        self.shared.memory().keyring = Some(keyring);
    }

    /// The project, once the project step has found it.
    pub(crate) fn project(&self) -> Option<KnownProject> {
        self.shared.memory().project.clone()
    }

    pub(crate) fn remember_project(&self, project: Option<KnownProject>) {
        if let Some(known) = &project {
            self.settings.gate.close_to(&known.connection.password);
        }
        self.shared.memory().project = project;
    }

    /// The project whose password Neon does not store. It is empty until a reset of this run tells one.
    pub(crate) fn passwordless(&self) -> Option<KnownProject> {
        self.shared.memory().passwordless.clone()
    }

    /// Whether Neon doesn't store the passwords of the compute at this host.
    pub(crate) fn stores_no_passwords(&self, host: &str) -> bool {
        let memory = self.shared.memory();
        let mut hosts = memory.unstored.iter().flatten();
        hosts.any(|known| known == host)
    }

    pub(crate) fn remember_unstored(&self, hosts: Option<[String; 2]>) {
        self.shared.memory().unstored = hosts;
    }

    pub(crate) fn remember_passwordless(&self, project: Option<KnownProject>) {
        self.shared.memory().passwordless = project;
    }

    /// The organization of the key, once it is resolved.
    pub(crate) fn organization(&self) -> Option<String> {
        self.shared.memory().organization.clone()
    }

    pub(crate) fn remember_organization(&self, organization: Option<String>) {
        self.shared.memory().organization = organization;
    }

    /// How many projects the key's user may have, where Neon says so.
    pub(crate) fn projects_limit(&self) -> Option<i64> {
        self.shared.memory().projects_limit
    }

    pub(crate) fn remember_projects_limit(&self, limit: Option<i64>) {
        self.shared.memory().projects_limit = limit;
    }

    /// Remembers the whole list, which does not hold the project.
    pub(crate) fn remember_absent(&self, listing: Listing) {
        self.shared.memory().absent = Some((clock::now(), listing));
    }

    /// Takes the turn to change the clone. What was learned before somebody else had it is forgotten.
    /// `waits` is called when it is another process's turn.
    pub(super) async fn take_turn(&self, waits: impl Fn() + Send + Sync) -> Result<CloneHold> {
        let mut waiting = |text| {
            waits();
            self.progress(Progress::label(text));
        };
        let hold = turn::begin(&self.settings, &self.ports, &mut waiting).await?;
        if hold.changed_hands {
            self.shared.memory().absent = None;
        }
        Ok(hold)
    }

    /// Takes the list that does not hold the project, if it was read a moment ago. Only once: no two creates rely on one list.
    pub(crate) fn take_absent(&self) -> Option<Listing> {
        let (at, listing) = self.shared.memory().absent.take()?;
        (at.elapsed() < STILL_ABSENT).then_some(listing)
    }

    /// Whether a temporary database is wanted: by the flag, or by an answer in this run.
    pub(crate) fn wants_temporary(&self) -> bool {
        self.settings.flags.claimable || self.shared.memory().temporary
    }

    pub(crate) fn remember_temporary(&self, wanted: bool) {
        self.shared.memory().temporary = wanted;
    }

    /// The id of this clone's temporary database, which is a secret.
    pub(crate) fn claim(&self) -> Option<Secret> {
        self.shared.memory().claim.clone()
    }

    pub(crate) fn remember_claim(&self, claim: Option<Secret>) {
        self.shared.memory().claim = claim;
    }

    /// Whether the compute was asleep when Neon was last asked, and we have not connected since.
    pub(crate) fn asleep(&self) -> bool {
        self.shared.memory().asleep
    }

    pub(crate) fn remember_asleep(&self, asleep: bool) {
        self.shared.memory().asleep = asleep;
    }

    /// Holds the search for a key; see [`crate::engine::key::find`].
    pub(super) async fn key_search(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.shared.key_search.lock().await
    }

    /// The extra certificate authority, as PEM: `--ca-file`, else the sandbox's where the API is on this machine.
    pub(crate) async fn authority(&self) -> Result<Option<String>> {
        if let Some(path) = &self.settings.ca_file {
            let code = crate::core::code::Code::HealthTls;
            let bytes = self.ports.files.read(path).map_err(|error| {
                Failure::new(code, format!("can't read `{}`", path.display()))
                    .why(error.to_string())
                    .hint("give a readable PEM file with --ca-file")
            })?;
            let text = bytes
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| {
                    Failure::new(
                        code,
                        format!("`{}` isn't a certificate file", path.display()),
                    )
                    .hint("give a PEM file with --ca-file")
                })?;
            return Ok(Some(text));
        }
        if !self.settings.is_sandbox() {
            return Ok(None);
        }
        Ok(self
            .shared
            .authority
            .get_or_init(|| self.ports.neon.sandbox_authority())
            .await
            .clone())
    }
}

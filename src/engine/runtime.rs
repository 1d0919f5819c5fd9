//! Drives the steps: starts them, orders them by what they need, cancels them, joins them, and turns a panic into an event.
//!
//! It is the only place that spawns tasks, so that every one of them is joined or aborted before the program ends.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use futures_util::FutureExt as _;
use tokio::{
    sync::{
        mpsc::{self, UnboundedReceiver, UnboundedSender},
        watch,
    },
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    core::{
        answer::{Answer, ProjectAnswer},
        event::{Activity, Event, EventKind, Outcome, Phase, Progress, Report, RunError},
        failure::Failure,
        secret::Secret,
        step::StepId,
    },
    domain::url::Connection,
    engine::{
        clock, connection,
        context::{Cx, Shared},
        env, health, project_id, registry, trust, turn, web_login,
    },
    ports::{
        Ports,
        editor::EditRefusal,
        lock::CloneHold,
        progress::{self, AdapterReport, ProgressListener},
    },
    project::settings::Settings,
};

/// Runs probes and applies, and sends what happens as events.
pub(crate) struct Runtime {
    settings: Mutex<Arc<Settings>>,
    ports: Ports,
    shared: Arc<Shared>,
    events: UnboundedSender<Event>,
    runs: AtomicU64,
    tasks: Mutex<StepTasks>,
}

/// The tasks of the steps.
#[derive(Default)]
struct StepTasks {
    all: JoinSet<()>,
    /// What cancels each running step, and whether it must finish: an apply that still waits for its turn need not.
    running: BTreeMap<StepId, (CancellationToken, Arc<AtomicBool>)>,
    /// What stops the application that is kept running.
    app: Option<CancellationToken>,
}

impl Runtime {
    /// Creates a runtime, with the events it will send.
    pub(crate) fn new(settings: Settings, ports: Ports) -> (Self, UnboundedReceiver<Event>) {
        let (events, receiver) = mpsc::unbounded_channel();
        let runtime = Self {
            settings: Mutex::new(Arc::new(settings)),
            ports,
            shared: Arc::new(Shared::default()),
            events,
            runs: AtomicU64::new(0),
            tasks: Mutex::new(StepTasks::default()),
        };
        (runtime, receiver)
    }

    /// Remembers the consent that this run was given for the commands of these steps.
    pub(crate) fn remember_trust(&self, steps: &[StepId]) {
        trust::remember(&self.settings(), &self.ports, steps);
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        let settings = self.settings.lock();
        Arc::clone(&settings.unwrap_or_else(PoisonError::into_inner))
    }

    /// Works with other settings of the same repository from now on, and forgets what was learned with the former ones.
    pub(crate) fn adopt(&self, settings: Settings) {
        self.forget();
        let mut present = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        *present = Arc::new(settings);
    }

    /// Probes one step. A probe or an apply of the same step that is running is cancelled first.
    #[cfg(test)]
    pub(crate) fn probe(&self, id: StepId) {
        self.spawn(id, None, Vec::new(), None);
    }

    /// Takes the clone for a whole run, so that no other process changes it between a probe and what follows from it.
    pub(crate) async fn take_clone(
        &self,
        waiting: &mut (dyn FnMut(String) + Send),
    ) -> Result<CloneHold, Failure> {
        turn::begin(&self.settings(), &self.ports, waiting).await
    }

    /// Gives an answer to its step. A probe or an apply of the same step that is running is cancelled first.
    pub(crate) fn apply(&self, answer: Answer) {
        if answer.step() == StepId::Health {
            // it would hold the port on which the step starts it
            self.stop_app();
        }
        self.spawn(answer.step(), Some(answer), Vec::new(), None);
    }

    /// Probes these steps, each as soon as those of them that it needs have been probed; one that [begins
    /// early](crate::engine::step::Step::BEGINS_EARLY) waits for them by itself.
    pub(crate) fn probe_all(&self, steps: &[StepId]) {
        let channels: BTreeMap<_, _> = steps
            .iter()
            .map(|id| (*id, watch::channel(false)))
            .collect();
        for id in steps {
            let before = id
                .needs()
                .iter()
                .filter_map(|needed| channels.get(needed))
                .map(|(_, receiver)| receiver.clone())
                .collect();
            let finished = channels.get(id).map(|(sender, _)| sender.clone());
            self.spawn(*id, None, before, finished);
        }
    }

    /// Hands over the address at which the browser has ended, to the login that waits for it.
    pub(crate) fn hand_over(&self, address: Secret) {
        self.shared.hand_over(address);
    }

    /// What the env files connect to, where they say it and with a password.
    pub(crate) fn written_connection(&self) -> Option<Connection> {
        let connection = connection::of_clone(&self.settings(), &self.ports)?;
        (!connection.password.is_empty()).then_some(connection)
    }

    /// The text for an editor of an env file: what would be written, with its secrets masked.
    pub(crate) fn env_text(
        &self,
        file: &str,
    ) -> impl Future<Output = Result<String, String>> + Send + use<> {
        let cx = self.context(StepId::Env).quiet();
        let file = file.to_owned();
        async move {
            let text = env::edits::text(&cx, &file).await;
            let text = text.map_err(|failure| failure.to_string())?;
            text.ok_or_else(|| format!("neonup doesn't write `{file}`"))
        }
    }

    /// Keeps what a person has made of that text until the env files are written. `false`: nothing differs. An error is a sentence for the first
    /// line of the text, where it is edited again.
    pub(crate) fn keep_edit(
        &self,
        file: &str,
        base: &str,
        edited: String,
    ) -> impl Future<Output = Result<bool, EditRefusal>> + Send + use<> {
        let cx = self.context(StepId::Env).quiet();
        let (file, base) = (file.to_owned(), base.to_owned());
        async move { env::edits::keep(&cx, &file, (&base, &edited)).await }
    }

    /// Cancels the probe or apply of a step. An apply that must finish goes on.
    pub(crate) fn cancel(&self, id: StepId) {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, must_finish)) = tasks.running.get(&id)
            && !must_finish.load(Ordering::SeqCst)
        {
            token.cancel();
        }
    }

    /// Cancels everything that may be cancelled, and forgets what the steps have learned: the world is another one.
    pub(crate) fn forget(&self) {
        for id in StepId::ALL {
            self.cancel(id);
        }
        self.stop_app();
        self.shared.forget();
    }

    /// Starts the application and keeps it running until [`Self::stop_app`], or until everything ends.
    pub(crate) fn keep_app(&self) {
        let cx = self.context(StepId::Health);
        let stop = CancellationToken::new();
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = tasks.app.replace(stop.clone()) {
            before.cancel();
        }
        tasks.all.spawn(async move {
            let kept = progress::with_listener(listener(&cx), health::keep(&cx, &stop));
            if std::panic::AssertUnwindSafe(kept)
                .catch_unwind()
                .await
                .is_err()
            {
                cx.emit(EventKind::Bug(
                    "the running application's task panicked".to_owned(),
                ));
            }
        });
    }

    /// Stops the application that is kept running, if there is one.
    pub(crate) fn stop_app(&self) {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stop) = &tasks.app {
            stop.cancel();
        }
    }

    /// The context of the next run of a step.
    fn context(&self, id: StepId) -> Cx {
        Cx::new(
            self.settings(),
            self.ports.clone(),
            Arc::clone(&self.shared),
            self.events.clone(),
            id,
            self.runs.fetch_add(1, Ordering::Relaxed) + 1,
        )
    }

    /// Ends everything: cancels what may be cancelled, waits for the rest.
    pub(crate) async fn shutdown(self) {
        self.stop_app();
        let StepTasks {
            mut all, running, ..
        } = self
            .tasks
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        for (token, must_finish) in running.into_values() {
            if !must_finish.load(Ordering::SeqCst) {
                token.cancel();
            }
        }
        while all.join_next().await.is_some() {}
    }

    fn spawn(
        &self,
        id: StepId,
        answer: Option<Answer>,
        before: Vec<watch::Receiver<bool>>,
        finished: Option<watch::Sender<bool>>,
    ) {
        let phase = if answer.is_some() {
            Phase::Apply
        } else {
            Phase::Probe
        };
        let must_finish = answer.is_some() && registry::must_finish(id);
        let in_turn = answer
            .as_ref()
            .is_some_and(|answer| !answer.waits_for_person());
        let holds_on = Arc::new(AtomicBool::new(must_finish));
        let cancel = CancellationToken::new();
        let cx = self.context(id).after(before);
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, _)) = tasks
            .running
            .insert(id, (cancel.clone(), Arc::clone(&holds_on)))
        {
            token.cancel();
        }
        while tasks.all.try_join_next().is_some() {}
        tasks.all.spawn(async move {
            cx.emit(EventKind::Started(phase));
            let mut started = clock::now();
            let turn = if in_turn {
                take_turn(&cx, &cancel, &holds_on).await.map(Some)
            } else {
                Ok(None)
            };
            let no_turn = turn.as_ref().err().cloned();
            let job = async {
                if let Some(error) = no_turn {
                    return Err(error);
                }
                if !registry::begins_early(id) {
                    cx.needed().await;
                }
                started = clock::now();
                progress::with_listener(listener(&cx), async { perform(&cx, id, answer).await })
                    .await
                    .map_err(RunError::from)
            };
            let guarded = std::panic::AssertUnwindSafe(job).catch_unwind();
            let result = tokio::select! {
                biased;
                () = cancel.cancelled(), if !must_finish => Ok(Err(RunError::Cancelled)),
                result = guarded => result,
            };
            // held until here
            drop(turn);
            match result {
                Ok(result) => cx.emit(EventKind::Finished(Outcome {
                    phase,
                    elapsed: started.elapsed(),
                    result,
                })),
                Err(_) => cx.emit(EventKind::Bug(format!("the {id} step panicked"))),
            }
            if let Some(finished) = finished {
                finished.send_replace(true);
            }
        });
    }
}

/// Passes on what the adapters report.
fn listener(cx: &Cx) -> ProgressListener {
    let cx = cx.clone();
    Arc::new(move |report| match report {
        AdapterReport::Progress(text) => cx.progress(Progress::label(text)),
        AdapterReport::Activity(kind, text) => {
            let text = text.to_owned();
            cx.emit(EventKind::Activity(Activity { kind, text }));
        }
    })
}

/// Probes a step, or gives it an answer, unless a person has left it out.
async fn perform(cx: &Cx, id: StepId, answer: Option<Answer>) -> Result<Report, Failure> {
    if let Some(skip) = cx.settings.skip_of(id) {
        return Ok(Report::skipped(skip.words()));
    }
    if let Some(server) = cx.settings.other_server()
        && is_idle(cx, id, answer.as_ref())
    {
        return Ok(Report::skipped(format!(
            "your app uses {server}, not Postgres"
        )));
    }
    let is_probe = answer.is_none();
    let mut report = match answer {
        Some(answer) => registry::apply(cx, answer).await,
        None => registry::probe(id, cx).await,
    };
    if let Err(failure) = &report
        && let Some(renewed) = web_login::renew_after(cx, failure).await
    {
        renewed?;
        // a look changes nothing, so that it can be taken again; what was being done is for a person to repeat
        report = if is_probe {
            registry::probe(id, cx).await
        } else {
            Err(web_login::repeat())
        };
    }
    let mut report = report?;
    for changed in cx.told() {
        if !report.findings.contains(&changed) {
            report.findings.push(changed);
        }
    }
    report.let_pass(&cx.settings.skips);
    Ok(report)
}

/// Whether a step has nothing to do for an application of another database: no project is made for it, unless somebody has chosen one, and
/// nothing of it is run.
fn is_idle(cx: &Cx, id: StepId, answer: Option<&Answer>) -> bool {
    match id {
        StepId::Project => {
            let chosen = matches!(
                answer,
                Some(Answer::Project(
                    ProjectAnswer::Join(_) | ProjectAnswer::Create(_)
                ))
            );
            let flags = &cx.settings.flags;
            let named = flags.project.is_some() || flags.new_project || flags.claimable;
            !chosen && !named && project_id::known(cx).is_none()
        }
        StepId::Backend | StepId::Schema | StepId::Health => true,
        StepId::Login | StepId::Env | StepId::Secrets => false,
    }
}

/// Takes the turn to change the clone. As long as it is waited for, even an apply that must finish may be cancelled.
async fn take_turn(
    cx: &Cx,
    cancel: &CancellationToken,
    holds_on: &AtomicBool,
) -> Result<CloneHold, RunError> {
    let must_finish = holds_on.load(Ordering::SeqCst);
    let turn = cx.take_turn(|| holds_on.store(false, Ordering::SeqCst));
    let hold = tokio::select! {
        biased;
        hold = turn => hold?,
        () = cancel.cancelled() => return Err(RunError::Cancelled),
    };
    let waited = must_finish && !holds_on.swap(must_finish, Ordering::SeqCst);
    if waited && cancel.is_cancelled() {
        return Err(RunError::Cancelled);
    }
    Ok(hold)
}

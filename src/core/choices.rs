//! What is offered at each step: the answers to its question, as data.
//!
//! The screens and the lines show the same answers, so that they are made once, here: what each says, what it does, the
//! command that does the same, and which of them a bare Enter means. A front end maps them to what it can show, and asks
//! for what has to be typed.

use crate::core::{
    answer::{
        Answer, BackendAnswer, EnvAnswer, KeyStorage, LoginAnswer, ProjectAnswer, SecretsAnswer,
    },
    code::Code,
    facts::{
        CheckState, EnvFacts, Facts, KeySource, KeyringState, LoginFacts, ProjectFacts, SchemaFacts,
    },
    finding::Finding,
    invocation::Invocation,
    plan::{Status, StepState},
    remedy::Remedy,
    step::StepId,
};

/// What an answer does, whatever it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Applies the step.
    Apply(Answer),
    /// Login: applies the step with a key that has to be typed, which is kept there.
    Key(KeyStorage),
    /// Project: creates one whose name has to be typed.
    Name,
    /// Secrets: a new password, once that was said twice.
    Rotate,
    /// Looks again.
    Probe,
    /// Asks the step's question although it is done.
    Change,
    /// Goes on to what comes next.
    On,
    /// Goes to another step, which mends what this one waits for.
    Go(StepId),
    /// Leaves the step out for this reason.
    Decline(String),
    /// Leaves the step out for a reason that has to be typed.
    Skip,
    /// Names a command that has to be run elsewhere: it asks or shows what no screen may.
    Run(Invocation),
}

/// One of the answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    /// What it says; for a command to run, for whom that is.
    pub label: String,
    /// What it adds, less loudly.
    pub note: String,
    /// The word for Enter.
    pub verb: &'static str,
    /// What it does.
    pub act: Act,
    /// The command that does the same.
    pub command: Invocation,
}

impl Offer {
    fn new(label: impl Into<String>, verb: &'static str, act: Act) -> Self {
        Self {
            label: label.into(),
            note: String::new(),
            verb,
            act,
            command: Invocation::Setup,
        }
    }

    fn apply(label: impl Into<String>, verb: &'static str, answer: Answer) -> Self {
        Self::new(label, verb, Act::Apply(answer))
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// The label. What happens to a command that has to be run elsewhere depends on who shows it: it is copied, or told.
    pub(crate) fn says(&self, deed: &str) -> String {
        match &self.act {
            Act::Run(command) if self.label.is_empty() => {
                let (first, rest) = deed.split_at(deed.len().min(1));
                format!("{}{rest}: {command}", first.to_uppercase())
            }
            Act::Run(command) => format!("{}: {deed} `{command}`", self.label),
            Act::Apply(_)
            | Act::Key(_)
            | Act::Name
            | Act::Rotate
            | Act::Probe
            | Act::Change
            | Act::On
            | Act::Go(_)
            | Act::Decline(_)
            | Act::Skip => self.label.clone(),
        }
    }
}

/// A step's question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Question {
    /// The answers, but for the projects: there may be thousands, and who shows them makes an answer of those only that
    /// are shown.
    pub offers: Vec<Offer>,
    /// How many answers stand above the projects; none where no project can be chosen.
    pub projects: Option<usize>,
    /// What a bare Enter means, counted with the projects; none where each could be the wrong one.
    pub default: Option<usize>,
}

impl Question {
    /// The first one is the default.
    fn first(offers: Vec<Offer>) -> Self {
        Self {
            offers,
            projects: None,
            default: Some(0),
        }
    }
}

/// What counts beside the step's own state.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Context<'a> {
    /// What comes after the step, by its name; empty where that is not known.
    pub next: &'a str,
    /// The step that has to be done before this one.
    pub blocker: Option<StepId>,
    /// Whether the user has left the step out.
    pub declined: bool,
    /// Whether the question is asked although the step is done.
    pub change: bool,
    /// Login: whether a key is typed already.
    pub typed: bool,
    /// Project: what a filter has left of the list.
    pub found: Found,
}

/// What a filter has left of the projects.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    /// Whether there is a filter.
    pub filtered: bool,
    /// How many of those that are left may be the one that is meant.
    pub meant: usize,
}

/// The question of a step as it stands.
pub(crate) fn question(id: StepId, state: &StepState, context: &Context<'_>) -> Question {
    let mut question = match state.known() {
        Status::Unknown | Status::Running => Question::default(),
        Status::Done if context.change && id == StepId::Login => login(state, context),
        Status::Done if context.change && id == StepId::Project => project(state, context),
        Status::Done => Question::first(done(id, state, context)),
        Status::Skipped => {
            let label = if context.declined {
                "Do it after all"
            } else {
                "Look again"
            };
            Question::first(vec![on(context), Offer::new(label, "look", Act::Probe)])
        }
        Status::Failed => failed(id, state, context),
        Status::Todo => todo(id, state, context),
    };
    name_commands(id, state, context, &mut question.offers);
    question
}

/// What the screens have a key for wherever it can be done, and only a number can do where there are no keys: what the
/// question does not offer by itself.
pub(crate) fn besides(
    id: StepId,
    state: &StepState,
    context: &Context<'_>,
    question: &Question,
) -> Vec<Offer> {
    let open = matches!(state.known(), Status::Todo | Status::Failed);
    let mut offers = Vec::new();
    if question.offers.is_empty() {
        offers.push(again());
    }
    if id == StepId::Env && undoable(state) {
        offers.push(undo());
    }
    if open && id == StepId::Secrets {
        offers.extend(hook(state));
    }
    if open {
        offers.push(skip());
    }
    offers.retain(|offer| question.offers.iter().all(|other| other.act != offer.act));
    name_commands(id, state, context, &mut offers);
    offers
}

fn name_commands(id: StepId, state: &StepState, context: &Context<'_>, offers: &mut [Offer]) {
    let own = own(id, state, context.change);
    for offer in offers {
        offer.command = match &offer.act {
            Act::Apply(answer) => command(answer, state),
            Act::Key(store) => kept(*store),
            Act::Name => Invocation::NewProject,
            Act::Rotate => Invocation::RotatePassword,
            Act::Run(command) => command.clone(),
            Act::Probe | Act::Change | Act::On | Act::Go(_) | Act::Decline(_) | Act::Skip => {
                own.clone()
            }
        };
    }
}

// ---- commands

/// The command that gives a step this answer.
pub(crate) fn command(answer: &Answer, state: &StepState) -> Invocation {
    if answer.is_default() && list(state).is_some_and(|list| list.temporary) {
        return Invocation::SetupClaimable;
    }
    match answer {
        Answer::Login(LoginAnswer::Default) => kept(KeyStorage::Keyring),
        Answer::Login(LoginAnswer::Key(_, store) | LoginAnswer::NeonCli(store)) => kept(*store),
        Answer::Login(LoginAnswer::Temporary) => Invocation::SetupClaimable,
        Answer::Login(LoginAnswer::Rotate) => Invocation::RotateKey,
        Answer::Project(ProjectAnswer::Join(project)) => Invocation::JoinProject(project.clone()),
        Answer::Project(ProjectAnswer::List) => Invocation::JoinProject("ID".to_owned()),
        Answer::Project(ProjectAnswer::Create(_)) => Invocation::NewProject,
        Answer::Backend(BackendAnswer::EditCode) => Invocation::EditCode,
        Answer::Env(EnvAnswer::InPlace) => Invocation::OverwriteInPlace,
        Answer::Env(EnvAnswer::Undo) => Invocation::Undo,
        Answer::Secrets(SecretsAnswer::InstallHook) => Invocation::InstallHook,
        Answer::Secrets(SecretsAnswer::RotatePassword) => Invocation::RotatePassword,
        Answer::Project(ProjectAnswer::Default)
        | Answer::Env(EnvAnswer::Default)
        | Answer::Backend(BackendAnswer::Default)
        | Answer::Schema
        | Answer::Health
        | Answer::Secrets(SecretsAnswer::Default) => Invocation::SetupStep(answer.step()),
    }
}

/// The command that takes a key.
const fn kept(store: KeyStorage) -> Invocation {
    match store {
        // a command ends at once, so that it has no session to keep a key for
        KeyStorage::Keyring | KeyStorage::Session => Invocation::Login,
        KeyStorage::File => Invocation::LoginToFile,
    }
}

/// The step's own command, where no answer has another one.
pub(crate) fn own(id: StepId, state: &StepState, change: bool) -> Invocation {
    let open = change || !matches!(state.known(), Status::Done | Status::Skipped);
    if !open {
        Invocation::CheckStep(id)
    } else if id == StepId::Login {
        kept(KeyStorage::Keyring)
    } else {
        Invocation::SetupStep(id)
    }
}

// ---- what several steps offer

fn on(context: &Context<'_>) -> Offer {
    let label = if context.next.is_empty() {
        "Go on".to_owned()
    } else {
        format!("Go on to {}", context.next)
    };
    Offer::new(label, "next", Act::On)
}

fn again() -> Offer {
    Offer::new("Look again", "look again", Act::Probe)
}

/// Leaves a step out.
fn skip() -> Offer {
    Offer::new("Skip this step", "skip", Act::Skip)
}

fn go(step: StepId) -> Offer {
    let label = format!("Go to {} first", step.title());
    Offer::new(label, "go there", Act::Go(step))
}

fn fixable(state: &StepState) -> bool {
    state.findings.iter().any(|finding| finding.fixable)
}

fn done(id: StepId, state: &StepState, context: &Context<'_>) -> Vec<Offer> {
    let mut offers = vec![on(context)];
    match id {
        StepId::Login => offers.push(Offer::new("Use another key", "change", Act::Change)),
        // without an account there is none to choose
        StepId::Project if list(state).is_some_and(|list| list.temporary) => {}
        StepId::Project => {
            offers.push(Offer::new("Choose another project", "change", Act::Change));
        }
        StepId::Env if undoable(state) => offers.push(undo()),
        StepId::Health => offers.push(Offer::new("Climb again", "look", Act::Probe)),
        StepId::Secrets => {
            offers.extend(hook(state));
            offers.push(Offer::new("Look again", "look", Act::Probe));
        }
        StepId::Backend | StepId::Schema | StepId::Env => {
            offers.push(Offer::new("Look again", "look", Act::Probe));
        }
    }
    offers
}

fn failed(id: StepId, state: &StepState, context: &Context<'_>) -> Question {
    if id == StepId::Login {
        return login(state, context);
    }
    // to look again at what cannot work yet leads nowhere
    let mut offers: Vec<_> = context.blocker.map(go).into_iter().collect();
    offers.push(again());
    if id == StepId::Env && state.remedy() == Some(Remedy::OverwriteInPlace) {
        let label = "Overwrite it where it lies";
        let over = Offer::apply(label, "overwrite", Answer::Env(EnvAnswer::InPlace));
        offers.push(over.note("not safe against a power cut"));
    }
    if id != StepId::Project || list(state).is_none_or(|list| list.choices.is_empty()) {
        offers.push(skip());
        return Question::first(offers);
    }
    let mut question = project(state, context);
    let before = question.offers.len();
    // that is the first answer here already
    question.offers.retain(|offer| offer.act != Act::Probe);
    let less = before - question.offers.len();
    question.projects = question.projects.map(|above| above + offers.len() - less);
    question.offers.splice(0..0, offers);
    question.offers.push(skip());
    question.default = Some(0);
    question
}

fn todo(id: StepId, state: &StepState, context: &Context<'_>) -> Question {
    // a step that found nothing yet waits for the one before it
    if id != StepId::Login
        && state.findings.is_empty()
        && let Some(blocker) = context.blocker
    {
        return Question::first(vec![go(blocker), again(), skip()]);
    }
    let mut question = match id {
        StepId::Login => return login(state, context),
        StepId::Project => project(state, context),
        StepId::Env => Question::first(env(state)),
        StepId::Backend => Question::first(backend(state)),
        StepId::Schema => Question::first(schema(state)),
        StepId::Health => Question::first(health(state)),
        StepId::Secrets => Question::first(secrets(state)),
    };
    if !question.offers.iter().any(|offer| offer.act == Act::Skip) {
        question.offers.push(skip());
    }
    question
}

// ---- login

fn login(state: &StepState, context: &Context<'_>) -> Question {
    let login = match &state.facts {
        Some(Facts::Login(login)) => Some(login),
        _ => None,
    };
    let no_keyring =
        login.is_some_and(|login| matches!(login.keyring, Some(KeyringState::Unavailable(_))));
    let rejected = state.has(Code::LoginKeyRejected);
    let asked = context.typed || context.change || rejected;
    let mut offers = Vec::new();
    if state.known() == Status::Failed && !context.typed && !rejected {
        offers.push(again());
    }
    let found = login.and_then(|login| login.key.as_ref());
    if let Some((source, _, _)) = found
        && !asked
        && *source != KeySource::NeonCli
    {
        let label = format!("Use the key from {}", source.words());
        offers.push(Offer::apply(
            label,
            "use it",
            Answer::Login(LoginAnswer::Default),
        ));
    }
    let cli = login.and_then(|login| neon_cli(login, no_keyring));
    if asked {
        offers.extend(keys(no_keyring));
        offers.extend(cli);
    } else {
        offers.extend(cli);
        offers.extend(keys(no_keyring));
    }
    if found.is_none() && !context.change {
        let label = "No account: a temporary database";
        let take = Offer::apply(label, "take it", Answer::Login(LoginAnswer::Temporary));
        offers.push(take.note("for 72 hours"));
    }
    if !context.change {
        let demo = Act::Run(Invocation::Demo);
        offers.push(Offer::new("No account", "copy", demo));
    }
    Question::first(offers)
}

/// The neon CLI's login is kept where a key would be, but never in clear by itself.
fn neon_cli(login: &LoginFacts, no_keyring: bool) -> Option<Offer> {
    let account = login.neon_cli.as_ref()?;
    let store = if no_keyring {
        KeyStorage::Session
    } else {
        KeyStorage::Keyring
    };
    let offer = Offer::apply(
        "Use the neon CLI's login",
        "use it",
        Answer::Login(LoginAnswer::NeonCli(store)),
    );
    Some(offer.note(account))
}

/// What can be done with a key. In clear text it is never kept by default.
fn keys(no_keyring: bool) -> [Offer; 2] {
    let key = |label, store| Offer::new(label, "check", Act::Key(store));
    if no_keyring {
        [
            key("Check the key", KeyStorage::Session).note("for this session only"),
            key("Check it and keep it in a file", KeyStorage::File).note("in clear text, 0600"),
        ]
    } else {
        [
            key("Check and store the key", KeyStorage::Keyring),
            key("Check it", KeyStorage::Session).note("for this session only"),
        ]
    }
}

// ---- project

/// The projects, where they are known.
fn list(state: &StepState) -> Option<&ProjectFacts> {
    match &state.facts {
        Some(Facts::Project(project)) => Some(project),
        _ => None,
    }
}

fn project(state: &StepState, context: &Context<'_>) -> Question {
    let Some(list) = list(state) else {
        return Question::first(vec![again()]);
    };
    if list.temporary && list.joined.is_none() {
        let make = Offer::apply(
            "Make a temporary database",
            "make",
            Answer::Project(ProjectAnswer::Default),
        );
        return Question::first(vec![make.note("72 hours, unless claimed")]);
    }
    let Found { filtered, meant } = context.found;
    let named = |label: &str| Offer::new(label, "create", Act::Name);
    let another = "Create another project …";
    if meant > 0 || filtered || context.change {
        return Question {
            offers: vec![named(another)],
            projects: Some(0),
            // of several that may be meant, each could be the wrong one
            default: (meant <= 1).then_some(0),
        };
    }
    let offers = if list.unlisted > 0 {
        vec![again().note("the list is not complete"), named(another)]
    } else {
        let label = format!("Create “{}”", list.wanted);
        let create = Offer::apply(label, "create", Answer::Project(ProjectAnswer::Default));
        vec![
            create.note(wanted(list)),
            named("Create it under another name …"),
        ]
    };
    Question {
        projects: Some(offers.len()),
        offers,
        default: Some(0),
    }
}

fn wanted(list: &ProjectFacts) -> String {
    if list.region.is_empty() {
        format!("Postgres {}", list.postgres)
    } else {
        format!("{}, Postgres {}", list.region, list.postgres)
    }
}

// ---- env

fn files(state: &StepState) -> Option<&EnvFacts> {
    match &state.facts {
        Some(Facts::Env(env)) => Some(env),
        _ => None,
    }
}

/// Whether the last write can be taken back.
pub(crate) fn undoable(state: &StepState) -> bool {
    files(state).is_some_and(|env| env.files.iter().any(|file| file.undo))
}

/// Brings back what the last write replaced.
fn undo() -> Offer {
    Offer::apply("Undo the last write", "undo", Answer::Env(EnvAnswer::Undo))
}

fn env(state: &StepState) -> Vec<Offer> {
    let files = files(state).map_or(&[][..], |env| &env.files);
    let changed: Vec<_> = files.iter().filter(|file| !file.diff.is_empty()).collect();
    // git would take the file along, and only Secrets changes that: until then it is not written
    let tracked = |finding: &Finding| finding.code == Code::EnvNotIgnored && !finding.fixable;
    let mut offers = Vec::new();
    if state.findings.iter().any(tracked) {
        offers.push(go(StepId::Secrets).note("it makes git ignore the file"));
    }
    let write = match changed.as_slice() {
        [one] => Some(format!("Write {}", one.file)),
        [] if fixable(state) => Some("Mend what was found".to_owned()),
        [] => None,
        many => Some(format!("Write {} files", many.len())),
    };
    offers.extend(write.map(|label| Offer::apply(label, "write", Answer::Env(EnvAnswer::Default))));
    if offers.is_empty() {
        offers.push(again());
    }
    if undoable(state) {
        offers.push(undo());
    }
    offers
}

// ---- backend

/// A change to existing code is never the default.
fn backend(state: &StepState) -> Vec<Offer> {
    let changes = match &state.facts {
        Some(Facts::Backend(backend)) => &backend.changes[..],
        _ => &[],
    };
    let (existing, new): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.exists);
    let mut offers = Vec::new();
    match new.as_slice() {
        [] if existing.is_empty() && fixable(state) => {
            offers.push(Offer::apply(
                "Mend what was found",
                "mend",
                Answer::Backend(BackendAnswer::Default),
            ));
        }
        [] => {}
        [one] => {
            let write = Offer::apply(
                format!("Write {}", one.path),
                "write",
                Answer::Backend(BackendAnswer::Default),
            );
            offers.push(write.note("a new file"));
        }
        many => {
            let label = format!("Write the {} new files", many.len());
            offers.push(Offer::apply(
                label,
                "write",
                Answer::Backend(BackendAnswer::Default),
            ));
        }
    }
    if new.is_empty() && !existing.is_empty() {
        offers.push(Offer::new(
            "Leave the code as it is, and go on",
            "leave it",
            Act::Decline("existing code is left as it is".to_owned()),
        ));
    }
    let named = match existing.as_slice() {
        [] => None,
        [one] => Some(one.path.clone()),
        many => Some(format!("{} files", many.len())),
    };
    let also = if new.is_empty() {
        "Change"
    } else {
        "Write, and change"
    };
    offers.extend(named.map(|named| {
        let label = format!("{also} {named}");
        Offer::apply(label, "change", Answer::Backend(BackendAnswer::EditCode)).note("as shown")
    }));
    if offers.is_empty() {
        offers.push(again());
    }
    offers
}

// ---- schema, health, secrets

fn schema(state: &StepState) -> Vec<Offer> {
    let source = |schema: &&SchemaFacts| !schema.source.is_empty();
    let schema = match &state.facts {
        Some(Facts::Schema(schema)) => Some(schema),
        _ => None,
    };
    let offer = if let Some(schema) = schema.filter(source) {
        let run = Offer::apply(format!("Run {}", schema.source), "run", Answer::Schema);
        run.note(if schema.sql.is_empty() {
            ""
        } else {
            "in one transaction"
        })
    } else if fixable(state) {
        Offer::apply("Create the tables", "run", Answer::Schema)
    } else {
        again()
    };
    vec![offer]
}

fn health(state: &StepState) -> Vec<Offer> {
    let climbed = |state: CheckState| {
        matches!(
            state,
            CheckState::Ok | CheckState::Waiting | CheckState::Skipped | CheckState::Warning
        )
    };
    let waiting = matches!(&state.facts, Some(Facts::Health(health)) if health.rungs.iter().all(|rung| climbed(rung.state)));
    let label = if waiting {
        "Start the app, and ask it"
    } else {
        "Climb the whole ladder again"
    };
    vec![Offer::apply(label, "climb", Answer::Health)]
}

fn secrets(state: &StepState) -> Vec<Offer> {
    let mut offers = Vec::new();
    if fixable(state) {
        let mend = Offer::apply(
            "Mend the repository",
            "mend",
            Answer::Secrets(SecretsAnswer::Default),
        );
        offers.push(mend.note("files stay; nothing is committed"));
    }
    match state.remedy() {
        Some(Remedy::RotatePassword) => {
            let rotate = Offer::new("Rotate the password", "rotate", Act::Rotate);
            offers.push(rotate.note("the only cure; asks once more"));
        }
        // a new password calls no API key back
        Some(Remedy::RotateKey) => {
            let rotate = Offer::new("", "copy", Act::Run(Invocation::RotateKey));
            offers.push(rotate.note("a new key; the old one is revoked"));
        }
        Some(Remedy::OverwriteInPlace) | None => {}
    }
    if offers.is_empty() {
        offers.push(again());
    }
    offers.push(Offer::new("Accept it, with a reason", "accept", Act::Skip));
    offers
}

/// The pre-commit check, where it can be installed and is not.
fn hook(state: &StepState) -> Option<Offer> {
    matches!(&state.facts, Some(Facts::Secrets(secrets)) if secrets.hook == Some(false)).then(
        || {
            let install = "Install the pre-commit check";
            let hook = Offer::apply(
                install,
                "install",
                Answer::Secrets(SecretsAnswer::InstallHook),
            );
            hook.note("stops leaks at commit")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::facts::{
        BackendFacts, EnvFile, FileChange, JoinedProject, ListedProject, SecretsFacts, Table,
    };

    fn state(status: Status, detail: Facts) -> StepState {
        let mut state = StepState::default();
        state.status = status;
        state.facts = Some(detail);
        state
    }

    fn found(mut state: StepState, finding: Finding) -> StepState {
        state.findings.push(finding);
        state
    }

    fn acts(id: StepId, state: &StepState, context: &Context<'_>) -> Vec<Act> {
        let offers = question(id, state, context).offers;
        offers.into_iter().map(|offer| offer.act).collect()
    }

    /// What a bare Enter does where the question lists no project above the other answers.
    fn default(id: StepId, state: &StepState) -> Act {
        let asked = question(id, state, &Context::default());
        asked.offers[asked.default.unwrap()].act.clone()
    }

    fn backend(new: usize, existing: usize) -> StepState {
        let change = |exists| FileChange {
            path: "main.py".to_owned(),
            why: String::new(),
            diff: Vec::new(),
            exists,
        };
        let mut changes = vec![change(false); new];
        changes.extend(vec![change(true); existing]);
        let backend = BackendFacts {
            changes,
            ..BackendFacts::default()
        };
        state(Status::Todo, Facts::Backend(backend))
    }

    fn schema(source: &str) -> StepState {
        let table = Table {
            name: "todo".to_owned(),
            state: CheckState::Gap,
            columns: Vec::new(),
            notes: Vec::new(),
        };
        let schema = SchemaFacts {
            source: source.to_owned(),
            tables: vec![table],
            ..SchemaFacts::default()
        };
        let state = state(Status::Todo, Facts::Schema(schema));
        found(state, Finding::new(Code::SchemaMissingTable, "no table"))
    }

    fn written(diff: bool, undo: bool) -> StepState {
        let line = crate::core::facts::DiffLine {
            sign: crate::core::facts::DiffSign::Add,
            text: "DATABASE_URL=…".to_owned(),
        };
        let file = EnvFile {
            file: ".env".to_owned(),
            checks: Vec::new(),
            diff: if diff { vec![line] } else { Vec::new() },
            changed: 0,
            added: 1,
            untouched: 0,
            undo,
        };
        state(Status::Todo, Facts::Env(EnvFacts { files: vec![file] }))
    }

    fn leaked(remedy: Option<Remedy>) -> StepState {
        let secrets = SecretsFacts {
            hook: Some(false),
            ..SecretsFacts::default()
        };
        let leak = Finding::new(Code::SecretsLiveSecretInHistory, "it leaked").remedy(remedy);
        found(state(Status::Todo, Facts::Secrets(secrets)), leak)
    }

    fn projects(status: Status, names: &[(&str, bool)]) -> ProjectFacts {
        let choice = |(id, meant): &(&str, bool)| ListedProject {
            id: (*id).to_owned(),
            name: "todo".to_owned(),
            region: String::new(),
            postgres: 17,
            created_at: String::new(),
            age: String::new(),
            meant: *meant,
        };
        ProjectFacts {
            wanted: "todo".to_owned(),
            choices: names.iter().map(choice).collect(),
            joined: (status == Status::Done).then(JoinedProject::default),
            ..ProjectFacts::default()
        }
    }

    #[test]
    fn enter_does_what_the_step_can_do_now() {
        let tracked = Finding::new(Code::EnvNotIgnored, "git tracks it");
        let reason = "existing code is left as it is".to_owned();
        let key = Act::Run(Invocation::RotateKey);
        let fix = |step| Act::Apply(Answer::default_of(step));
        let missing = ProjectFacts {
            unlisted: 2,
            ..projects(Status::Todo, &[])
        };
        let temporary = ProjectFacts {
            temporary: true,
            ..ProjectFacts::default()
        };
        let project = |project| state(Status::Todo, Facts::Project(project));
        for (id, state, expected) in [
            // no change to existing code unless somebody wants it
            (StepId::Backend, backend(0, 1), Act::Decline(reason)),
            (StepId::Backend, backend(1, 1), fix(StepId::Backend)),
            // there is nothing to run
            (StepId::Schema, schema(""), Act::Probe),
            (StepId::Schema, schema("schema.sql"), fix(StepId::Schema)),
            // a tracked file is not written
            (
                StepId::Env,
                found(written(true, false), tracked),
                Act::Go(StepId::Secrets),
            ),
            (StepId::Env, written(true, false), fix(StepId::Env)),
            (StepId::Env, written(false, true), Act::Probe),
            // the cure that there is
            (
                StepId::Secrets,
                leaked(Some(Remedy::RotatePassword)),
                Act::Rotate,
            ),
            (StepId::Secrets, leaked(Some(Remedy::RotateKey)), key),
            (StepId::Secrets, leaked(None), Act::Probe),
            // what was not listed may be the one that is meant
            (StepId::Project, project(missing), Act::Probe),
            (
                StepId::Project,
                project(projects(Status::Todo, &[])),
                fix(StepId::Project),
            ),
            (StepId::Project, project(temporary), fix(StepId::Project)),
        ] {
            assert_eq!(default(id, &state), expected, "{id} {:?}", state.findings);
        }
    }

    #[test]
    fn of_several_projects_that_may_be_meant_none_is_the_default() {
        let state = state(
            Status::Todo,
            Facts::Project(projects(Status::Todo, &[("p-1", true), ("p-2", true)])),
        );
        for (meant, filtered, default) in [
            (2, false, None),
            (2, true, None),
            (1, false, Some(0)),
            (1, true, Some(0)),
            (0, true, Some(0)),
        ] {
            let context = Context {
                found: Found { filtered, meant },
                ..Context::default()
            };
            let asked = question(StepId::Project, &state, &context);
            assert_eq!(
                (asked.projects, asked.default),
                (Some(0), default),
                "{meant} {filtered}"
            );
        }
    }

    #[test]
    fn a_failed_look_at_the_projects_is_repeated_once() {
        let list = ProjectFacts {
            unlisted: 1,
            ..projects(Status::Failed, &[("p-1", false)])
        };
        let state = state(Status::Failed, Facts::Project(list));
        let asked = question(StepId::Project, &state, &Context::default());
        let acts: Vec<_> = asked.offers.iter().map(|offer| &offer.act).collect();
        assert_eq!(acts, [&Act::Probe, &Act::Name, &Act::Skip]);
        assert_eq!((asked.projects, asked.default), (Some(2), Some(0)));
    }

    /// A bare Enter at a step that cannot work yet must not fail for ever.
    #[test]
    fn what_failed_for_want_of_another_step_leads_there_first() {
        let mut state = StepState::default();
        state.status = Status::Failed;
        let first = |blocker| {
            let context = Context {
                blocker,
                ..Context::default()
            };
            acts(StepId::Env, &state, &context)[0].clone()
        };
        assert_eq!(first(Some(StepId::Project)), Act::Go(StepId::Project));
        assert_eq!(first(None), Act::Probe);
    }

    #[test]
    fn without_an_account_there_is_no_other_project_to_choose() {
        for temporary in [false, true] {
            let list = ProjectFacts {
                temporary,
                ..projects(Status::Done, &[])
            };
            let state = state(Status::Done, Facts::Project(list));
            let acts = acts(StepId::Project, &state, &Context::default());
            assert_eq!(acts.contains(&Act::Change), !temporary);
        }
    }

    #[test]
    fn another_login_is_kept_where_a_key_would_be_but_never_in_clear_by_itself() {
        for (keyring, store) in [
            (KeyringState::Ready, KeyStorage::Keyring),
            (
                KeyringState::Unavailable("locked".to_owned()),
                KeyStorage::Session,
            ),
        ] {
            let login = LoginFacts {
                keyring: Some(keyring),
                neon_cli: Some("me@example.com".to_owned()),
                ..LoginFacts::default()
            };
            let state = state(Status::Todo, Facts::Login(login));
            let acts = acts(StepId::Login, &state, &Context::default());
            let taken = Act::Apply(Answer::Login(LoginAnswer::NeonCli(store)));
            assert_eq!(acts[..2], [taken.clone(), Act::Key(store)]);
            // whoever wants another key is asked for it first
            let change = Context {
                change: true,
                ..Context::default()
            };
            let question = question(StepId::Login, &state, &change);
            assert_eq!(question.offers[0].act, Act::Key(store));
            assert_eq!(question.offers[2].act, taken);
        }
    }

    #[test]
    fn a_step_that_found_nothing_waits_for_the_one_before_it() {
        let context = Context {
            blocker: Some(StepId::Env),
            ..Context::default()
        };
        let mut waits = StepState::default();
        waits.status = Status::Todo;
        assert_eq!(
            acts(StepId::Schema, &waits, &context),
            [Act::Go(StepId::Env), Act::Probe, Act::Skip]
        );
        assert_eq!(
            acts(StepId::Schema, &schema("schema.sql"), &context)[0],
            Act::Apply(Answer::Schema)
        );
    }

    #[test]
    fn what_has_a_key_on_the_screens_is_an_answer_where_there_are_no_keys() {
        let besides = |id, state: &StepState| -> Vec<Act> {
            let context = Context::default();
            let asked = question(id, state, &context);
            let offers = super::besides(id, state, &context, &asked);
            offers.into_iter().map(|offer| offer.act).collect()
        };
        let mut failed = written(true, true);
        failed.status = Status::Failed;
        let undo = Act::Apply(Answer::Env(EnvAnswer::Undo));
        assert_eq!(besides(StepId::Env, &failed), [undo]);
        assert_eq!(besides(StepId::Env, &written(true, true)), []);
        let hook = Act::Apply(Answer::Secrets(SecretsAnswer::InstallHook));
        assert_eq!(besides(StepId::Secrets, &leaked(None)), [hook]);
        let login = state(Status::Todo, Facts::Login(LoginFacts::default()));
        assert_eq!(besides(StepId::Login, &login), [Act::Skip]);
        assert_eq!(besides(StepId::Env, &StepState::default()), [Act::Probe]);
    }

    #[test]
    fn each_answer_names_the_command_that_does_the_same() {
        let nothing = StepState::default();
        let temporary = ProjectFacts {
            temporary: true,
            ..ProjectFacts::default()
        };
        let temporary = state(Status::Todo, Facts::Project(temporary));
        for (answer, state, expected) in [
            (Answer::default_of(StepId::Login), &nothing, "neonup login"),
            (
                Answer::default_of(StepId::Env),
                &nothing,
                "neonup setup env",
            ),
            (
                Answer::default_of(StepId::Project),
                &temporary,
                "neonup setup --claimable",
            ),
            (
                Answer::Login(LoginAnswer::Temporary),
                &nothing,
                "neonup setup --claimable",
            ),
            (
                Answer::Project(ProjectAnswer::Join("p-1".to_owned())),
                &nothing,
                "neonup setup project --project p-1",
            ),
            (
                Answer::Project(ProjectAnswer::Create("todo".to_owned())),
                &nothing,
                "neonup setup project --new",
            ),
            (
                Answer::Backend(BackendAnswer::EditCode),
                &nothing,
                "neonup setup backend --edit-code",
            ),
            (
                Answer::Env(EnvAnswer::InPlace),
                &nothing,
                "neonup setup env --in-place",
            ),
            (Answer::Env(EnvAnswer::Undo), &nothing, "neonup undo"),
            (
                Answer::Secrets(SecretsAnswer::InstallHook),
                &nothing,
                "neonup hook install",
            ),
            (
                Answer::Secrets(SecretsAnswer::RotatePassword),
                &nothing,
                "neonup rotate",
            ),
            (
                Answer::Login(LoginAnswer::Rotate),
                &nothing,
                "neonup rotate --api-key",
            ),
        ] {
            assert_eq!(command(&answer, state).to_string(), expected);
        }
    }

    #[test]
    fn a_command_to_run_elsewhere_is_copied_or_told() {
        let key = Offer::new("", "copy", Act::Run(Invocation::RotateKey));
        assert_eq!(key.says("copy"), "Copy: neonup rotate --api-key");
        assert_eq!(key.says("run"), "Run: neonup rotate --api-key");
        let demo = Offer::new("No account", "copy", Act::Run(Invocation::Demo));
        assert_eq!(demo.says("copy"), "No account: copy `neonup demo`");
        assert_eq!(demo.says("run"), "No account: run `neonup demo`");
    }
}

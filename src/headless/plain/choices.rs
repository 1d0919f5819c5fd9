//! The answers that are offered, as numbered lines; the first one is the safe default.

use crate::{
    answer::{Answer, Store},
    detail::{Detail, Keyring, Project, ProjectChoice},
    finding::Cure,
    plan::{Status, StepId, StepState},
};

/// The most projects that are read out at once.
const MOST: usize = 9;

/// One numbered line of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) label: String,
    pub(super) act: Act,
}

/// What an answer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Applies the step.
    Apply(Answer),
    /// Login: asks for the key, then keeps it there.
    AskKey(Store),
    /// Project: asks for a name, then creates.
    AskName,
    /// Looks again.
    Probe,
    /// Health: looks once a second.
    Watch,
    /// Asks the step's question although it is done.
    Change,
    /// Goes on to the next step.
    On,
    /// Goes to a step that must be done before.
    First(StepId),
    /// Leaves the step out.
    Skip,
    /// Leaves.
    Quit,
}

/// The answers of a step's question; the first one is the safe default.
pub(super) fn choices(id: StepId, state: &StepState, filter: &str, change: bool) -> Vec<Choice> {
    if matches!(state.status, Status::Done | Status::Skipped) && !change {
        return settled(id, state);
    }
    let mut choices = Vec::new();
    if state.status == Status::Failed && id != StepId::Login {
        choices.push(choice("Try again", Act::Probe));
    }
    match id {
        StepId::Login => choices.extend(login_choices(state)),
        StepId::Project => choices.extend(project_choices(state, filter)),
        StepId::Env => {
            choices.push(choice(
                "Write the env files as shown",
                Act::Apply(Answer::Default),
            ));
            if state.cure() == Some(Cure::InPlace) {
                choices.push(choice(
                    "Overwrite the file where it lies, which is not safe against a power cut",
                    Act::Apply(Answer::InPlace),
                ));
            }
            if undo(state) {
                choices.push(choice(
                    "Bring back what the last write replaced",
                    Act::Apply(Answer::Undo),
                ));
            }
        }
        StepId::Backend => {
            choices.push(choice(
                "Write the new files as shown",
                Act::Apply(Answer::Default),
            ));
            let edits = matches!(&state.detail, Some(Detail::Backend(backend)) if backend.changes.iter().any(|change| change.exists));
            if edits {
                choices.push(choice(
                    "Also change the existing files as shown",
                    Act::Apply(Answer::EditCode),
                ));
            }
        }
        StepId::Schema => choices.push(choice("Run it", Act::Apply(Answer::Default))),
        StepId::Health => {
            choices.push(choice(
                "Climb the ladder, and start the app",
                Act::Apply(Answer::Default),
            ));
            choices.push(choice("Watch: look once a second, until Enter", Act::Watch));
        }
        StepId::Secrets => choices.extend(secrets_choices(state)),
    }
    choices.push(choice("Skip this step", Act::Skip));
    choices.push(choice("Leave", Act::Quit));
    choices
}

fn undo(state: &StepState) -> bool {
    matches!(&state.detail, Some(Detail::Env(env)) if env.files.iter().any(|file| file.undo))
}

fn hook(state: &StepState) -> Option<Choice> {
    matches!(&state.detail, Some(Detail::Secrets(secrets)) if secrets.hook == Some(false))
        .then(|| choice("Install the pre-commit check", Act::Apply(Answer::Hook)))
}

fn secrets_choices(state: &StepState) -> Vec<Choice> {
    let mut choices = vec![choice(
        "Mend what can be mended",
        Act::Apply(Answer::Default),
    )];
    if state.cure() == Some(Cure::Password) {
        choices.push(choice(
            "Rotate the password: whatever still uses the old one stops working",
            Act::Apply(Answer::Rotate),
        ));
    }
    choices.extend(hook(state));
    choices
}

/// Whether the first answer is the default. Of several projects that may be meant, each could be the wrong one.
pub(super) fn has_default(id: StepId, state: &StepState, filter: &str) -> bool {
    let several = |project: &Project| {
        project.joined.is_none()
            && matching(project, filter)
                .filter(|found| found.meant)
                .nth(1)
                .is_some()
    };
    id != StepId::Project || state.status == Status::Failed || !project(state).is_some_and(several)
}

/// Whether a project of this name is among those that are listed.
pub(super) fn is_taken(state: &StepState, name: &str) -> bool {
    matches!(&state.detail, Some(Detail::Project(project)) if project.choices.iter().any(|found| found.name == name))
}

fn choice(label: &str, act: Act) -> Choice {
    Choice {
        label: label.to_owned(),
        act,
    }
}

fn login_choices(state: &StepState) -> Vec<Choice> {
    let mut choices = Vec::new();
    let login = match &state.detail {
        Some(Detail::Login(login)) => Some(login),
        _ => None,
    };
    if state.status == Status::Failed && login.is_some_and(|login| login.key.is_some()) {
        choices.push(choice("Try again", Act::Probe));
    }
    let keyring = login.and_then(|login| login.keyring.clone());
    if matches!(keyring, Some(Keyring::Unavailable(_))) {
        choices.push(choice(
            "Paste an API key, for this session only",
            Act::AskKey(Store::Session),
        ));
        choices.push(choice(
            "Paste an API key, and keep it in a 0600 file, in clear",
            Act::AskKey(Store::File),
        ));
    } else {
        choices.push(choice(
            "Paste an API key, and keep it in the OS keyring",
            Act::AskKey(Store::Keyring),
        ));
        choices.push(choice(
            "Paste an API key, for this session only",
            Act::AskKey(Store::Session),
        ));
    }
    if let Some(account) = login.and_then(|login| login.neon_cli.clone()) {
        let label = format!("Use the neon CLI's login ({account}), for this session only");
        choices.push(choice(&label, Act::Apply(Answer::NeonCli(Store::Session))));
    }
    if login.is_some_and(|login| login.key.is_none()) {
        choices.push(choice(
            "No account: a temporary database, deleted after 72 hours unless it is claimed",
            Act::Apply(Answer::Temporary),
        ));
    }
    choices
}

/// The answers of a step that waits for another one.
pub(super) fn blocked(blocker: StepId) -> Vec<Choice> {
    let first = format!("Go to {} first", blocker.title());
    vec![
        choice(&first, Act::First(blocker)),
        choice("Look again", Act::Probe),
        choice("Skip this step", Act::Skip),
        choice("Leave", Act::Quit),
    ]
}

/// The answers where nothing is open.
fn settled(id: StepId, state: &StepState) -> Vec<Choice> {
    let mut choices = vec![choice("Go on", Act::On)];
    if state.status == Status::Skipped {
        choices.push(choice("Do it after all", Act::Probe));
        choices.push(choice("Leave", Act::Quit));
        return choices;
    }
    match id {
        StepId::Login => choices.push(choice("Use another key", Act::Change)),
        StepId::Project => choices.push(choice("Choose another project", Act::Change)),
        StepId::Env => {
            if undo(state) {
                choices.push(choice(
                    "Bring back what the last write replaced",
                    Act::Apply(Answer::Undo),
                ));
            }
        }
        StepId::Health => {
            choices.push(choice("Watch: look once a second, until Enter", Act::Watch));
        }
        StepId::Secrets => choices.extend(hook(state)),
        StepId::Backend | StepId::Schema => {}
    }
    choices.push(choice("Look again", Act::Probe));
    choices.push(choice("Leave", Act::Quit));
    choices
}

fn join(found: &ProjectChoice) -> Choice {
    let label = format!(
        "Join {} ({}, {}, created {})",
        found.name, found.id, found.region, found.age
    );
    choice(&label, Act::Apply(Answer::Join(found.id.clone())))
}

fn project(state: &StepState) -> Option<&Project> {
    match &state.detail {
        Some(Detail::Project(project)) => Some(project),
        _ => None,
    }
}

/// The projects in whose name, id or region the filter stands.
fn matching<'a>(project: &'a Project, filter: &str) -> impl Iterator<Item = &'a ProjectChoice> {
    let filter = filter.to_lowercase();
    project.choices.iter().filter(move |found| {
        [&found.name, &found.id, &found.region]
            .into_iter()
            .any(|text| text.to_lowercase().contains(&filter))
    })
}

/// How many projects there are and are read out, where that is not the same.
pub(super) fn left_out(state: &StepState, filter: &str) -> Option<String> {
    let project = project(state)?;
    let all = project.choices.len();
    let found = matching(project, filter).count();
    if filter.is_empty() && all > MOST {
        Some(format!(
            "{all} projects; type / and a part of a name to find yours."
        ))
    } else if !filter.is_empty() {
        let told = if found > MOST {
            format!("; the first {MOST} of each kind follow, and a longer filter finds the others")
        } else {
            String::new()
        };
        Some(format!(
            "{found} of {all} projects have `{filter}` in their name, id or region{told}; / alone ends the filter."
        ))
    } else {
        None
    }
}

fn project_choices(state: &StepState, filter: &str) -> Vec<Choice> {
    let mut choices = Vec::new();
    if let Some(project) = project(state) {
        if project.temporary {
            return vec![choice(
                "Make a temporary database",
                Act::Apply(Answer::Default),
            )];
        }
        let meant = matching(project, filter).filter(|found| found.meant);
        choices.extend(meant.map(join));
        if choices.is_empty() && filter.is_empty() && state.status == Status::Todo {
            let label = format!("Create a new project named {}", project.wanted);
            choices.push(choice(&label, Act::Apply(Answer::Default)));
        }
        let others = matching(project, filter).filter(|found| !found.meant);
        choices.extend(others.take(MOST).map(join));
    }
    choices.push(choice("Create a project of another name", Act::AskName));
    choices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        detail::Login,
        failure::Failure,
        finding::{Code, Finding},
    };

    fn state(status: Status, detail: Detail) -> StepState {
        let mut state = StepState::default();
        state.status = status;
        state.detail = Some(detail);
        state
    }

    #[test]
    fn joining_is_the_default_when_the_name_exists_and_creating_when_it_does_not() {
        let mut project = Project {
            wanted: "todo".to_owned(),
            ..Project::default()
        };
        let first = |project: &Project| {
            choices(
                StepId::Project,
                &state(Status::Todo, Detail::Project(project.clone())),
                "",
                false,
            )[0]
            .act
            .clone()
        };
        assert_eq!(first(&project), Act::Apply(Answer::Default));
        project.choices = [ProjectChoice {
            id: "p-1".to_owned(),
            name: "todo".to_owned(),
            region: String::new(),
            postgres: 17,
            created_at: String::new(),
            age: String::new(),
            meant: true,
        }]
        .into();
        assert_eq!(first(&project), Act::Apply(Answer::Join("p-1".to_owned())));
    }

    #[test]
    fn of_two_projects_that_may_be_meant_none_is_the_default() {
        let found = |id: &str, meant: bool| ProjectChoice {
            id: id.to_owned(),
            name: "todo".to_owned(),
            region: String::new(),
            postgres: 17,
            created_at: String::new(),
            age: String::new(),
            meant,
        };
        for (second, filter, default) in [(true, "", false), (true, "p-1", true), (false, "", true)]
        {
            let project = Project {
                choices: [found("p-1", true), found("p-2", second)].into(),
                ..Project::default()
            };
            let state = state(Status::Todo, Detail::Project(project));
            let all = choices(StepId::Project, &state, filter, false);
            assert_eq!(all[0].act, Act::Apply(Answer::Join("p-1".to_owned())));
            let has = has_default(StepId::Project, &state, filter);
            assert_eq!(has, default, "{second} {filter:?}");
            assert!(has_default(StepId::Schema, &state, filter));
        }
    }

    #[test]
    fn a_key_is_never_kept_in_clear_by_default() {
        let login = Login {
            keyring: Some(Keyring::Unavailable("locked".to_owned())),
            ..Login::default()
        };
        let all = choices(
            StepId::Login,
            &state(Status::Todo, Detail::Login(login)),
            "",
            false,
        );
        assert_eq!(all[0].act, Act::AskKey(Store::Session));
    }

    #[test]
    fn a_cure_that_somebody_must_want_is_offered_where_it_is_one() {
        let secrets = |cure| {
            let mut state = state(
                Status::Todo,
                Detail::Secrets(crate::detail::Secrets::default()),
            );
            let leak = Finding::new(Code::SecretsLiveSecretInHistory, "it leaked");
            state.findings = vec![leak.cure(cure)];
            choices(StepId::Secrets, &state, "", false)
        };
        let rotates = |cure| {
            secrets(cure)
                .iter()
                .any(|choice| choice.act == Act::Apply(Answer::Rotate))
        };
        assert!(rotates(Some(Cure::Password)));
        // a new password calls no API key back, and no value that this program made
        assert!(!rotates(Some(Cure::Key)));
        assert!(!rotates(None));
        let env = |cure| {
            let mut state = StepState::default();
            state.status = Status::Failed;
            state.failure = Some(Failure::new(Code::EnvMissingFile, "mounted").cure(cure));
            choices(StepId::Env, &state, "", false)
                .iter()
                .any(|choice| choice.act == Act::Apply(Answer::InPlace))
        };
        assert!(env(Some(Cure::InPlace)) && !env(None));
    }

    #[test]
    fn a_done_step_goes_on_by_default_and_can_be_answered_anew() {
        let done = state(Status::Done, Detail::Project(Project::default()));
        let of = |change| choices(StepId::Project, &done, "", change);
        assert_eq!(of(false)[0].act, Act::On);
        assert!(of(false).iter().any(|choice| choice.act == Act::Change));
        assert!(of(true).iter().any(|choice| choice.act == Act::AskName));
    }

    #[test]
    fn a_long_list_is_read_out_in_part_and_filtered_by_a_word() {
        let found = |number: usize| ProjectChoice {
            id: format!("p-{number}"),
            name: format!("todo-{number}"),
            region: "aws-us-east-2".to_owned(),
            postgres: 17,
            created_at: String::new(),
            age: "today".to_owned(),
            meant: false,
        };
        let project = Project {
            wanted: "todo".to_owned(),
            choices: (0..100).map(found).collect(),
            ..Project::default()
        };
        let state = state(Status::Todo, Detail::Project(project));
        let joins = |filter: &str| {
            choices(StepId::Project, &state, filter, false)
                .iter()
                .filter(|choice| matches!(choice.act, Act::Apply(Answer::Join(_))))
                .count()
        };
        assert_eq!(joins(""), MOST);
        assert!(left_out(&state, "").unwrap().starts_with("100 projects"));
        assert_eq!(joins("TODO-42"), 1);
        assert!(left_out(&state, "TODO-42").unwrap().starts_with("1 of 100"));
        assert_eq!(joins("nothing like it"), 0);
    }
}

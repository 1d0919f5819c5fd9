//! The answers that are offered, as numbered lines.

use crate::core::{
    answer::{Answer, ProjectAnswer},
    choices::{self, Act, Context, Found, Offer},
    facts::{self, Facts, ListedProject, ProjectFacts},
    invocation::Invocation,
    plan::{Status, StepState},
    step::StepId,
};

/// The most projects that are read out at once, beside those that may be meant.
const MOST: usize = 9;

/// The numbered lines of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choices {
    pub(super) list: Vec<Choice>,
    /// The one that nothing typed means; none where each could be the wrong one.
    default: Option<usize>,
    /// The step's own command.
    own: String,
}

/// One numbered line of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    label: String,
    note: String,
    pub(super) does: Does,
    command: String,
}

/// What an answer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Does {
    /// What the step offers.
    Act(Act),
    /// Health: looks once a second.
    Watch,
    /// Leaves.
    Quit,
}

impl Choices {
    /// The answer of this number.
    pub(super) fn numbered(&self, text: &str) -> Option<&Choice> {
        let number: usize = text.parse().ok()?;
        self.list.get(number.checked_sub(1)?)
    }

    /// The answer that nothing typed means.
    pub(super) fn default(&self) -> Option<&Choice> {
        self.list.get(self.default?)
    }

    /// The command that does the same as the answer of this number, or as the default.
    pub(super) fn command(&self, number: &str) -> Option<&str> {
        if number.is_empty() {
            return Some(self.default().map_or(&self.own, |choice| &choice.command));
        }
        self.numbered(number).map(|choice| choice.command.as_str())
    }

    /// The lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        self.list.iter().enumerate().map(|(at, choice)| {
            let default = if self.default == Some(at) {
                " (default)"
            } else {
                ""
            };
            let comma = if choice.note.is_empty() { "" } else { ", " };
            let Choice { label, note, .. } = choice;
            format!("{}. {label}{default}{comma}{note}", at + 1)
        })
    }
}

/// The answers of a step's question: what the step offers, and what takes the place of the keys that a screen has.
pub(super) fn choices(
    id: StepId,
    state: &StepState,
    filter: &str,
    context: Context<'_>,
) -> Choices {
    let projects = project(state).filter(|_| id == StepId::Project);
    let found = projects.map(|project| Found {
        filtered: !filter.is_empty(),
        meant: matching(project, filter)
            .filter(|found| found.meant)
            .count(),
    });
    let context = Context {
        found: found.unwrap_or_default(),
        ..context
    };
    let question = choices::question(id, state, &context);
    let besides = choices::besides(id, state, &context, &question);
    let own = choices::own(id, state, context.change).to_string();
    let mut list: Vec<Choice> = question.offers.into_iter().map(offered).collect();
    if let (Some(above), Some(project)) = (question.projects, projects) {
        let meant = matching(project, filter).filter(|found| found.meant);
        let others = matching(project, filter).filter(|found| !found.meant);
        let rows: Vec<_> = meant.chain(others.take(MOST)).map(join).collect();
        list.splice(above..above, rows);
    }
    list.extend(besides.into_iter().map(offered));
    let plain = |label: &str, does| Choice {
        label: label.to_owned(),
        note: String::new(),
        does,
        command: own.clone(),
    };
    let climbed = matches!(state.known(), Status::Done | Status::Todo | Status::Failed);
    if id == StepId::Health && climbed && context.blocker.is_none() {
        // beside what the step does, and above leaving it out
        let skip = |choice: &Choice| choice.does == Does::Act(Act::Skip);
        let at = list.iter().position(skip).unwrap_or(list.len());
        let watch = "Watch: look once a second, until Enter";
        list.insert(at, plain(watch, Does::Watch));
    }
    list.push(plain("Leave", Does::Quit));
    Choices {
        list,
        // whoever knows nothing yet may look, and the way out is never what Enter means
        default: question
            .default
            .or_else(|| question.projects.is_none().then_some(0)),
        own,
    }
}

/// An answer as a line. What a screen has a field or the clipboard for is said in words.
fn offered(offer: Offer) -> Choice {
    let said = offer.says("run");
    let label = if let Act::Key(_) = &offer.act {
        format!("Paste an API key: {}", lower(&said))
    } else {
        said
    };
    Choice {
        label,
        note: offer.note,
        does: Does::Act(offer.act),
        command: offer.command.to_string(),
    }
}

/// A text with a small letter at its start.
fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        format!("{}{}", first.to_lowercase(), chars.as_str())
    })
}

/// A project as a line: whoever cannot see the columns hears what tells two of one name apart.
fn join(found: &ListedProject) -> Choice {
    Choice {
        label: format!(
            "Join {} ({}, {}, created {})",
            found.name, found.id, found.region, found.age
        ),
        note: String::new(),
        does: Does::Act(Act::Apply(Answer::Project(ProjectAnswer::Join(
            found.id.clone(),
        )))),
        command: Invocation::JoinProject(found.id.clone()).to_string(),
    }
}

fn project(state: &StepState) -> Option<&ProjectFacts> {
    match &state.facts {
        Some(Facts::Project(project)) => Some(project),
        _ => None,
    }
}

/// Whether a project of this name is among those that are listed.
pub(super) fn is_taken(state: &StepState, name: &str) -> bool {
    project(state).is_some_and(|project| project.has(name))
}

fn matching<'a>(
    project: &'a ProjectFacts,
    filter: &str,
) -> impl Iterator<Item = &'a ListedProject> {
    facts::matching(&project.choices, filter).map(|(_, found)| found)
}

/// How many projects there are and are read out, where that is not the same.
pub(super) fn left_out(state: &StepState, filter: &str) -> Option<String> {
    let project = project(state)?;
    let all = project.choices.len();
    if !filter.is_empty() {
        let found = matching(project, filter).count();
        let others = matching(project, filter).filter(|found| !found.meant);
        let told = if others.count() > MOST {
            "; not all of them follow, and a longer filter finds the others"
        } else {
            ""
        };
        return Some(format!(
            "{found} of {all} projects have `{filter}` in their name, id or region{told}; / alone ends the filter."
        ));
    }
    (all > MOST).then(|| format!("{all} projects; type / and a part of a name to find yours."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{
        answer::KeyStorage,
        code::Code,
        facts::{KeyringState, LoginFacts, SecretsFacts},
        finding::Finding,
        remedy::Remedy,
    };

    fn state(status: Status, detail: Facts) -> StepState {
        let mut state = StepState::default();
        state.status = status;
        state.facts = Some(detail);
        state
    }

    fn of(id: StepId, state: &StepState) -> Choices {
        choices(id, state, "", Context::default())
    }

    fn found(number: usize, meant: bool) -> ListedProject {
        ListedProject {
            id: format!("p-{number}"),
            name: format!("todo-{number}"),
            region: "aws-us-east-2".to_owned(),
            postgres: 17,
            created_at: String::new(),
            age: "today".to_owned(),
            meant,
        }
    }

    fn listed(choices: impl IntoIterator<Item = ListedProject>) -> StepState {
        let project = ProjectFacts {
            wanted: "todo".to_owned(),
            choices: choices.into_iter().collect(),
            ..ProjectFacts::default()
        };
        state(Status::Todo, Facts::Project(project))
    }

    fn lines(choices: &Choices) -> Vec<String> {
        choices.lines().collect()
    }

    #[test]
    fn joining_is_the_default_when_the_name_exists_and_creating_when_it_does_not() {
        assert_eq!(
            lines(&of(StepId::Project, &listed([found(1, false)]))),
            [
                "1. Create “todo” (default), Postgres 0",
                "2. Create it under another name …",
                "3. Join todo-1 (p-1, aws-us-east-2, created today)",
                "4. Skip this step",
                "5. Leave",
            ]
        );
        assert_eq!(
            lines(&of(
                StepId::Project,
                &listed([found(2, false), found(1, true)])
            )),
            [
                "1. Join todo-1 (p-1, aws-us-east-2, created today) (default)",
                "2. Join todo-2 (p-2, aws-us-east-2, created today)",
                "3. Create another project …",
                "4. Skip this step",
                "5. Leave",
            ]
        );
    }

    #[test]
    fn of_two_projects_that_may_be_meant_none_is_the_default() {
        for (second, filter, default) in [(true, "", false), (true, "p-1", true), (false, "", true)]
        {
            let state = listed([found(1, true), found(2, second)]);
            let all = choices(StepId::Project, &state, filter, Context::default());
            let join = Does::Act(Act::Apply(Answer::Project(ProjectAnswer::Join(
                "p-1".to_owned(),
            ))));
            assert_eq!(all.list[0].does, join);
            assert_eq!(all.default().is_some(), default, "{second} {filter:?}");
        }
    }

    #[test]
    fn a_key_is_pasted_where_a_screen_has_a_field() {
        let login = LoginFacts {
            keyring: Some(KeyringState::Unavailable("locked".to_owned())),
            ..LoginFacts::default()
        };
        let all = of(StepId::Login, &state(Status::Todo, Facts::Login(login)));
        let first = &lines(&all)[..2];
        assert_eq!(
            first,
            [
                "1. Paste an API key: check the key (default), for this session only",
                "2. Paste an API key: check it and keep it in a file, in clear text, 0600",
            ]
        );
        assert_eq!(all.list[0].does, Does::Act(Act::Key(KeyStorage::Session)));
    }

    #[test]
    fn a_leaked_key_is_answered_by_the_command_that_revokes_it() {
        let mut state = state(Status::Todo, Facts::Secrets(SecretsFacts::default()));
        let leak = Finding::new(Code::SecretsLiveSecretInHistory, "it leaked");
        state.findings = vec![leak.remedy(Some(Remedy::RotateKey))];
        let all = of(StepId::Secrets, &state);
        let rotate = "neonup rotate --api-key";
        let first = format!("1. Run: {rotate} (default), a new key; the old one is revoked");
        assert_eq!(lines(&all)[0], first);
        assert_eq!(all.list[0].does, Does::Act(Act::Run(Invocation::RotateKey)));
        assert_eq!(all.command(""), Some(rotate));
    }

    #[test]
    fn the_command_is_that_of_the_default_or_of_the_answer_that_is_named() {
        let one = of(StepId::Project, &listed([found(1, true)]));
        let join = "neonup setup project --project p-1";
        assert_eq!(one.command(""), Some(join));
        assert_eq!(one.command("1"), Some(join));
        assert_eq!(one.command("2"), Some("neonup setup project --new"));
        assert_eq!(one.command("9"), None);
        let two = of(StepId::Project, &listed([found(1, true), found(2, true)]));
        assert_eq!(two.command(""), Some("neonup setup project"));
    }

    #[test]
    fn a_watch_is_offered_where_the_ladder_can_be_climbed() {
        let mut health = StepState::default();
        let watches = |state: &StepState, blocker| {
            let context = Context {
                blocker,
                ..Context::default()
            };
            let all = choices(StepId::Health, state, "", context);
            all.list.iter().any(|choice| choice.does == Does::Watch)
        };
        assert!(!watches(&health, None));
        for status in [Status::Done, Status::Todo, Status::Failed] {
            health.status = status;
            assert!(watches(&health, None), "{status:?}");
            assert!(!watches(&health, Some(StepId::Env)), "{status:?}");
        }
    }

    #[test]
    fn a_done_step_goes_on_by_default_and_can_be_answered_anew() {
        let done = state(Status::Done, Facts::Project(ProjectFacts::default()));
        let of = |change| {
            let context = Context {
                change,
                ..Context::default()
            };
            let all = choices(StepId::Project, &done, "", context);
            all.list.into_iter().map(|choice| choice.does).collect()
        };
        let (settled, anew): (Vec<_>, Vec<_>) = (of(false), of(true));
        assert_eq!(settled[0], Does::Act(Act::On));
        assert!(settled.contains(&Does::Act(Act::Change)));
        assert!(anew.contains(&Does::Act(Act::Name)));
    }

    #[test]
    fn a_long_list_is_read_out_in_part_and_filtered_by_words() {
        let state = listed((0..100).map(|number| found(number, false)));
        let joins = |filter: &str| {
            let all = choices(StepId::Project, &state, filter, Context::default());
            let join = |choice: &&Choice| {
                matches!(
                    choice.does,
                    Does::Act(Act::Apply(Answer::Project(ProjectAnswer::Join(_))))
                )
            };
            all.list.iter().filter(join).count()
        };
        assert_eq!(joins(""), MOST);
        assert!(left_out(&state, "").unwrap().starts_with("100 projects"));
        assert_eq!(joins("TODO-42"), 1);
        assert_eq!(joins("us-east 42"), 1);
        assert!(left_out(&state, "TODO-42").unwrap().starts_with("1 of 100"));
        assert_eq!(joins("nothing like it"), 0);
    }
}

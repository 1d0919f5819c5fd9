//! Choices as numbered lines.

use crate::core::{
    choices::{self, ChoiceRow, Choices, Medium, ProjectMatches, StepContext},
    facts::{Facts, ProjectFacts},
    invocation::Invocation,
    plan::StepState,
    step::StepId,
};

/// What the choices of a step depend on, besides its state.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StepView<'a> {
    /// What the projects are filtered by.
    pub filter: &'a str,
    /// The step that has to be done before this one.
    pub blocker: Option<StepId>,
    /// Whether the choices are shown although the step is done.
    pub change: bool,
    /// Whether there is an editor for the env files.
    pub can_edit: bool,
}

/// What there is to choose from at a step.
pub(super) fn choices(step: StepId, state: &StepState, asked: StepView<'_>) -> Choices {
    let matches =
        project_facts(state).map(|facts| ProjectMatches::new(&facts.choices, asked.filter));
    choices::of_step(&StepContext {
        blocker: asked.blocker,
        change: asked.change,
        can_edit: asked.can_edit,
        matches: matches.map(Into::into),
        ..StepContext::new(Medium::Lines, step, state)
    })
}

/// The lines of these choices.
pub(super) fn lines(choices: &Choices) -> impl Iterator<Item = String> {
    choices.rows().enumerate().map(|(index, row)| {
        let default = if choices.default == Some(index) {
            " (default)"
        } else {
            ""
        };
        let number = index + 1;
        match row {
            ChoiceRow::Choice(choice) => {
                let comma = if choice.note.is_empty() { "" } else { ", " };
                let (label, note) = (&choice.label, &choice.note);
                format!("{number}. {label}{default}{comma}{note}")
            }
            // whoever cannot see columns hears what tells two of one name apart
            ChoiceRow::Project(project) => format!(
                "{number}. Join {} ({}, {}, created {}){default}",
                project.name, project.id, project.region, project.age
            ),
        }
    })
}

/// The row of this number, from 1.
pub(super) fn get(choices: &Choices, number: usize) -> Option<ChoiceRow<'_>> {
    choices.get(number.checked_sub(1)?)
}

/// The command that does the same as the row of this number, or as the default.
pub(super) fn command(choices: &Choices, number: Option<usize>) -> Option<Invocation> {
    if let Some(number) = number {
        return get(choices, number).map(ChoiceRow::command);
    }
    let default = choices.default_row().map(ChoiceRow::command);
    Some(default.unwrap_or_else(|| choices.command.clone()))
}

fn project_facts(state: &StepState) -> Option<&ProjectFacts> {
    match &state.facts {
        Some(Facts::Project(project)) => Some(project),
        _ => None,
    }
}

/// Whether a project of this name is listed.
pub(super) fn is_taken(state: &StepState, name: &str) -> bool {
    project_facts(state).is_some_and(|facts| facts.has(name))
}

/// Says how many projects there are, where not all of them are read out.
pub(super) fn left_out(state: &StepState, filter: &str) -> Option<String> {
    let facts = project_facts(state)?;
    let all = facts.choices.len();
    if filter.is_empty() {
        let many = all > choices::MOST_READ_OUT;
        return many.then(|| format!("{all} projects; type / and part of a name to find yours."));
    }
    let matches = ProjectMatches::new(&facts.choices, filter);
    let more = if matches.are_shortened() {
        "; only some are listed, so use a longer filter"
    } else {
        ""
    };
    Some(format!(
        "{} of {all} projects have `{filter}` in their name, id or region{more}; / alone clears the filter.",
        matches.count()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{
        answer::{Answer, KeyStorage, ProjectAnswer},
        choices::{Action, MOST_READ_OUT},
        code::Code,
        facts::{KeyringState, ListedProject, LoginFacts, SecretsFacts},
        finding::Finding,
        plan::Status,
        remedy::Remedy,
    };

    fn state(status: Status, detail: Facts) -> StepState {
        let mut state = StepState::default();
        state.status = status;
        state.facts = Some(detail);
        state
    }

    fn of(step: StepId, state: &StepState) -> Choices {
        choices(step, state, StepView::default())
    }

    fn actions(choices: &Choices) -> Vec<Action> {
        choices.rows().map(ChoiceRow::action).collect()
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
        super::lines(choices).collect()
    }

    fn command(choices: &Choices, number: Option<usize>) -> Option<String> {
        super::command(choices, number).map(|command| command.to_string())
    }

    #[test]
    fn joining_is_the_default_when_the_name_exists_and_creating_when_it_does_not() {
        assert_eq!(
            lines(&of(StepId::Project, &listed([found(1, false)]))),
            [
                "1. Create “todo” (default)",
                "2. Create it under another name …",
                "3. Change its region or Postgres version …",
                "4. Join todo-1 (p-1, aws-us-east-2, created today)",
                "5. Skip this step",
                "6. Quit",
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
                "5. Quit",
            ]
        );
    }

    #[test]
    fn of_two_projects_that_may_be_meant_none_is_the_default() {
        for (second, filter, default) in [(true, "", false), (true, "p-1", true), (false, "", true)]
        {
            let state = listed([found(1, true), found(2, second)]);
            let all = choices(
                StepId::Project,
                &state,
                StepView {
                    filter,
                    ..StepView::default()
                },
            );
            let join = ProjectAnswer::Join("p-1".to_owned());
            assert_eq!(actions(&all)[0], Action::Apply(Answer::Project(join)));
            assert_eq!(all.default_row().is_some(), default, "{second} {filter:?}");
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
                "2. Paste an API key: check the key, keep it in a file, plain text, 0600",
            ]
        );
        assert_eq!(actions(&all)[0], Action::ApplyKey(KeyStorage::Session));
    }

    #[test]
    fn a_leaked_key_is_answered_by_the_command_that_revokes_it() {
        let mut state = state(Status::Todo, Facts::Secrets(SecretsFacts::default()));
        let leak = Finding::new(Code::SecretsLiveSecretInHistory, "it leaked");
        state.findings = vec![leak.remedy(Some(Remedy::RotateKey))];
        let all = of(StepId::Secrets, &state);
        let rotate = "neonup rotate --api-key";
        let first =
            format!("1. Run: {rotate} (default), creates a new key and revokes the old one");
        assert_eq!(lines(&all)[0], first);
        assert_eq!(actions(&all)[0], Action::Run(Invocation::RotateKey));
        assert_eq!(command(&all, None).as_deref(), Some(rotate));
    }

    #[test]
    fn the_command_is_that_of_the_default_or_of_the_answer_that_is_named() {
        let one = of(StepId::Project, &listed([found(1, true)]));
        let join = "neonup setup project --project p-1";
        assert_eq!(command(&one, None).as_deref(), Some(join));
        assert_eq!(command(&one, Some(1)).as_deref(), Some(join));
        assert_eq!(
            command(&one, Some(2)).as_deref(),
            Some("neonup setup project --new")
        );
        assert_eq!(command(&one, Some(9)), None);
        let two = of(StepId::Project, &listed([found(1, true), found(2, true)]));
        assert_eq!(command(&two, None).as_deref(), Some("neonup setup project"));
    }

    #[test]
    fn a_watch_is_offered_where_the_ladder_can_be_climbed() {
        let mut health = StepState::default();
        let watches = |state: &StepState, blocker| {
            choices(
                StepId::Health,
                state,
                StepView {
                    blocker,
                    ..StepView::default()
                },
            )
            .has(&Action::Watch)
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
            choices(
                StepId::Project,
                &done,
                StepView {
                    change,
                    ..StepView::default()
                },
            )
        };
        assert_eq!(actions(&of(false))[0], Action::GoOn);
        assert!(of(false).has(&Action::Change));
        assert!(of(true).has(&Action::Create));
    }

    #[test]
    fn a_long_list_is_read_out_in_part_and_filtered_by_words() {
        let state = listed((0..100).map(|number| found(number, false)));
        let joins = |filter: &str| {
            let all = choices(
                StepId::Project,
                &state,
                StepView {
                    filter,
                    ..StepView::default()
                },
            );
            let join = |row: &ChoiceRow<'_>| matches!(row, ChoiceRow::Project(_));
            all.rows().filter(join).count()
        };
        assert_eq!(joins(""), MOST_READ_OUT);
        assert!(left_out(&state, "").unwrap().starts_with("100 projects"));
        assert_eq!(joins("TODO-42"), 1);
        assert_eq!(joins("us-east 42"), 1);
        assert!(left_out(&state, "TODO-42").unwrap().starts_with("1 of 100"));
        assert_eq!(joins("nothing like it"), 0);
    }
}

//! Project: one of those that are listed, another one, or a temporary database.

use crate::core::{
    answer::{Answer, ProjectAnswer},
    choices::{
        choice::{Action, Choice, Choices, SettingsPart},
        context::{Medium, StepContext},
        matches::ProjectMatches,
    },
    code::Code,
    facts::{Facts, ProjectFacts},
    finding::Finding,
    plan::StepState,
    remedy::Remedy,
};

fn project_facts(state: &StepState) -> Option<&ProjectFacts> {
    match &state.facts {
        Some(Facts::Project(project)) => Some(project),
        _ => None,
    }
}

/// Whether there are projects to choose from.
pub(super) fn is_listed(state: &StepState) -> bool {
    project_facts(state).is_some_and(|facts| !facts.choices.is_empty())
}

/// Where a project is joined, the choice of another one. Without an account there is no other.
pub(super) fn another(context: &StepContext<'_>) -> Option<Choice> {
    let temporary = project_facts(context.state).is_some_and(|facts| facts.temporary);
    (!temporary).then(|| context.choice("Choose another project", "change", Action::Change))
}

/// Where a project is joined, the choice of another branch or database in it.
pub(super) fn branch(context: &StepContext<'_>) -> Option<Choice> {
    let facts = project_facts(context.state)?;
    let is_joined = facts.joined.is_some() && !facts.temporary;
    is_joined.then(|| branch_or_database(context))
}

fn branch_or_database(context: &StepContext<'_>) -> Choice {
    context.settings("Use another branch or database …", SettingsPart::Branch)
}

/// The choice to create what the project lacks: the branch, its compute, its database.
fn missing(context: &StepContext<'_>) -> Option<Choice> {
    let lacks = |finding: &Finding| {
        let code = matches!(
            finding.code,
            Code::ProjectBranchMissing | Code::ProjectNoCompute
        );
        code && finding.fixable
    };
    let found = context
        .state
        .findings
        .iter()
        .find(|finding| lacks(finding))?;
    let label = if found.code == Code::ProjectNoCompute {
        "Add a compute"
    } else {
        "Create it"
    };
    let answer = Answer::Project(ProjectAnswer::Default);
    Some(context.apply(label, "create", answer))
}

/// The choice to delete the empty project of a race that was lost.
pub(super) fn discard(context: &StepContext<'_>) -> Option<Choice> {
    let id = project_facts(context.state)?.left_over.clone()?;
    let label = format!("Delete {id}, which this run created");
    let answer = Answer::Project(ProjectAnswer::Discard(id));
    let discard = context.apply(label, "delete", answer);
    Some(discard.note("only if it is empty"))
}

pub(super) fn choices(context: &StepContext<'_>) -> Choices {
    let Some(facts) = project_facts(context.state) else {
        return vec![context.probe_again()].into();
    };
    if facts.temporary && facts.joined.is_none() {
        let answer = Answer::Project(ProjectAnswer::Default);
        let temporary = context.apply("Create a temporary database", "create", answer);
        return vec![temporary.note("72 hours, unless claimed")].into();
    }
    if context.state.remedy() == Some(Remedy::RotatePassword) {
        let reset = context.choice("Reset the role's password", "reset", Action::Rotate);
        let mut choices = vec![
            context.probe_again().note("the URL is in the env file now"),
            reset.note("locks out everyone using the old one; asks first"),
        ];
        choices.extend(another(context));
        return choices.into();
    }
    if let Some(missing) = missing(context) {
        let mut choices = vec![missing];
        choices.push(branch_or_database(context));
        choices.extend(another(context));
        return choices.into();
    }
    let create = |label: &str| context.choice(label, "create", Action::Create);
    let another = create("Create another project …");
    let matches = context.matches.as_ref();
    let candidates = matches.map_or(0, |matches| matches.candidates());
    let filtered = matches.is_some_and(|matches| matches.is_filtered());
    let projects = matches.map(|matches| match context.medium {
        Medium::Screens => matches.clone(),
        Medium::Lines => ProjectMatches::read_out(matches).into(),
    });
    if candidates > 0 || filtered || context.change {
        let mut choices = Choices::with_projects(Vec::new(), projects, vec![another]);
        if candidates > 1 {
            // each could be the wrong one
            choices.default = None;
        }
        return choices;
    }
    let above = if facts.unlisted > 0 {
        let again = context.probe_again().note("the list is incomplete");
        vec![again, another]
    } else {
        let label = format!("Create “{}”", facts.wanted);
        let answer = Answer::Project(ProjectAnswer::Default);
        let mut above = vec![
            context.apply(label, "create", answer).note(features(facts)),
            create("Create it under another name …"),
        ];
        let label = "Change its region or Postgres version …";
        above.push(context.settings(label, SettingsPart::NewProject));
        above
    };
    Choices::with_projects(above, projects, Vec::new())
}

/// What a new project would be.
fn features(facts: &ProjectFacts) -> String {
    let region = Some(facts.region.clone()).filter(|region| !region.is_empty());
    let postgres = facts.postgres.map(|version| format!("Postgres {version}"));
    let features: Vec<_> = region.into_iter().chain(postgres).collect();
    features.join(", ")
}

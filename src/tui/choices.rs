//! What there is to choose from on the screen that is shown, and what is chosen.

pub(crate) mod palette;

use crate::core::{
    answer::Answer,
    choices::{self, Action, ChoiceRow, Choices, Medium, StepContext},
    invocation::Invocation,
    redact::REDACTED,
    step::StepId,
};
use crate::tui::state::{App, Screen};

/// What there is to choose from on the screen that is shown.
pub(crate) fn of_screen(app: &App) -> Choices {
    let mut choices = all(app);
    if is_exhausted(app) {
        choices.default = None;
    }
    choices
}

fn all(app: &App) -> Choices {
    if let Some(proposal) = &app.proposal {
        return choices::of_proposal(&proposal.proposed());
    }
    if app.waiting_here().is_some() {
        // the browser is where something is chosen
        let mut choices = Choices::from(Vec::new());
        choices.command = Invocation::LoginWithBrowser;
        return choices;
    }
    let Screen::Step(step) = app.screen else {
        let open = app.open_from(StepId::Login);
        return choices::of_summary(
            Medium::Screens,
            open,
            &app.plan.fixable(),
            &app.options.start,
            // it would show the audience where the database is
            if app.presenter { "" } else { &app.options.psql },
            app.app_choice(),
        );
    };
    choices::of_step(&StepContext {
        blocker: app.plan.blocker(step),
        change: changes(app, step),
        undone: app.last_change.undone,
        can_edit: app.can_edit(),
        key_typed: !app.login.key.is_empty(),
        matches: app.project_matches().map(|found| found.matches.clone()),
        ..StepContext::new(Medium::Screens, step, app.plan.step(step))
    })
}

/// Whether Enter alone has done here what it would do, and nothing has changed by that.
pub(crate) fn is_exhausted(app: &App) -> bool {
    let under_way = app.overlay.is_some() || !app.work.is_empty();
    !under_way && !app.taken.is_empty() && app.taken.contains(&(app.plan.fingerprint(), app.screen))
}

/// Whether the step's choices are shown although it is done.
const fn changes(app: &App, step: StepId) -> bool {
    match step {
        StepId::Login => app.login.change,
        StepId::Project => app.project.change,
        StepId::Env | StepId::Backend | StepId::Schema | StepId::Health | StepId::Secrets => false,
    }
}

/// The place of the row that is chosen.
pub(crate) fn chosen_index(app: &App, choices: &Choices) -> Option<usize> {
    app.chosen
        .get(&app.screen)
        .copied()
        .or(choices.default)
        .filter(|index| *index < choices.count())
}

/// The row that is chosen.
pub(crate) fn chosen<'a>(app: &App, choices: &'a Choices) -> Option<ChoiceRow<'a>> {
    choices.get(chosen_index(app, choices)?)
}

/// The place of the value that is chosen in a proposal.
pub(crate) fn chosen_value(app: &App) -> Option<usize> {
    app.proposal.as_ref()?;
    let choices = of_screen(app);
    let action = chosen(app, &choices)?.action();
    if let Action::EditValue(index) = action {
        Some(index)
    } else {
        None
    }
}

/// The command that does the same as the chosen row, as it may be shown.
pub(crate) fn command(app: &App, choices: &Choices) -> Invocation {
    let command = chosen(app, choices).map_or_else(|| choices.command.clone(), ChoiceRow::command);
    redacted(app, command)
}

/// The command that gives a step this answer, as it may be shown.
pub(crate) fn command_for(app: &App, answer: &Answer) -> Invocation {
    redacted(
        app,
        choices::command_for(answer, app.plan.step(answer.step())),
    )
}

fn redacted(app: &App, command: Invocation) -> Invocation {
    if app.presenter && matches!(command, Invocation::JoinProject(_)) {
        Invocation::JoinProject(REDACTED.to_owned())
    } else {
        command
    }
}

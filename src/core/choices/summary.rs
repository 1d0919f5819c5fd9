//! The summary: leave, go to what is open, take something along.

use crate::core::{
    app_run::AppAddress,
    choices::{
        choice::{Action, Choice, Choices},
        context::Medium,
    },
    invocation::Invocation,
    step::StepId,
};

/// What can be done with the application at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AppChoice {
    /// Nothing: how it is started isn't known, or it has not answered.
    None,
    /// It has answered, and can be started again.
    Proved,
    /// It is kept running, and answers there.
    Running(Option<AppAddress>),
}

/// What there is to choose from at the end: `open` is a step that is left to do, `fixable` are the steps that can fix something
/// without a question, `start` is the command that starts the app, where it is known, `psql` the one that opens its database,
/// and `app` says what can be done with it.
pub(crate) fn of_summary(
    medium: Medium,
    open: Option<StepId>,
    fixable: &[StepId],
    start: &str,
    psql: &str,
    app: AppChoice,
) -> Choices {
    let choice = |label: &str, verb, action| Choice {
        label: label.to_owned(),
        note: String::new(),
        verb,
        action,
        command: Invocation::Check,
    };
    let again = choice("Re-check everything", "re-check", Action::ProbeAll);
    let finish = choice("Finish", "finish", Action::Quit);
    let receipt = |label| Choice {
        command: Invocation::CheckWithReceipt,
        ..choice(label, "copy", Action::Receipt).note("for a pull request, without secrets")
    };
    let fix = (!fixable.is_empty()).then(|| {
        let titles: Vec<_> = fixable.iter().map(|step| step.title()).collect();
        let command = match fixable {
            [one] => Invocation::SetupStep(*one),
            _ => Invocation::Setup,
        };
        let fix = Choice {
            command,
            ..choice(
                "Fix what needs no decision",
                "fix",
                Action::FixAll(fixable.to_vec()),
            )
        };
        fix.note(titles.join(", "))
    });
    let mut choices = match (medium, open) {
        (Medium::Lines, _) => vec![finish, again, receipt("Print a receipt")],
        (Medium::Screens, None) => {
            let mut choices = vec![finish];
            choices.extend(of_app(start, app));
            if !start.is_empty() {
                let command = Invocation::StartApp(start.to_owned());
                let copy = Action::Run(command.clone());
                choices.push(Choice {
                    command,
                    ..choice("Copy the start command", "copy", copy)
                });
            }
            if !psql.is_empty() {
                let open = choice("Open psql", "open", Action::OpenPsql);
                choices.push(Choice {
                    command: Invocation::Psql(psql.to_owned()),
                    ..open.note("\\q returns here")
                });
            }
            choices.extend([receipt("Copy a receipt"), again]);
            choices
        }
        (Medium::Screens, Some(step)) => vec![
            choice(
                &format!("Go to {}", step.title()),
                "go there",
                Action::GoTo(step),
            ),
            again,
            receipt("Copy a receipt"),
            choice("Quit now", "quit", Action::Quit),
        ],
    };
    // never the default: what it would change is seen on the steps' own screens
    choices.splice(1..1, fix);
    choices.into()
}

/// The rows of the application.
fn of_app(start: &str, app: AppChoice) -> Vec<Choice> {
    let choice = |label: &str, verb, action| Choice {
        label: label.to_owned(),
        note: String::new(),
        verb,
        action,
        command: Invocation::StartApp(start.to_owned()),
    };
    match app {
        AppChoice::None => Vec::new(),
        AppChoice::Proved => vec![
            choice(
                "Start the app and keep it running",
                "start",
                Action::KeepApp,
            )
            .note("until you quit"),
        ],
        AppChoice::Running(address) => {
            let mut choices = Vec::new();
            if let Some(AppAddress { root, docs }) = address {
                choices.push(choice("Open the app", "open", Action::Open(root.clone())).note(root));
                choices.extend(docs.map(|docs| {
                    choice(
                        "Open its API documentation",
                        "open",
                        Action::Open(docs.clone()),
                    )
                    .note(docs)
                }));
            }
            choices.push(choice("Stop the app", "stop", Action::StopApp));
            choices
        }
    }
}

//! The same questions as numbered lines: for screen readers, simple terminals, pipes and logs.
//!
//! End of input is never consent: it ends the run with what was asked, and exit code 2.

use super::{Output, ask, report, work};
use crate::{
    answer::{Answer, Store},
    detail::{Detail, Keyring},
    engine::env::IN_PLACE,
    failure::Exit,
    finding::Code,
    plan::{Status, StepId, StepState},
    ports::Ports,
    settings::Settings,
};

/// One numbered line of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    label: String,
    act: Act,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Act {
    Apply(Answer),
    /// Login: ask for the key, then keep it there.
    AskKey(Store),
    /// Project: ask for a name, then create.
    AskName,
    Probe,
    Skip,
    Quit,
}

/// Where an answer leads.
enum Turn {
    /// The same step again.
    Again,
    /// The step before.
    Back,
    /// On to the next.
    On,
    /// The user leaves.
    Quit,
    /// There is no more input.
    EndOfInput,
}

/// The wizard in lines: all steps.
pub async fn run(
    settings: Settings,
    ports: Ports,
    notes: Vec<String>,
    output: &mut Output,
) -> Exit {
    steps(settings, ports, &StepId::ALL, notes, output).await
}

/// Some steps in lines.
pub async fn steps(
    settings: Settings,
    ports: Ports,
    shown: &[StepId],
    notes: Vec<String>,
    output: &mut Output,
) -> Exit {
    let place = if settings.is_sandbox() {
        "Sandbox"
    } else {
        "Neon"
    };
    output.line(format!("neonup, {}, {place}.", settings.project.name));
    for note in notes {
        output.line(format!("{note}."));
    }
    let mut work = work::Work::new(settings, ports);
    let mut lines = ask::Lines::standard();
    match walk(&mut work, shown, &mut lines, output).await {
        Ok(true) => {
            output.line("");
            output.line("Summary.");
            for id in shown {
                report::step(output, *id, work.plan.step(*id));
            }
            work.finished(shown, output).await
        }
        Ok(false) => {
            let exit = work.finished(shown, output).await;
            if exit == Exit::Done {
                exit
            } else {
                Exit::Failed
            }
        }
        Err(stop) => work.stopped(stop, shown, output).await,
    }
}

/// Walks through the steps. `false`: the input ended before the last one was answered, or the user left.
async fn walk(
    work: &mut work::Work,
    shown: &[StepId],
    lines: &mut ask::Lines,
    output: &mut Output,
) -> Result<bool, work::Stop> {
    let before: Vec<_> = work::with_needs(shown)
        .into_iter()
        .filter(|id| !shown.contains(id))
        .collect();
    work.probe_all(&before, output).await?;
    let mut place = 0;
    let mut insist = false;
    while let Some(id) = shown.get(place).copied() {
        if !insist || work.plan.status(id) == Status::Unknown {
            work.probe_all(&[id], output).await?;
        }
        let state = work.plan.step(id).clone();
        output.line("");
        output.line(format!(
            "Step {} of 7, {}: {}.",
            id.number(),
            id.title(),
            state.status.word()
        ));
        output.line(id.summary());
        report::step(output, id, &state);
        if matches!(state.status, Status::Done | Status::Skipped) && !insist {
            place += 1;
            continue;
        }
        report::changes(output, &state);
        match question(work, id, &state, lines, output).await? {
            Turn::Again => insist = !matches!(work.plan.status(id), Status::Done | Status::Skipped),
            Turn::Back => {
                place = place.saturating_sub(1);
                insist = true;
            }
            Turn::On => {
                place += 1;
                insist = false;
            }
            Turn::Quit => return Ok(false),
            Turn::EndOfInput => {
                output.note("the input ended here: nothing was assumed. `neonup setup --yes` takes the defaults");
                return Ok(false);
            }
        }
    }
    Ok(true)
}

async fn question(
    work: &mut work::Work,
    id: StepId,
    state: &StepState,
    lines: &mut ask::Lines,
    output: &mut Output,
) -> Result<Turn, work::Stop> {
    let choices = choices(id, state);
    for (number, choice) in choices.iter().enumerate() {
        let default = if number == 0 { " (default)" } else { "" };
        output.line(format!("{}. {}{default}", number + 1, choice.label));
    }
    let act = loop {
        output.prompt("Answer, or b for back, ? for help: ");
        let Some(line) = work.line(lines).await? else {
            output.line("");
            return Ok(Turn::EndOfInput);
        };
        match line.trim() {
            "" => break choices.first().map(|choice| choice.act.clone()),
            "b" => return Ok(Turn::Back),
            "q" => return Ok(Turn::Quit),
            "?" => output.line(
                "Type the number of an answer, or nothing for the default; r looks again, s skips this step, b goes back, q leaves.",
            ),
            "r" => break Some(Act::Probe),
            "s" => break Some(Act::Skip),
            text => {
                let number = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                match number.and_then(|number| choices.get(number)) {
                    Some(choice) => break Some(choice.act.clone()),
                    None => output.line(format!("There is no answer `{text}`: 1 to {}, r, s, b, q or ?.", choices.len())),
                }
            }
        }
    };
    let answer = match act {
        None | Some(Act::Probe) => {
            work.probe_all(&[id], output).await?;
            return Ok(Turn::Again);
        }
        Some(Act::Skip) => {
            work.plan.skip(id, "skipped by the user");
            return Ok(Turn::On);
        }
        Some(Act::Quit) => return Ok(Turn::Quit),
        Some(Act::Apply(answer)) => answer,
        Some(Act::AskName) => {
            output.prompt("Name of the new project: ");
            match work.line(lines).await? {
                None => return Ok(Turn::EndOfInput),
                Some(name) if name.trim().is_empty() => return Ok(Turn::Again),
                Some(name) if is_taken(state, name.trim()) => {
                    output.line(format!(
                        "There is a project {} already: join it, or type another name.",
                        name.trim()
                    ));
                    return Ok(Turn::Again);
                }
                Some(name) => Answer::Create(name.trim().to_owned()),
            }
        }
        Some(Act::AskKey(store)) => {
            use std::io::IsTerminal as _;
            output.prompt("API key (it is not shown): ");
            let key = if std::io::stdin().is_terminal() {
                work.secret().await?
            } else {
                match work.line(lines).await? {
                    None => return Ok(Turn::EndOfInput),
                    Some(line) => Some(crate::secret::Secret::new(line)),
                }
            };
            output.line("");
            match key {
                None => return Ok(Turn::Again),
                Some(key) => Answer::Key(key, store),
            }
        }
    };
    work.apply(id, answer, output).await?;
    let status = work.plan.status(id);
    if matches!(status, Status::Done | Status::Skipped) {
        report::step(output, id, work.plan.step(id));
        return Ok(Turn::On);
    }
    Ok(Turn::Again)
}

/// The answers of a step's question; the first one is the safe default.
fn choices(id: StepId, state: &StepState) -> Vec<Choice> {
    let mut choices = Vec::new();
    if state.status == Status::Failed && id != StepId::Login {
        choices.push(choice("Try again", Act::Probe));
    }
    match id {
        StepId::Login => choices.extend(login_choices(state)),
        StepId::Project => choices.extend(project_choices(state)),
        StepId::Env => {
            choices.push(choice(
                "Write the env files as shown",
                Act::Apply(Answer::Default),
            ));
            let undo = matches!(&state.detail, Some(Detail::Env(env)) if env.files.iter().any(|file| file.undo));
            let in_place = state
                .failure
                .as_ref()
                .is_some_and(|failure| failure.hint.contains(IN_PLACE));
            if in_place {
                choices.push(choice(
                    "Overwrite the file where it lies, which is not safe against a power cut",
                    Act::Apply(Answer::InPlace),
                ));
            }
            if undo {
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
        StepId::Health => choices.push(choice(
            "Climb the ladder, and start the app",
            Act::Apply(Answer::Default),
        )),
        StepId::Secrets => choices.extend(secrets_choices(state)),
    }
    choices.push(choice("Skip this step", Act::Skip));
    choices.push(choice("Leave", Act::Quit));
    choices
}

fn secrets_choices(state: &StepState) -> Vec<Choice> {
    let mut choices = vec![choice(
        "Mend what can be mended",
        Act::Apply(Answer::Default),
    )];
    if state.has(Code::SecretsLiveSecretInHistory) || state.has(Code::SecretsLiveSecretInTree) {
        choices.push(choice(
            "Rotate the password: whatever still uses the old one stops working",
            Act::Apply(Answer::Rotate),
        ));
    }
    if matches!(&state.detail, Some(Detail::Secrets(secrets)) if secrets.hook == Some(false)) {
        choices.push(choice(
            "Install the pre-commit check",
            Act::Apply(Answer::Hook),
        ));
    }
    choices
}

/// Whether a project of this name is among those that are listed.
fn is_taken(state: &StepState, name: &str) -> bool {
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
    choices
}

fn project_choices(state: &StepState) -> Vec<Choice> {
    let mut choices = Vec::new();

    if let Some(Detail::Project(project)) = &state.detail {
        for found in project.choices.iter().filter(|found| found.exact) {
            let label = format!(
                "Join {} ({}, {}, created {})",
                found.name, found.id, found.region, found.age
            );
            choices.push(choice(&label, Act::Apply(Answer::Join(found.id.clone()))));
        }
        if choices.is_empty() && state.status == Status::Todo {
            let label = format!("Create a new project named {}", project.wanted);
            choices.push(choice(&label, Act::Apply(Answer::Default)));
        }
        for found in project.choices.iter().filter(|found| !found.exact).take(9) {
            let label = format!(
                "Join {} ({}, {}, created {})",
                found.name, found.id, found.region, found.age
            );
            choices.push(choice(&label, Act::Apply(Answer::Join(found.id.clone()))));
        }
    }
    choices.push(choice("Create a project of another name", Act::AskName));
    choices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detail::{Login, Project, ProjectChoice};

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
            exact: true,
        }]
        .into();
        assert_eq!(first(&project), Act::Apply(Answer::Join("p-1".to_owned())));
    }

    #[test]
    fn a_key_is_never_kept_in_clear_by_default() {
        let login = Login {
            keyring: Some(Keyring::Unavailable("locked".to_owned())),
            ..Login::default()
        };
        let all = choices(StepId::Login, &state(Status::Todo, Detail::Login(login)));
        assert_eq!(all[0].act, Act::AskKey(Store::Session));
    }
}

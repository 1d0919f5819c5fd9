//! The last line: the keys that work here, and the command that does the same. Whole items are left out, never half of one.

use ratatui::text::{Line, Span};

use crate::{
    core::{plan::Status, step::StepId},
    tui::{
        choices,
        keymap::{self, Binding, KEYS, KeyCommand},
        layout,
        page::Page,
        screens::help,
        state::{
            App, Focus, Screen,
            overlay::{Overlay, Slide},
        },
        text,
        text_context::TextContext,
        theme::Role,
    },
};

/// The line, for the width of the screen.
pub(super) fn line(context: TextContext<'_>, page: &Page) -> Line<'static> {
    let items = items(context.app, page);
    let command = format!("$ {}", choices::command(context.app, &page.choices));
    let command_width = text::width(&command) + 2;
    let size = |item: &(&str, String)| text::width(item.0) + 1 + text::width(&item.1) + 2;
    let total: usize = items.iter().map(size).sum::<usize>() + 1;
    let with_command = context.app.overlay.is_none() && context.width > command_width + 34;
    let room = if with_command {
        context.width - command_width
    } else {
        context.width
    };
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    // help is the last item, and the one that must never give way
    let last = items.last().map_or(0, size);
    let count = items.len();
    for (index, item) in items.iter().enumerate() {
        let is_last = index + 1 == count;
        let fits = used + size(item)
            <= room.saturating_sub(if is_last || total <= room { 0 } else { last });
        if !(fits || is_last) {
            continue;
        }
        spans.push(context.span(Role::Accent, item.0));
        spans.push(Span::raw(" "));
        spans.push(context.span(Role::Dim, item.1.clone()));
        spans.push(Span::raw("  "));
        used += size(item);
    }
    if with_command {
        let gap = context.width.saturating_sub(used + command_width - 1);
        spans.push(Span::raw(" ".repeat(gap)));
        spans.push(context.span(Role::Text, command));
    }
    Line::from(spans)
}

/// The keys that work here and now, the most important first, each with its word.
pub(crate) fn items(app: &App, page: &Page) -> Vec<(&'static str, String)> {
    let busy = app.screen.step().is_some_and(|step| app.is_working(step));
    let mut items: Vec<(&'static str, String)> = Vec::new();
    let mut rows: Vec<&Binding> = KEYS.iter().collect();
    let paused = matches!(app.overlay, Some(Overlay::Slide(_)));
    if (busy || app.watch.is_some()) && !paused {
        // the way out of what runs comes first
        rows.sort_by_key(|binding| binding.command != KeyCommand::Back);
    }
    for binding in rows {
        let Some(label) = label(app, page, binding) else {
            continue;
        };
        // Enter may do the same as a letter; once is enough
        if items.iter().any(|(_, known)| *known == label) {
            continue;
        }
        // `?` is a character like any other inside a field
        let keys = match (binding.command, app.is_typing()) {
            (KeyCommand::Help, true) => "F1",
            _ => keymap::shown(binding, app.theme),
        };
        items.push((keys, label));
    }
    let choosing = app.overlay.is_none() && !app.is_typing() && !busy;
    if choosing && page.choices.count() > 1 {
        items.insert(0, ("↑↓", "choose".to_owned()));
    }
    items
}

fn label(app: &App, page: &Page, binding: &Binding) -> Option<String> {
    let plain = || (!binding.label.is_empty()).then(|| binding.label.to_owned());
    if let Some(overlay) = &app.overlay {
        return overlay_label(app, overlay, binding);
    }
    let typing = app.is_typing();
    let step = app.screen.step();
    let busy = step.is_some_and(|step| app.is_working(step));
    match binding.command {
        KeyCommand::Enter if busy => None,
        KeyCommand::Enter => {
            let chosen = choices::chosen(app, &page.choices);
            chosen.map(|row| row.verb().to_owned())
        }
        KeyCommand::Back if busy => Some("cancel".to_owned()),
        KeyCommand::Back if app.watch.is_some() => Some("stop watching".to_owned()),
        KeyCommand::Back if app.focus == Focus::Field => Some("leave the field".to_owned()),
        KeyCommand::Back => step
            .is_none_or(|step| step.previous().is_some())
            .then(|| binding.label.to_owned()),
        KeyCommand::Reveal => (app.screen == Screen::Step(StepId::Login)
            && !app.login.key.is_empty()
            && app.asks_for_key())
        .then(|| binding.label.to_owned()),
        KeyCommand::NextPart if app.lists_projects() && !typing => None,
        KeyCommand::NextPart => (page.parts(app).len() > 1).then(|| {
            match app.focus {
                Focus::Choices if page.parts(app).contains(&Focus::Field) => "field",
                Focus::Choices => "text",
                Focus::Field | Focus::Body => "choices",
            }
            .to_owned()
        }),
        KeyCommand::Filter => (!typing && app.lists_projects()).then(|| binding.label.to_owned()),
        KeyCommand::New => (!typing && app.lists_projects()).then(|| binding.label.to_owned()),
        KeyCommand::PageDown => page.scrolls().then(|| binding.label.to_owned()),
        KeyCommand::Help => plain(),
        KeyCommand::Fix | KeyCommand::Undo | KeyCommand::Probe | KeyCommand::Skip
            if typing || busy =>
        {
            None
        }
        KeyCommand::Watch if busy || app.watch.is_some() => None,
        KeyCommand::Watch => app.can_watch().then(|| binding.label.to_owned()),
        KeyCommand::Fix => app.can_fix().then(|| binding.label.to_owned()),
        KeyCommand::Undo => (app.screen == Screen::Step(StepId::Env) && app.can_undo())
            .then(|| binding.label.to_owned()),
        KeyCommand::Skip => step
            .is_some_and(|step| matches!(app.plan.status(step), Status::Todo | Status::Failed))
            .then(|| binding.label.to_owned()),
        KeyCommand::Incidents | KeyCommand::Reset => {
            (app.presenter && app.options.demo && !typing).then(|| binding.label.to_owned())
        }
        KeyCommand::Probe | KeyCommand::Copy | KeyCommand::Quit => {
            (!typing).then(|| binding.label.to_owned())
        }
        KeyCommand::Up
        | KeyCommand::Down
        | KeyCommand::Left
        | KeyCommand::Right
        | KeyCommand::PreviousPart
        | KeyCommand::Jump(_)
        | KeyCommand::Summary
        | KeyCommand::PageUp
        | KeyCommand::Home
        | KeyCommand::End
        | KeyCommand::Presenter
        | KeyCommand::Explain
        | KeyCommand::Mouse
        | KeyCommand::Redraw
        | KeyCommand::Suspend
        | KeyCommand::Interrupt => None,
    }
}

fn overlay_label(app: &App, overlay: &Overlay, binding: &Binding) -> Option<String> {
    match (overlay, binding.command) {
        (Overlay::Help { .. }, KeyCommand::PageDown) => {
            (help::count(app) > layout::dialog_page(app.size.1)).then(|| binding.label.to_owned())
        }
        (Overlay::Slide(slide), command) => slide_label(app, slide, command, binding.label),
        (Overlay::Confirm(_), KeyCommand::Enter) => Some("choose".to_owned()),
        (Overlay::Prompt(_), KeyCommand::Enter) => Some("take it".to_owned()),
        (_, KeyCommand::Back) => Some("close".to_owned()),
        _ => None,
    }
}

/// The word for a command during a pause; `usual` is the one it has elsewhere.
fn slide_label(app: &App, slide: &Slide, command: KeyCommand, usual: &str) -> Option<String> {
    let word = match (slide, command) {
        (Slide::Preparing(..), KeyCommand::Interrupt) => "leave",
        (Slide::Preparing(..), _) => return None,
        (Slide::Opening, KeyCommand::Enter) => "begin",
        (Slide::Before(_), KeyCommand::Enter) => "show it",
        (Slide::BeforeApply(..), KeyCommand::Enter) => "do it",
        (Slide::BeforeApply(..), KeyCommand::Back) => "leave it",
        (Slide::Incidents(_), KeyCommand::Enter) => "let it happen",
        (Slide::AfterIncident(_), KeyCommand::Enter) => "look",
        (Slide::Failed(_), KeyCommand::Enter) | (_, KeyCommand::Back) => "close",
        (Slide::Opening | Slide::Before(_), KeyCommand::Incidents | KeyCommand::Reset)
            if app.options.demo =>
        {
            usual
        }
        (_, KeyCommand::Help) => usual,
        _ => return None,
    };
    Some(word.to_owned())
}

//! The last line: the keys that work here, and the command that does the same. Whole items are left out, never half of one.

use ratatui::text::{Line, Span};

use crate::{
    core::{choices::ChoiceRow, plan::Status, step::StepId},
    tui::{
        choices,
        keymap::{self, KEYS, KeyBinding, KeyCommand},
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
    let size = |item: &(&str, &str)| text::width(item.0) + 1 + text::width(item.1) + 2;
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
        spans.push(context.span(Role::Dim, item.1));
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
pub(crate) fn items(app: &App, page: &Page) -> Vec<(&'static str, &'static str)> {
    let busy = app.screen.step().is_some_and(|step| app.is_working(step));
    let mut items = Vec::new();
    let mut rows: Vec<&KeyBinding> = KEYS.iter().collect();
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
        items.insert(0, ("↑↓", "choose"));
    }
    items
}

/// The word for a key on a screen or over it; `None` where the key does nothing worth mentioning.
fn label(app: &App, page: &Page, binding: &KeyBinding) -> Option<&'static str> {
    match &app.overlay {
        Some(overlay) => overlay_label(app, overlay, binding),
        None => screen_label(app, page, binding),
    }
}

fn screen_label(app: &App, page: &Page, binding: &KeyBinding) -> Option<&'static str> {
    let typing = app.is_typing();
    let step = app.screen.step();
    let busy = step.is_some_and(|step| app.is_working(step));
    let works = match binding.command {
        KeyCommand::Enter if app.waiting_here().is_some() => {
            return (!app.login.address.is_empty()).then_some("use it");
        }
        KeyCommand::Enter if busy => false,
        KeyCommand::Enter => {
            return choices::chosen(app, &page.choices).map(ChoiceRow::verb);
        }
        KeyCommand::Back if busy => return Some("cancel"),
        KeyCommand::Back if app.watch.is_some() => return Some("stop watching"),
        KeyCommand::Back if app.focus == Focus::Field => return Some("leave the field"),
        KeyCommand::New if let Some(proposal) = &app.proposal => {
            let value = choices::chosen_value(app).filter(|index| proposal.has_others(*index));
            return value.map(|_| "next value");
        }
        KeyCommand::Explain if app.proposal.is_some() => {
            return choices::chosen_value(app).map(|_| "edit");
        }
        KeyCommand::Back if let Some(proposal) = &app.proposal => proposal.exists,
        KeyCommand::Back => step.is_none_or(|step| step.previous().is_some()),
        KeyCommand::NextPart => return next_part(app, page),
        KeyCommand::Reveal => {
            app.screen == Screen::Step(StepId::Login)
                && !app.login.key.is_empty()
                && app.asks_for_key()
        }
        KeyCommand::Filter | KeyCommand::New => !typing && app.lists_projects(),
        KeyCommand::Open => !typing && app.page_to_open().is_some(),
        KeyCommand::PageDown => page.scrolls(),
        KeyCommand::Fix => !typing && !busy && app.can_fix(),
        KeyCommand::Undo => {
            let shown = app.screen == Screen::Step(StepId::Env);
            shown && !typing && !busy && app.can_undo()
        }
        KeyCommand::Skip => {
            let open = |step| matches!(app.plan.status(step), Status::Todo | Status::Failed);
            !typing && !busy && step.is_some_and(open)
        }
        KeyCommand::Probe => !typing && !busy,
        KeyCommand::Watch => !busy && app.watch.is_none() && app.can_watch(),
        KeyCommand::Incidents | KeyCommand::Reset => app.presenter && app.options.demo && !typing,
        KeyCommand::Copy if app.waiting_here().is_some() && !typing => {
            return Some("copy address");
        }
        KeyCommand::Copy | KeyCommand::Quit | KeyCommand::Activity => !typing,
        KeyCommand::Help => true,
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
        | KeyCommand::Palette
        | KeyCommand::Presenter
        | KeyCommand::Explain
        | KeyCommand::Settings
        | KeyCommand::Blank
        | KeyCommand::Mouse
        | KeyCommand::Redraw
        | KeyCommand::Suspend
        | KeyCommand::Interrupt => false,
    };
    works.then_some(binding.label)
}

/// The part of the screen that Tab leads to.
fn next_part(app: &App, page: &Page) -> Option<&'static str> {
    let parts = page.parts(app);
    // there the filter has a key of its own
    let filter = app.lists_projects() && !app.is_typing();
    if parts.len() < 2 || filter {
        return None;
    }
    Some(match app.focus {
        Focus::Choices if parts.contains(&Focus::Field) => "field",
        Focus::Choices => "text",
        Focus::Field | Focus::Body => "choices",
    })
}

fn overlay_label(app: &App, overlay: &Overlay, binding: &KeyBinding) -> Option<&'static str> {
    match (overlay, binding.command) {
        (Overlay::Help { .. }, KeyCommand::PageDown) => {
            (help::count(app) > layout::dialog_page(app.size.1)).then_some(binding.label)
        }
        (Overlay::Slide(slide), _) => slide_label(app, slide, binding),
        (Overlay::Confirm(_), KeyCommand::Enter) => Some("choose"),
        (Overlay::Prompt(_), KeyCommand::Enter) => Some("use it"),
        (Overlay::Palette(_), KeyCommand::Enter) => Some("do it"),
        (Overlay::Activity(pane), KeyCommand::Enter) if pane.typing => Some("search"),
        (Overlay::Activity(pane), KeyCommand::Back)
            if pane.typing || !pane.search.value().is_empty() =>
        {
            Some("clear")
        }
        (Overlay::Activity(pane), KeyCommand::Filter) if !pane.typing => Some("search"),
        (Overlay::Activity(pane), KeyCommand::Copy | KeyCommand::PageUp) if !pane.typing => {
            Some(if binding.command == KeyCommand::Copy {
                "copy"
            } else {
                "scroll"
            })
        }
        (_, KeyCommand::Back) => Some("close"),
        _ => None,
    }
}

fn slide_label(app: &App, slide: &Slide, binding: &KeyBinding) -> Option<&'static str> {
    Some(match (slide, binding.command) {
        (Slide::Preparing(..), KeyCommand::Interrupt) => "quit",
        (Slide::Preparing(..), _) => return None,
        (Slide::Opening, KeyCommand::Enter) => "begin",
        (Slide::Before(_), KeyCommand::Enter) => "show it",
        (Slide::BeforeApply(..), KeyCommand::Enter) => "do it",
        (Slide::BeforeApply(..), KeyCommand::Back) => "cancel",
        (Slide::Incidents(_), KeyCommand::Enter) => "break it",
        (Slide::AfterIncident(_), KeyCommand::Enter) => "check",
        (Slide::Failed(_), KeyCommand::Enter) | (_, KeyCommand::Back) => "close",
        (Slide::Opening | Slide::Before(_), KeyCommand::Incidents | KeyCommand::Reset)
            if app.options.demo =>
        {
            binding.label
        }
        (_, KeyCommand::Help) => binding.label,
        _ => return None,
    })
}

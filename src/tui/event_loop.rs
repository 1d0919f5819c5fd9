//! The loop: waits for something to happen, updates, does what is to be done, draws. It owns no terminal and no clock.

use std::{future::Future, io, pin::Pin, task::Poll, time::Duration};

use crossterm::event::{Event as TermEvent, MouseButton, MouseEvent, MouseEventKind};
use futures_util::{Stream, StreamExt as _, future::OptionFuture};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::tui::{
    engine::{Engine, PendingProposal},
    keymap::plain_char,
    msg::{Effect, ExitReason, MouseInput, Msg},
    options::Options,
    proposal::{Opened, ProposalAnswer, ProposalOutcome, ProposalRequest},
    replies::{Input, Replies},
    state::App,
    update::update,
};
use crate::{
    core::{event::Event, plan::Plan, secret::Secret},
    os::signals::Signal,
    ports::{
        demo::PendingDemo,
        editor::EditorError,
        foreground,
        psql::{self, PsqlError},
    },
    project::settings::Settings,
};

/// What is drawn on: a terminal, or a test.
pub(crate) trait Canvas {
    type Error;
    /// Columns and rows.
    fn size(&self) -> Result<(u16, u16), Self::Error>;
    /// Draws the state.
    fn draw(&mut self, app: &App) -> Result<(), Self::Error>;
    /// Forgets what was drawn, so that the next drawing is a whole one.
    fn forget(&mut self) -> Result<(), Self::Error>;
    /// Puts a text into the clipboard.
    fn copy(&mut self, text: &str) -> Result<(), Self::Error>;
    /// Opens an address in the browser.
    fn open(&mut self, address: &str);
    /// Takes the mouse from the terminal, or gives it back.
    fn mouse(&mut self, on: bool) -> Result<(), Self::Error>;
    /// Asks the terminal for the color of its background; it answers among the keys, or not at all.
    fn ask_background(&mut self) -> Result<(), Self::Error>;
    /// Gives the terminal back and stops the process; returns when it goes on.
    fn suspend(&mut self) -> Result<(), Self::Error>;
    /// Gives the terminal to another program: nothing is read or drawn until it is taken back.
    fn lend(&mut self) -> Result<(), Self::Error>;
    /// Says something on the terminal that is lent.
    fn say(&mut self, text: &str) -> Result<(), Self::Error>;
    /// Takes the terminal back from that program.
    fn take_back(&mut self) -> Result<(), Self::Error>;
}

/// Where time comes from.
pub(crate) trait Clock {
    /// How long the wizard has been open.
    fn now(&self) -> Duration;
    /// Waits until then.
    fn until(&self, then: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The most messages that are taken before something is drawn.
const BURST: usize = 1024;
/// So many characters at once are a paste, on a terminal that does not mark one.
const PASTE: usize = 8;

/// Runs the wizard until it is left.
pub(crate) async fn run<C: Canvas>(
    canvas: &mut C,
    mut input: impl Stream<Item = io::Result<TermEvent>> + Unpin,
    mut signals: impl Stream<Item = Signal> + Unpin,
    events: &mut UnboundedReceiver<Event>,
    engine: &impl Engine,
    clock: &impl Clock,
    options: Options,
) -> Result<(Plan, ExitReason), C::Error> {
    let mut replies = Replies::default();
    let ask = options.ask_background;
    let (mut app, mut effects) = App::new(options, canvas.size()?);
    // the first frame waits for nothing
    canvas.draw(&app)?;
    if ask {
        canvas.ask_background()?;
        replies.ask(clock.now());
    }
    drop(update(&mut app, Msg::Drawn));
    let mut batch: Vec<Msg> = Vec::new();
    let mut demo: Option<PendingDemo> = None;
    let mut proposal: Option<PendingProposal> = None;
    let mut told = None;
    loop {
        for effect in effects.drain(..) {
            match effect {
                Effect::Probe(steps) => engine.probe(&steps),
                Effect::Apply(answer) => engine.apply(answer),
                Effect::Cancel(step) => engine.cancel(step),
                Effect::HandOver(address) => engine.hand_over(address),
                Effect::KeepApp => engine.keep_app(),
                Effect::StopApp => engine.stop_app(),
                Effect::Proposal(request) => proposal = Some(engine.propose(request)),
                Effect::Demo(request) => demo = Some(engine.demo(request)),
                Effect::Copy(text) => canvas.copy(&text)?,
                Effect::Open(address) => canvas.open(&address),
                Effect::Mouse(on) => canvas.mouse(on)?,
                Effect::Suspend => {
                    canvas.suspend()?;
                    let (columns, rows) = canvas.size()?;
                    batch.push(Msg::Resize(columns, rows));
                    canvas.forget()?;
                }
                Effect::Edit(file) => {
                    let lent = edit(canvas, engine, &app.options, &mut signals, &file);
                    batch.extend(taken_back(lent.await?, canvas)?);
                }
                Effect::Psql => {
                    let lent = psql(canvas, engine, &app.options, &mut signals);
                    batch.extend(taken_back(lent.await?, canvas)?);
                }
                Effect::Redraw => canvas.forget()?,
                Effect::Quit(reason) => return Ok((app.plan, reason)),
            }
        }
        if batch.is_empty() {
            canvas.draw(&app)?;
            drop(update(&mut app, Msg::Drawn));
            if let Some(presented) = app.presented().filter(|now| told != Some(*now)) {
                told = Some(presented);
                engine.tell(presented);
            }
            let tick = app.next_tick();
            tokio::select! {
                biased;
                signal = signals.next() => batch.extend(signal.map(Msg::Signal)),
                event = events.recv() => match event {
                    Some(event) => batch.push(Msg::Engine(Box::new(event))),
                    // the runtime outlives this loop, so this is a test's end
                    None => batch.push(Msg::InputClosed),
                },
                event = input.next() => match event {
                    Some(Ok(event)) => batch.extend(message(replies.take(event, clock.now()))),
                    Some(Err(_)) | None => batch.push(Msg::InputClosed),
                },
                outcome = OptionFuture::from(demo.as_mut()), if demo.is_some() => {
                    demo = None;
                    batch.extend(outcome.map(|outcome| Msg::Demo(Box::new(outcome))));
                }
                outcome = OptionFuture::from(proposal.as_mut()), if proposal.is_some() => {
                    proposal = None;
                    batch.extend(outcome.map(|(request, result)| adopted(engine, request, result)));
                }
                () = clock.until(tick.unwrap_or_default()), if tick.is_some() => {}
            }
            gather(events, &mut input, &mut replies, clock, &mut batch).await;
        }
        effects.extend(update(&mut app, Msg::Tick(clock.now())));
        if app.is_typing() || app.takes_paste() {
            batch = join_paste(batch);
        }
        for msg in batch.drain(..) {
            effects.extend(update(&mut app, msg));
        }
    }
}

/// What another program has made of the terminal may be anything: what came of it, and the size that the terminal has now.
fn taken_back<C: Canvas>(outcome: Msg, canvas: &mut C) -> Result<[Msg; 2], C::Error> {
    let (columns, rows) = canvas.size()?;
    canvas.forget()?;
    Ok([outcome, Msg::Resize(columns, rows)])
}

/// Has an env file edited in the user's editor, which has the terminal meanwhile.
async fn edit<C: Canvas>(
    canvas: &mut C,
    engine: &impl Engine,
    options: &Options,
    signals: &mut (impl Stream<Item = Signal> + Unpin),
    file: &str,
) -> Result<Msg, C::Error> {
    let Some(editor) = &options.editor else {
        let why = "no editor was found: set EDITOR to yours".to_owned();
        return Ok(Msg::Edited(Err(why)));
    };
    let base = match engine.env_text(file).await {
        Ok(base) => base,
        Err(why) => return Ok(Msg::Edited(Err(why))),
    };
    canvas.lend()?;
    let take = |edited| engine.keep_edit(file, &base, edited);
    let edited = editor.edit_until_taken(file, &base, signals, take).await;
    canvas.take_back()?;
    Ok(match edited {
        Ok(differs) => Msg::Edited(Ok(differs)),
        Err(EditorError::Ended) => Msg::Signal(Signal::Terminate),
        Err(error) => Msg::Edited(Err(chain(&error))),
    })
}

/// Runs psql, which has the terminal meanwhile.
async fn psql<C: Canvas>(
    canvas: &mut C,
    engine: &impl Engine,
    options: &Options,
    signals: &mut (impl Stream<Item = Signal> + Unpin),
) -> Result<Msg, C::Error> {
    let Some((connection, authority)) = engine.connection() else {
        let why = "no env file of this clone has a connection URL yet".to_owned();
        return Ok(Msg::PsqlEnded(Err(why)));
    };
    canvas.lend()?;
    let environment = &options.psql_environment;
    let ran = psql::run(&connection, authority.as_deref(), environment, &[], signals).await;
    if let Ok(Some(code)) = ran
        && code != 0
    {
        // what psql has said about it would be covered
        canvas.say(&format!(
            "psql ended with exit code {code}. Press Enter to go back."
        ))?;
        if !foreground::read_by_person(signals).await {
            return Ok(Msg::Signal(Signal::Terminate));
        }
    }
    canvas.take_back()?;
    Ok(match ran {
        Ok(Some(0)) => Msg::PsqlEnded(Ok(())),
        Ok(Some(code)) => Msg::PsqlEnded(Err(format!("psql ended with exit code {code}"))),
        Ok(None) => Msg::Signal(Signal::Terminate),
        Err(PsqlError::NotInstalled) => {
            let why = "psql isn't installed: install the PostgreSQL client";
            Msg::PsqlEnded(Err(why.to_owned()))
        }
        Err(error) => Msg::PsqlEnded(Err(chain(&error))),
    })
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Takes in whatever else has happened, before anything is drawn.
async fn gather(
    events: &mut UnboundedReceiver<Event>,
    input: &mut (impl Stream<Item = io::Result<TermEvent>> + Unpin),
    replies: &mut Replies,
    clock: &impl Clock,
    batch: &mut Vec<Msg>,
) {
    while batch.len() < BURST {
        if let Ok(event) = events.try_recv() {
            batch.push(Msg::Engine(Box::new(event)));
            continue;
        }
        // with this task's own waker: crossterm's stream keeps the first one that it is polled with
        let ready = std::future::poll_fn(|context| {
            Poll::Ready(match input.poll_next_unpin(context) {
                Poll::Ready(event) => Some(event),
                Poll::Pending => None,
            })
        });
        match ready.await {
            Some(Some(Ok(event))) => {
                batch.extend(message(replies.take(event, clock.now())));
            }
            Some(Some(Err(_)) | None) => {
                batch.push(Msg::InputClosed);
                break;
            }
            None => break,
        }
    }
}

/// Works with the settings that came of a request.
fn adopted(
    engine: &impl Engine,
    request: ProposalRequest,
    result: Result<ProposalAnswer<Settings>, String>,
) -> Msg {
    let result = result.map(|answer| match answer {
        ProposalAnswer::Settings(settings) => {
            let opened = Opened::of(&settings);
            engine.adopt(settings);
            ProposalAnswer::Settings(opened)
        }
        ProposalAnswer::Text(text) => ProposalAnswer::Text(text),
    });
    Msg::Proposal(Box::new(ProposalOutcome { request, result }))
}

fn message(input: Input) -> Option<Msg> {
    let event = match input {
        Input::Event(event) => event,
        Input::Background { light } => return Some(Msg::Background { light }),
        Input::Nothing => return None,
    };
    match event {
        TermEvent::Key(key) => Some(Msg::Key(key)),
        TermEvent::Paste(text) => Some(Msg::Paste(Secret::new(text))),
        TermEvent::Resize(columns, rows) => Some(Msg::Resize(columns, rows)),
        TermEvent::Mouse(event) => mouse(event).map(Msg::Mouse),
        TermEvent::FocusGained | TermEvent::FocusLost => None,
    }
}

fn mouse(event: MouseEvent) -> Option<MouseInput> {
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(MouseInput::Press(event.column, event.row)),
        MouseEventKind::ScrollUp => Some(MouseInput::WheelUp),
        MouseEventKind::ScrollDown => Some(MouseInput::WheelDown),
        MouseEventKind::Down(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => None,
    }
}

/// Makes one paste of a burst of characters, so that its line ends do not press Enter.
fn join_paste(batch: Vec<Msg>) -> Vec<Msg> {
    let plain = |msg: &Msg| match msg {
        Msg::Key(key) => plain_char(key),
        Msg::Paste(_)
        | Msg::Mouse(_)
        | Msg::Resize(..)
        | Msg::Engine(_)
        | Msg::Tick(_)
        | Msg::Signal(_)
        | Msg::Drawn
        | Msg::Background { .. }
        | Msg::Demo(_)
        | Msg::Proposal(_)
        | Msg::Edited(_)
        | Msg::PsqlEnded(_)
        | Msg::InputClosed => None,
    };
    let mut joined = Vec::with_capacity(batch.len());
    let mut run: Vec<(Msg, char)> = Vec::new();
    let flush = |run: &mut Vec<(Msg, char)>, joined: &mut Vec<Msg>| {
        if run.len() >= PASTE {
            joined.push(Msg::Paste(Secret::new(
                run.drain(..).map(|(_, char)| char).collect::<String>(),
            )));
        } else {
            joined.extend(run.drain(..).map(|(msg, _)| msg));
        }
    };
    for msg in batch {
        if let Some(char) = plain(&msg) {
            run.push((msg, char));
        } else {
            flush(&mut run, &mut joined);
            joined.push(msg);
        }
    }
    flush(&mut run, &mut joined);
    joined
}

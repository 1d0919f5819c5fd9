//! A program in a pseudo-terminal. The integration tests and the benchmarks include this file, too.

use std::{
    io::{Read as _, Write},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, WaitOptions};

use super::requirements::{PATIENCE, until};

/// The beginning of a frame: the beginning of its synchronized update.
const FRAME_BEGIN: &[u8] = b"\x1b[?2026h";

/// The end of a frame: the end of its synchronized update.
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// How long to wait before asking again whether something holds.
const PAUSE: Duration = Duration::from_millis(10);

/// What the program has written so far.
pub(crate) struct Output {
    parser: vt100::Parser,
    pub(crate) raw: Vec<u8>,
}

pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    output: Arc<Mutex<Output>>,
    /// The moment at which each frame was complete.
    pub(crate) frames: mpsc::Receiver<Instant>,
    /// `None`: the terminal was closed.
    ends: Option<Ends>,
    closing: Arc<AtomicBool>,
}

/// Everything that keeps the terminal open.
struct Ends {
    keys: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    reader: thread::JoinHandle<()>,
}

fn pty_size((columns, rows): (u16, u16)) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

/// An emulated screen of this many columns and rows.
pub(crate) fn emulator((columns, rows): (u16, u16)) -> vt100::Parser {
    vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0)
}

impl Terminal {
    /// Runs a command in a terminal of this many columns and rows.
    pub(crate) fn open(command: CommandBuilder, size: (u16, u16)) -> Self {
        let pair = native_pty_system().openpty(pty_size(size)).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut from_program = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let output = Arc::new(Mutex::new(Output {
            parser: emulator(size),
            raw: Vec::new(),
        }));
        let closing = Arc::new(AtomicBool::new(false));
        let (sender, frames) = mpsc::channel();
        let (written, stop) = (Arc::clone(&output), Arc::clone(&closing));
        let reader = thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            let mut frame_ends = FrameEnds::default();
            let mut whole = WholeFrames::default();
            while let Ok(count) = from_program.read(&mut buffer) {
                let at = Instant::now();
                let read = buffer.get(..count).unwrap_or_default();
                if read.is_empty() || stop.load(Ordering::Relaxed) {
                    break;
                }
                // the screen first: whoever receives the frame reads it
                {
                    let mut output = written.lock().unwrap();
                    output.parser.process(&whole.take(read));
                    output.raw.extend_from_slice(read);
                }
                for _ in 0..frame_ends.count(read) {
                    sender.send(at).ok();
                }
            }
            // who ends in the middle of a frame has drawn that much
            written.lock().unwrap().parser.process(&whole.held);
        });
        Self {
            child,
            output,
            frames,
            ends: Some(Ends {
                keys,
                master: pair.master,
                reader,
            }),
            closing,
        }
    }

    pub(crate) fn output(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap()
    }

    /// Returns the text on the screen.
    pub(crate) fn text(&self) -> String {
        self.output().screen().contents()
    }

    /// Returns everything that was ever written to the terminal.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.output().raw).into_owned()
    }

    /// Returns the heading of the wizard's page, and the state beside it.
    pub(crate) fn heading(&self) -> String {
        let text = self.text();
        let line = text.lines().nth(2).unwrap_or_default();
        line.split('│').nth(1).unwrap_or_default().trim().to_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    pub(crate) fn press(&mut self, keys: &str) {
        let writer = &mut self.ends.as_mut().unwrap().keys;
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Pastes a text in one piece, as terminals mark it.
    pub(crate) fn paste(&mut self, text: &str) {
        self.press(&format!("\x1b[200~{text}\x1b[201~"));
    }

    pub(crate) fn resize(&self, (columns, rows): (u16, u16)) {
        // the emulator first: the program draws as soon as the pseudo-terminal has its new size
        let (height, width) = (rows.try_into().unwrap(), columns.try_into().unwrap());
        self.output().parser.screen_mut().set_size(height, width);
        let master = &self.ends.as_ref().unwrap().master;
        master.resize(pty_size((columns, rows))).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.raw_pid(), signal).unwrap();
    }

    fn raw_pid(&self) -> Pid {
        Pid::from_raw(self.pid().try_into().unwrap()).unwrap()
    }

    /// Waits until something holds; returns when its frame was complete.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) -> Instant {
        let end = Instant::now() + PATIENCE;
        let mut last = Instant::now();
        while !holds(self) {
            // some conditions do not depend on a frame
            match self.frames.recv_timeout(PAUSE) {
                Ok(at) => last = at,
                Err(error) => {
                    assert!(Instant::now() < end, "never {what}:\n{}", self.text());
                    if error == mpsc::RecvTimeoutError::Disconnected {
                        thread::sleep(PAUSE);
                    }
                }
            }
        }
        last
    }

    /// Waits until a text is on the screen.
    pub(crate) fn wait_for(&self, text: &str) {
        self.until(text, |terminal| terminal.text().contains(text));
    }

    /// Waits until the system has stopped the process.
    pub(crate) fn wait_for_stop(&self) {
        let options = WaitOptions::UNTRACED;
        let stopped = rustix::process::waitpid(Some(self.raw_pid()), options);
        let (_, status) = stopped.unwrap().unwrap();
        assert!(status.stopped(), "it ended instead of stopping");
    }

    /// Waits for the end of the program.
    pub(crate) fn wait_for_end(&mut self) -> ExitStatus {
        let mut status = None;
        until("the program's end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// Waits until the terminal is as it was before.
    pub(crate) fn wait_for_restore(&self) {
        self.until("the terminal as it was", |terminal| {
            let output = terminal.output();
            let screen = output.screen();
            !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
        });
        self.until("a terminal that reads lines and echoes", Self::reads_lines);
    }

    #[cfg(unix)]
    fn reads_lines(&self) -> bool {
        let modes = self
            .ends
            .as_ref()
            .and_then(|ends| ends.master.get_termios());
        // the type of its flags is the library's own
        let modes = modes.map(|modes| format!("{:?}", modes.local_flags));
        modes.is_none_or(|flags| flags.contains("ICANON") && flags.contains("ECHO |"))
    }

    #[cfg(windows)]
    fn reads_lines(&self) -> bool {
        true
    }

    /// Closes the terminal, as a window is closed. `last` makes the program write once more.
    pub(crate) fn close(&mut self, last: impl FnOnce(&Self)) {
        // whoever reads holds the terminal open, and lets go at the next bytes
        self.closing.store(true, Ordering::Relaxed);
        last(self);
        let ends = self.ends.take().unwrap();
        ends.reader.join().unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Output {
    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }
}

/// Shows a frame once it is whole, as terminals do that know synchronized updates: nobody reads half of one.
#[derive(Default)]
struct WholeFrames {
    /// What was read since the last frame began that has not ended.
    held: Vec<u8>,
}

impl WholeFrames {
    /// Takes what was read, and gives back what is to be shown now.
    fn take(&mut self, read: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(read);
        let begun = memchr::memmem::rfind(&self.held, FRAME_BEGIN);
        let ended = memchr::memmem::rfind(&self.held, FRAME_END);
        let upto = match begun {
            Some(begun) if ended.is_none_or(|ended| ended < begun) => begun,
            // half of the sequence may be at the end
            _ => (1..FRAME_BEGIN.len())
                .rev()
                .find(|length| {
                    self.held
                        .ends_with(FRAME_BEGIN.get(..*length).unwrap_or_default())
                })
                .map_or(self.held.len(), |length| self.held.len() - length),
        };
        self.held.drain(..upto).collect()
    }
}

/// Counts the ends of frames in a stream of bytes.
#[derive(Default)]
struct FrameEnds {
    /// The last bytes that were read: half of a sequence may be at the end.
    tail: Vec<u8>,
}

impl FrameEnds {
    fn count(&mut self, read: &[u8]) -> usize {
        self.tail.extend_from_slice(read);
        let count = memchr::memmem::find_iter(&self.tail, FRAME_END).count();
        let after = memchr::memmem::rfind(&self.tail, FRAME_END)
            .map_or(0, |at| at + FRAME_END.len())
            .max(self.tail.len().saturating_sub(FRAME_END.len() - 1));
        self.tail.drain(..after);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_frame_is_not_shown() {
        let mut whole = WholeFrames::default();
        let mut take = |read: &str| String::from_utf8(whole.take(read.as_bytes())).unwrap();
        assert_eq!(take("before\x1b[?20"), "before");
        assert_eq!(take("26hhalf"), "");
        assert_eq!(take(" of it\x1b[?2026"), "");
        let frame = "\x1b[?2026hhalf of it\x1b[?2026l";
        assert_eq!(take("lafter"), format!("{frame}after"));
        assert_eq!(take(frame), frame);
        assert_eq!(take("\x1b[1m"), "\x1b[1m");
    }
}

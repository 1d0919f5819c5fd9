//! What the terminal answers, told from what is typed: a reply is never a key.
//!
//! A reply begins with ESC and one of `]` (OSC), `P` (DCS), `X`, `^` or `_`, and ends with BEL or ESC `\` (ECMA-48, xterm's control
//! sequences). crossterm knows none of them: it gives ESC and a character as that character with Alt, and all that follows as keys.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

/// Asks the terminal for the color of its background (xterm's OSC 11).
pub(crate) const ASK_BACKGROUND: &str = "\x1b]11;?\x1b\\";

/// How long after the question its answer counts. A later one would change the colors of a screen that is being read.
pub(crate) const BACKGROUND_WITHIN: Duration = Duration::from_secs(1);
/// How long a reply may pause, on a slow line. What comes later is typed.
const PAUSE_LIMIT: Duration = Duration::from_millis(500);
/// How long after an ESC that was read by itself the rest of a reply comes. Nobody types two keys so fast.
const CUT_WITHIN: Duration = Duration::from_millis(20);
/// The most characters of a reply that are read; those after them are taken away with it.
const REPLY_TEXT_LIMIT: usize = 64;

/// Takes the replies out of what comes from a terminal.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    /// When the background was asked for, as long as the answer is open.
    asked: Option<Duration>,
    /// The reply that has begun.
    reply: Option<TerminalReply>,
    /// When ESC alone came last: a reply that is cut behind its first byte begins so.
    escape: Option<Duration>,
}

/// A reply that has begun.
#[derive(Debug)]
struct TerminalReply {
    kind: char,
    text: String,
    /// When its last character came.
    last: Duration,
}

/// What an event was.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Input {
    /// What the user did.
    Event(Event),
    /// A part of a reply, or one that says nothing new.
    Nothing,
    /// The terminal's background, which was asked for, is light or dark.
    Background { light: bool },
}

impl Replies {
    /// Notes that the background was asked for.
    pub(crate) const fn ask(&mut self, now: Duration) {
        self.asked = Some(now);
    }

    /// Tells what an event is.
    pub(crate) fn take(&mut self, event: Event, now: Duration) -> Input {
        let Event::Key(key) = &event else {
            return Input::Event(event);
        };
        if let Some(reply) = &mut self.reply {
            if now.saturating_sub(reply.last) > PAUSE_LIMIT {
                self.reply = None;
            } else {
                reply.last = now;
                return self.go_on(*key, now);
            }
        }
        if let Some(kind) = self.opened(*key, now) {
            self.reply = Some(TerminalReply {
                kind,
                text: String::new(),
                last: now,
            });
            return Input::Nothing;
        }
        self.escape = (key.code == KeyCode::Esc).then_some(now);
        Input::Event(event)
    }

    /// The character with which a reply begins, if one does.
    fn opened(&self, key: KeyEvent, now: Duration) -> Option<char> {
        let KeyCode::Char(kind @ (']' | 'P' | 'X' | '^' | '_')) = key.code else {
            return None;
        };
        let alt = key.modifiers.contains(KeyModifiers::ALT)
            && !key.modifiers.contains(KeyModifiers::CONTROL);
        let since = self.escape.map(|escape| now.saturating_sub(escape));
        let cut = since.is_some_and(|since| since <= CUT_WITHIN);
        (alt || cut).then_some(kind)
    }

    /// Takes the next key of a reply.
    fn go_on(&mut self, key: KeyEvent, now: Duration) -> Input {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        if key.code == KeyCode::Esc {
            self.escape = Some(now);
            return Input::Nothing;
        }
        let KeyCode::Char(char) = key.code else {
            return Input::Nothing;
        };
        // an end may be cut behind its first byte, too
        let cut = self.escape.take().is_some();
        let ends = match char {
            'g' => control,
            '\\' => alt || cut,
            _ => false,
        };
        if ends {
            return self.end(now);
        }
        if let Some(reply) = &mut self.reply
            && reply.text.len() < REPLY_TEXT_LIMIT
        {
            reply.text.push(char);
        }
        Input::Nothing
    }

    /// Reads a reply that has ended.
    fn end(&mut self, now: Duration) -> Input {
        self.escape = None;
        let color = self
            .reply
            .take()
            .filter(|reply| reply.kind == ']')
            .and_then(|reply| reply.text.strip_prefix("11;").and_then(luminance));
        match (color, self.asked) {
            (Some(luminance), Some(asked)) => {
                self.asked = None;
                if now.saturating_sub(asked) > BACKGROUND_WITHIN {
                    return Input::Nothing;
                }
                Input::Background {
                    light: luminance > 0.5,
                }
            }
            _ => Input::Nothing,
        }
    }
}

/// How light a color is, from 0 to 1, as `rgb:RRRR/GGGG/BBBB` (X11 allows one to four digits for each) or `rgba:` with a fourth part.
/// The weights are those of ITU-R BT.601.
fn luminance(color: &str) -> Option<f64> {
    let parts = color
        .strip_prefix("rgb:")
        .or_else(|| color.strip_prefix("rgba:"))?;
    let mut parts = parts.split('/').map(|part| {
        let most = match part.len() {
            1 => 0xf,
            2 => 0xff,
            3 => 0xfff,
            4 => 0xffff,
            _ => return None,
        };
        let value = u16::from_str_radix(part, 16).ok()?;
        Some(f64::from(value) / f64::from(most))
    });
    let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
    Some(0.299 * red + 0.587 * green + 0.114 * blue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// The keys that crossterm makes of bytes.
    fn keys(bytes: &str) -> Vec<Event> {
        let mut keys = Vec::new();
        let mut chars = bytes.chars();
        while let Some(char) = chars.next() {
            let (char, mut modifiers) = match char {
                '\x1b' => {
                    let Some(char) = chars.next() else {
                        keys.push(Event::Key(KeyCode::Esc.into()));
                        break;
                    };
                    (char, KeyModifiers::ALT)
                }
                '\x07' => ('g', KeyModifiers::CONTROL),
                char => (char, KeyModifiers::NONE),
            };
            if char.is_uppercase() {
                modifiers |= KeyModifiers::SHIFT;
            }
            keys.push(Event::Key(KeyEvent::new(KeyCode::Char(char), modifiers)));
        }
        keys
    }

    /// What is left of keys that all come at a time.
    fn take(replies: &mut Replies, keys: Vec<Event>, now: Duration) -> Vec<Input> {
        let all = keys.into_iter().map(|key| replies.take(key, now));
        all.filter(|input| *input != Input::Nothing).collect()
    }

    fn background(reply: &str) -> Vec<Input> {
        let mut replies = Replies::default();
        replies.ask(at(0));
        take(&mut replies, keys(reply), at(5))
    }

    #[test]
    fn the_background_is_read_from_each_form_of_the_answer() {
        for (reply, light) in [
            ("\x1b]11;rgb:ffff/ffff/ffff\x1b\\", true),
            ("\x1b]11;rgb:ffff/ffff/ffff\x07", true),
            ("\x1b]11;rgb:fd/f6/e3\x1b\\", true),
            ("\x1b]11;rgba:1e1e/1e1e/2e2e/ffff\x07", false),
            ("\x1b]11;rgb:0/0/0\x07", false),
            ("\x1b]11;rgb:0000/2b2b/3636\x1b\\", false),
        ] {
            assert_eq!(
                background(reply),
                [Input::Background { light }],
                "{reply:?}"
            );
        }
        for nothing in [
            "\x1b]11;rgb:ffff/ffff\x07",
            "\x1b]11;white\x07",
            "\x1b]10;rgb:ffff/ffff/ffff\x07",
            "\x1b]11;rgb:xx/ff/ff\x07",
            "\x1bP>|xterm(390)\x1b\\",
        ] {
            assert_eq!(background(nothing), [], "{nothing:?}");
        }
    }

    #[test]
    fn a_late_answer_changes_nothing_and_is_no_key_either() {
        let mut replies = Replies::default();
        replies.ask(at(0));
        let reply = keys("\x1b]11;rgb:ffff/ffff/ffff\x07");
        assert_eq!(take(&mut replies, reply.clone(), at(3_000)), []);
        // nobody has asked
        assert_eq!(take(&mut replies, reply, at(3_100)), []);
    }

    #[test]
    fn what_is_typed_after_a_reply_counts() {
        let mut replies = Replies::default();
        let mut all = keys("\x1b]11;rgb:ffff/ffff/ffff\x1b\\");
        all.extend(keys("qy"));
        let left = take(&mut replies, all, at(1));
        assert_eq!(
            left,
            keys("qy").into_iter().map(Input::Event).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_reply_that_never_ends_takes_no_key_after_its_pause() {
        let mut replies = Replies::default();
        assert_eq!(take(&mut replies, keys("\x1b]52;c;abc"), at(0)), []);
        let typed = keys("q");
        let left = take(&mut replies, typed.clone(), at(1_000));
        assert_eq!(left, [Input::Event(typed[0].clone())]);
    }

    #[test]
    fn a_reply_that_is_cut_behind_an_escape_is_none_of_the_keys_but_that_one() {
        let mut replies = Replies::default();
        let mut all = keys("\x1b");
        all.extend(keys("]11;rgb:0/0/0"));
        all.extend(keys("\x1b"));
        all.extend(keys("\\y"));
        let left = take(&mut replies, all, at(7));
        let events = [keys("\x1b"), keys("y")].concat();
        assert_eq!(
            left,
            events.into_iter().map(Input::Event).collect::<Vec<_>>()
        );
    }

    #[test]
    fn alt_and_other_characters_and_what_is_no_key_pass() {
        let mut replies = Replies::default();
        let mut all = keys("\x1ba\x1b[]PX^_");
        all.push(Event::Resize(80, 24));
        all.push(Event::Paste("\x1b]11;?".to_owned()));
        let left = take(&mut replies, all.clone(), at(9));
        assert_eq!(left, all.into_iter().map(Input::Event).collect::<Vec<_>>());
    }

    proptest! {
        /// Whatever a reply holds, nothing of it is a key, and the next key is.
        #[test]
        fn no_part_of_a_reply_is_a_key(
            kind in prop::sample::select(vec![']', 'P', 'X', '^', '_']),
            text in "[ -\\[\\]-~]{0,300}",
            end in prop::sample::select(vec!["\x07", "\x1b\\"]),
        ) {
            let mut replies = Replies::default();
            let mut all = keys(&format!("\x1b{kind}{text}{end}"));
            all.push(Event::Key(KeyCode::Enter.into()));
            let left = take(&mut replies, all, at(2));
            prop_assert_eq!(left, vec![Input::Event(Event::Key(KeyCode::Enter.into()))]);
        }
    }
}

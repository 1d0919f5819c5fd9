//! Whether what is asked has been on the screen: a key that was pressed before counts for nothing.

use std::time::Duration;

/// Within this time after another one, an Enter may come from a key that is still held. X11 and Windows wait at most 660 ms before they
/// repeat a key for the first time in their usual settings.
const HELD: Duration = Duration::from_millis(700);

/// A held key comes again within this time: it repeats every 15 to 120 ms.
const REPEAT: Duration = Duration::from_millis(150);

/// What is known of the question on the screen. Until something was drawn, every key counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    drawn: bool,
    /// Something else is asked than what was drawn.
    changed: bool,
    /// How many questions there were.
    asked: u64,
    /// When Enter was pressed last, and at which question one counted.
    enter: Option<(Duration, u64)>,
    /// Until when an Enter waits for another one, which would show that the key is held, and at which question.
    waiting: Option<(Duration, u64)>,
    /// Enter is held.
    held: bool,
}

/// What an Enter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EnterPress {
    /// One of its own.
    Fresh,
    /// So soon after the answer to another question that the key may be held: it counts a moment later, if no other Enter comes.
    Waits,
    /// A key that is held since the answer to another question.
    Held,
}

impl Shown {
    /// Notes that everything was drawn as it is.
    pub(crate) fn draw(&mut self) {
        self.drawn = true;
        self.changed = false;
    }

    /// Notes that something else is asked now.
    pub(crate) fn change(&mut self) {
        self.changed = true;
        self.asked += 1;
    }

    /// Whether nobody can have seen what is asked now.
    pub(crate) const fn is_unseen(&self) -> bool {
        self.drawn && self.changed
    }

    /// Notes that another key was pressed, so that Enter isn't held any more.
    pub(crate) fn release(&mut self) {
        (self.enter, self.waiting, self.held) = (None, None, false);
    }

    /// Notes that Enter was pressed.
    pub(crate) fn enter(&mut self, now: Duration) -> EnterPress {
        let before = self.enter.filter(|(at, asked)| {
            self.drawn && *asked != self.asked && now.saturating_sub(*at) < HELD
        });
        let asked = before.map_or(self.asked, |(_, asked)| asked);
        self.enter = Some((now, asked));
        let waited = self.waiting.take().is_some();
        self.held = before.is_some() && (self.held || waited);
        if self.held {
            EnterPress::Held
        } else if before.is_some() {
            self.waiting = Some((now + REPEAT, self.asked));
            EnterPress::Waits
        } else {
            EnterPress::Fresh
        }
    }

    /// Lets no Enter wait.
    pub(crate) fn stop_waiting(&mut self) {
        self.waiting = None;
    }

    /// When an Enter that waits counts.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.waiting.map(|(until, _)| until)
    }

    /// Whether an Enter has waited long enough, and what it answers is still asked.
    pub(crate) fn is_due(&mut self, now: Duration) -> bool {
        let Some((_, asked)) = self.waiting.filter(|(until, _)| *until <= now) else {
            return false;
        };
        self.waiting = None;
        let counts = asked == self.asked && !self.is_unseen();
        if counts {
            self.enter = Some((now, asked));
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn drawn() -> Shown {
        let mut shown = Shown::default();
        shown.draw();
        shown
    }

    /// One question was answered at 0 ms, and the next is drawn.
    fn answered() -> Shown {
        let mut shown = drawn();
        assert_eq!(shown.enter(ms(0)), EnterPress::Fresh);
        shown.change();
        shown.draw();
        shown
    }

    #[test]
    fn a_question_is_unseen_until_it_is_drawn() {
        let mut shown = Shown::default();
        shown.change();
        assert!(!shown.is_unseen(), "nothing is drawn here at all");
        shown.draw();
        assert!(!shown.is_unseen());
        shown.change();
        assert!(shown.is_unseen());
        shown.draw();
        assert!(!shown.is_unseen());
    }

    #[test]
    fn a_held_key_answers_one_question() {
        let mut shown = answered();
        assert_eq!(shown.enter(ms(500)), EnterPress::Waits);
        for repeat in (540..2_000).step_by(40) {
            assert_eq!(shown.enter(ms(repeat)), EnterPress::Held, "{repeat}");
            assert!(!shown.is_due(ms(repeat + 39)));
        }
        // released, and pressed again
        assert_eq!(shown.enter(ms(2_700)), EnterPress::Fresh);
    }

    #[test]
    fn one_enter_soon_after_another_counts_a_moment_later() {
        let mut shown = answered();
        assert_eq!(shown.enter(ms(60)), EnterPress::Waits);
        assert_eq!(shown.next(), Some(ms(210)));
        assert!(!shown.is_due(ms(209)));
        assert!(shown.is_due(ms(210)));
        assert!(!shown.is_due(ms(211)), "once");
        // and the same at the next question
        shown.change();
        shown.draw();
        assert_eq!(shown.enter(ms(300)), EnterPress::Waits);
        // what it would answer is asked no more
        shown.change();
        shown.draw();
        assert!(!shown.is_due(ms(900)));
    }

    #[test]
    fn another_key_shows_that_enter_is_not_held() {
        let mut shown = answered();
        shown.release();
        assert_eq!(shown.enter(ms(60)), EnterPress::Fresh);
    }
}

//! Whether what is asked has been on the screen: a key that was pressed before counts for nothing.

use std::time::Duration;

/// Within this time after another one, an Enter may come from a key that is still held. X11 and Windows wait at most 660 ms before they
/// repeat a key for the first time in their usual settings, and 40 ms between repeats.
const HELD: Duration = Duration::from_millis(700);

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
        self.enter = None;
    }

    /// Notes that Enter was pressed. Whether the key may still be held since another question.
    pub(crate) fn enter(&mut self, now: Duration) -> bool {
        let before = self.enter.filter(|(at, asked)| {
            self.drawn && *asked != self.asked && now.saturating_sub(*at) < HELD
        });
        let asked = before.map_or(self.asked, |(_, asked)| asked);
        self.enter = Some((now, asked));
        before.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
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
        let mut shown = Shown::default();
        shown.draw();
        assert!(!shown.enter(ms(0)));
        // the same question again is no other one
        assert!(!shown.enter(ms(30)));
        shown.change();
        shown.draw();
        for repeat in (500..2_000).step_by(40) {
            assert!(shown.enter(ms(repeat)), "{repeat}");
        }
        // released, and pressed again
        assert!(!shown.enter(ms(2_700)));
        shown.change();
        shown.draw();
        shown.release();
        assert!(!shown.enter(ms(2_800)));
    }
}

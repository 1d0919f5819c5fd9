//! Questions of programs that nobody can answer: their standard input is empty, and they have no terminal.
//!
//! Some wait for an answer all the same, and some end with the exit code of success, having done nothing.

use crate::domain::migrations::plain_lines;

/// What programs say that wanted to ask: drizzle-kit, Prisma, Inquirer, Python.
const COULD_NOT_ASK: &[&str] = &[
    "Interactive prompts require a TTY",
    "environment is non-interactive",
    "force closed the prompt",
    "readline was closed",
    "Prompt was canceled",
    "EOFError: EOF when reading a line",
    "use the --accept-data-loss flag",
];

/// What stands at the end of a question that waits.
const ENDS: &[&str] = &[
    "?",
    "? (y)",
    "(y/n)",
    "(y/n):",
    "(y/n)?",
    "[y/n]",
    "[y/n]:",
    "[y/n]?",
    "(yes/no)",
    "(yes/no):",
    "[yes/no]:",
    "?:",
];

/// What hides the cursor, as a choice among lines does, and what shows it again.
const HIDES: &str = "\u{1b}[?25l";
const SHOWS: &str = "\u{1b}[?25h";

/// What marks the line that would be chosen.
const CHOICE: &[char] = &['\u{276f}', '\u{203a}'];

/// The question that a program waits with, where its output so far ends with one.
pub(crate) fn waits(output: &str) -> Option<String> {
    let at = output.rfind(HIDES);
    let chooses = at
        .and_then(|at| output.get(at..))
        .filter(|rest| !rest.contains(SHOWS) && rest.contains(CHOICE));
    if let Some(rest) = chooses {
        let before = at.and_then(|at| output.get(..at)).unwrap_or_default();
        return line_that_asks(before).or_else(|| {
            plain_lines(rest)
                .into_iter()
                .find(|line| !line.trim().is_empty())
        });
    }
    if output.ends_with('\n') {
        return None;
    }
    let last = plain_lines(output).pop()?;
    let last = last.trim().trim_end_matches(CHOICE).trim_end();
    let lower = last.to_ascii_lowercase();
    ENDS.iter()
        .any(|end| lower.ends_with(end))
        .then(|| last.to_owned())
}

/// What a program that has ended could not ask, where it says so.
pub(crate) fn not_asked(output: &str) -> Option<String> {
    let lines = plain_lines(output);
    let at = lines
        .iter()
        .position(|line| COULD_NOT_ASK.iter().any(|words| line.contains(words)))?;
    let before = lines.get(..at).unwrap_or_default().join("\n");
    line_that_asks(&before).or_else(|| lines.get(at).map(|line| line.trim().to_owned()))
}

/// The last line that is a question, of the last few.
fn line_that_asks(text: &str) -> Option<String> {
    const FEW: usize = 6;
    let lines = plain_lines(text);
    let found = lines
        .iter()
        .rev()
        .take(FEW)
        .find(|line| line.trim_end().ends_with('?'));
    found.map(|line| line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_at_the_end_of_the_output_is_one_that_waits() {
        for (output, question) in [
            (
                "Reading config\n\u{1b}[?25l\u{276f} No, abort\n  Yes, I want to execute all statements\n",
                Some("\u{276f} No, abort"),
            ),
            (
                "Is users created or renamed?\n\u{1b}[?25l\u{276f} + users\n  ~ user\n",
                Some("Is users created or renamed?"),
            ),
            ("Ok to proceed? (y) ", Some("Ok to proceed? (y)")),
            ("Proceed? [y/N]: ", Some("Proceed? [y/N]:")),
            (
                "? What is the name of the migration? \u{203a} ",
                Some("? What is the name of the migration?"),
            ),
            // what is done, and what only runs
            ("\u{1b}[?25l\u{276f} Yes\n\u{1b}[?25h", None),
            ("Did you know?\n", None),
            ("Applying 0001_init... ", None),
            ("", None),
        ] {
            assert_eq!(waits(output).as_deref(), question, "{output:?}");
        }
    }

    #[test]
    fn a_program_that_could_not_ask_says_so() {
        for (output, question) in [
            (
                "Do you still want to push changes?\nError: Interactive prompts require a TTY terminal\n    at render\n",
                Some("Do you still want to push changes?"),
            ),
            (
                "EOFError: EOF when reading a line\n",
                Some("EOFError: EOF when reading a line"),
            ),
            ("[\u{2713}] Changes applied\n", None),
        ] {
            assert_eq!(not_asked(output).as_deref(), question, "{output:?}");
        }
    }
}

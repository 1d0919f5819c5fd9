//! Redaction: hides what identifies somebody or something. Secrets need none, since no plan and no text holds one.

use crate::core::{facts::Facts, plan::Plan, step::StepId};

/// Stands in place of what was redacted.
pub(crate) const REDACTED: &str = "•••";

/// Hides identifiers and private words in texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Redactor {
    /// Ids, hosts and email addresses, hidden wherever they occur.
    identifiers: Vec<String>,
    /// Who and where we are, hidden where it is a word of its own: a user's name is often a part of another word.
    private: Vec<String>,
}

impl Redactor {
    /// Hides these words. Identifiers of a plan are hidden once it was learned.
    pub(crate) const fn new(private: Vec<String>) -> Self {
        Self {
            identifiers: Vec::new(),
            private,
        }
    }

    /// Hides the identifiers of this plan, too, in place of those that were learned before.
    pub(crate) fn learn(&mut self, plan: &Plan) {
        self.identifiers = identifiers(plan);
    }

    /// Redacts a text.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        self.redact_in_place(&mut text);
        text
    }

    /// Redacts a text in place.
    pub(crate) fn redact_in_place(&self, text: &mut String) {
        hide_identifiers(&self.identifiers, text);
        hide_folders(text);
        hide_words(&self.private, text);
    }
}

/// Everything in the plan that identifies somebody or something, the longest first: hosts, ids, email addresses.
pub(crate) fn identifiers(plan: &Plan) -> Vec<String> {
    let mut words = Vec::new();
    for step in StepId::ALL {
        match &plan.step(step).facts {
            Some(Facts::Login(login)) => {
                words.push(login.who.clone());
                words.extend(login.neon_cli.clone());
                words.extend(
                    login
                        .waiting
                        .as_ref()
                        .map(|waiting| waiting.address.clone()),
                );
            }
            Some(Facts::Project(project)) => {
                words.extend(project.choices.iter().map(|choice| choice.id.clone()));
                if let Some(joined) = &project.joined {
                    words.push(joined.id.clone());
                    words.push(joined.host.clone());
                    words.extend(joined.host.split([':', '.']).next().map(str::to_owned));
                }
            }
            Some(
                Facts::Env(_)
                | Facts::Backend(_)
                | Facts::Schema(_)
                | Facts::Health(_)
                | Facts::Secrets(_),
            )
            | None => {}
        }
    }
    // a very short word would take half of the page with it
    words.retain(|word| word.chars().count() >= 4 && word != "localhost");
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    words
}

/// Hides these words, and everything that looks like an email address, an IP address or one of Neon's ids.
fn hide_identifiers(words: &[String], text: &mut String) {
    for word in words {
        if text.contains(word.as_str()) {
            *text = text.replace(word.as_str(), REDACTED);
        }
    }
    replace_parts(
        text,
        |char| char != ' ',
        |part| is_email(part) || is_ip_address(part),
    );
    replace_parts(
        text,
        |char| char.is_ascii_alphanumeric() || char == '-',
        is_neon_id,
    );
}

/// The folders in which a machine keeps its own and its users' files.
const OF_THE_MACHINE: &[&str] = &[
    "Applications",
    "Library",
    "Users",
    "Volumes",
    "etc",
    "home",
    "mnt",
    "nix",
    "opt",
    "private",
    "root",
    "run",
    "srv",
    "tmp",
    "usr",
    "var",
];

/// Hides where a file of the machine is, whoever it belongs to: `/opt/conda/bin/python` is `•••/python`.
fn hide_folders(text: &mut String) {
    let belongs = |char: char| char.is_alphanumeric() || "/._-+@~".contains(char);
    let mut shown = String::with_capacity(text.len());
    for part in text.split_inclusive(|char| !belongs(char)) {
        let (path, after) = match part.char_indices().next_back() {
            Some((at, last)) if !belongs(last) => part.split_at(at),
            _ => part.split_at(part.len()),
        };
        let of_machine = path.strip_prefix('/').and_then(|rest| {
            let (root, below) = rest.split_once('/')?;
            OF_THE_MACHINE.contains(&root).then_some(below)
        });
        match of_machine.map(|below| below.rsplit('/').next().unwrap_or_default()) {
            Some(name) => shown.extend([REDACTED, "/", name]),
            None => shown.push_str(path),
        }
        shown.push_str(after);
    }
    *text = shown;
}

/// Hides these words where no letter or digit is next to them.
fn hide_words(words: &[String], text: &mut String) {
    let inside = |char: Option<char>| char.is_some_and(char::is_alphanumeric);
    for word in words.iter().filter(|word| !word.is_empty()) {
        let mut rest = std::mem::take(text);
        while let Some((before, after)) = rest.split_once(word.as_str()) {
            text.push_str(before);
            let alone = !inside(before.chars().next_back()) && !inside(after.chars().next());
            text.push_str(if alone { REDACTED } else { word });
            rest = after.to_owned();
        }
        text.push_str(&rest);
    }
}

/// Replaces the parts of a text that match `matches`. A part ends where `belongs` says no.
fn replace_parts(
    text: &mut String,
    belongs: impl Fn(char) -> bool,
    matches: impl Fn(&str) -> bool,
) {
    let mut out = String::with_capacity(text.len());
    let mut part = String::new();
    let end = |part: &mut String, out: &mut String| {
        out.push_str(if matches(part) { REDACTED } else { part });
        part.clear();
    };
    for char in text.chars() {
        if belongs(char) {
            part.push(char);
        } else {
            end(&mut part, &mut out);
            out.push(char);
        }
    }
    end(&mut part, &mut out);
    *text = out;
}

fn is_email(part: &str) -> bool {
    part.split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !part.contains("://"))
}

/// An IP address, with or without a port.
fn is_ip_address(part: &str) -> bool {
    let part = part.trim_matches(|char: char| matches!(char, ',' | '.' | '`' | '(' | ')' | ';'));
    part.parse::<std::net::SocketAddr>().is_ok() || part.parse::<std::net::IpAddr>().is_ok()
}

/// Neon's ids: words of small letters, then eight or more letters and digits, such as `old-violet-32930710`, `ep-misty-sea-a5833nbi`
/// or `org-morning-bread-81040908`.
fn is_neon_id(part: &str) -> bool {
    let Some((words, number)) = part.rsplit_once('-') else {
        return false;
    };
    let words: Vec<&str> = words.split('-').collect();
    let plain =
        |word: &&str| !word.is_empty() && word.chars().all(|char| char.is_ascii_lowercase());
    words.len() >= 2
        && words.iter().all(plain)
        && number.len() >= 8
        && number.chars().any(|char| char.is_ascii_digit())
        && number
            .chars()
            .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_machine_shows_only_its_name() {
        for (text, expected) in [
            (
                "/root/.pyenv/versions/3.11.7/bin/python: No module named uvicorn",
                "•••/python: No module named uvicorn",
            ),
            ("in `/opt/conda/bin/python` (é)", "in `•••/python` (é)"),
            (
                "http://localhost:8000/health",
                "http://localhost:8000/health",
            ),
            ("GET /projects/a/branches", "GET /projects/a/branches"),
            ("backend/etc/passwd and /tmp", "backend/etc/passwd and /tmp"),
            ("/home/ada/", "•••/"),
        ] {
            assert_eq!(Redactor::default().redact(text), expected);
        }
    }

    #[test]
    fn identifiers_are_redacted_and_similar_words_are_not() {
        for (text, shown) in [
            ("project old-violet-32930710, of it", "project •••, of it"),
            ("(org-morning-bread-81040908)", "(•••)"),
            ("ep-misty-sea-a5833nbi.aws.neon.tech", "•••.aws.neon.tech"),
            ("to 10.0.4.17:5432 and `::1`", "to ••• and •••"),
            ("ask ada@example.org", "ask •••"),
            ("pre-commit-check 2026-11-24", "pre-commit-check 2026-11-24"),
            ("aws-us-east-2, 17.5, 12:30", "aws-us-east-2, 17.5, 12:30"),
            ("postgresql://a@b.c/d  x", "postgresql://a@b.c/d  x"),
        ] {
            assert_eq!(Redactor::default().redact(text), shown);
        }
    }

    #[test]
    fn private_words_are_redacted_only_where_they_stand_alone() {
        let redactor = Redactor::new(vec!["/home/ada".to_owned(), "ada".to_owned()]);
        assert_eq!(
            redactor.redact("ada: dev/ada, /home/ada/x, adamant"),
            "•••: dev/•••, •••/x, adamant"
        );
    }
}

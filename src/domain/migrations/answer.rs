//! What the answers of the tools mean.

use std::collections::BTreeSet;

use crate::domain::{
    app_log::telling_line,
    migrations::{Conflict, Inquiry, MigrationTarget, Tool, ToolAnswer, ToolReply, Unclear},
};

/// The answer of a tool, of the replies to its questions.
pub(crate) fn answer(inquiry: &Inquiry, replies: &[ToolReply]) -> ToolAnswer {
    let texts: Vec<_> = replies
        .iter()
        .map(|reply| plain_lines(&reply.text))
        .collect();
    let (Some(first), Some(lines)) = (replies.first(), texts.first()) else {
        return unclear(None, &[]);
    };
    // the project's own question answers with its exit code alone
    if inquiry.tool != Tool::Own && replies.iter().any(|reply| reply.cut) {
        return ToolAnswer::Unclear(Unclear::TooLong);
    }
    let read_only = |lines: &Vec<String>| lines.iter().any(|line| line.contains(READ_ONLY));
    if replies
        .iter()
        .zip(&texts)
        .any(|(reply, lines)| reply.code != Some(0) && read_only(lines))
    {
        return ToolAnswer::Unclear(Unclear::WouldWrite);
    }
    match inquiry.tool {
        Tool::Alembic | Tool::FlaskMigrate => alembic(inquiry, replies, &texts),
        Tool::Django => django(first.code, lines),
        Tool::Prisma => prisma(first.code, lines),
        Tool::Knex => knex(first.code, lines),
        Tool::Dbmate => dbmate(first.code, lines),
        Tool::Own => own(first.code, lines),
    }
}

/// How Postgres refuses a write in a session that only reads, in its only language for clients without a locale of their own.
const READ_ONLY: &str = "in a read-only transaction";

/// Whether a tool says that its migrations make what the models say.
pub(crate) fn models_agree(tool: Tool, reply: &ToolReply) -> bool {
    matches!(tool, Tool::Alembic | Tool::FlaskMigrate)
        && reply.code == Some(0)
        && plain_lines(&reply.text)
            .iter()
            .any(|line| line.contains("No new upgrade operations detected"))
}

/// Whether a tool says that its migrations don't make what the models say; `None` where it tells neither.
pub(crate) fn models_differ(tool: Tool, reply: &ToolReply) -> Option<Vec<String>> {
    let lines = plain_lines(&reply.text);
    let code = reply.code?;
    match tool {
        Tool::Alembic | Tool::FlaskMigrate => {
            let found = lines
                .iter()
                .find_map(|line| line.split_once("New upgrade operations detected:"))?;
            (code != 0).then(|| vec![found.1.trim().to_owned()])
        }
        Tool::Django => {
            let apps: Vec<_> = lines
                .iter()
                .filter_map(|line| line.strip_prefix("Migrations for '"))
                .filter_map(|rest| rest.strip_suffix("':"))
                .map(str::to_owned)
                .collect();
            (code == 1 && !apps.is_empty()).then_some(apps)
        }
        Tool::Prisma | Tool::Knex | Tool::Dbmate | Tool::Own => None,
    }
}

/// The lines of a program's output without colors, and without what ends them on Windows.
pub(crate) fn plain_lines(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => match chars.next() {
                // a sequence ends with its first letter
                Some('[') => {
                    let end = chars.by_ref().find(|char| ('@'..='~').contains(char));
                    // the cursor goes elsewhere: a line that is written over, as a spinner does
                    if matches!(end, Some('A' | 'E' | 'F' | 'G' | 'H')) && !plain.ends_with('\n') {
                        plain.push('\n');
                    }
                }
                // a title or a link, which a bell or a backslash ends
                Some(']') => {
                    while chars
                        .next()
                        .is_some_and(|char| !matches!(char, '\u{7}' | '\\'))
                    {}
                }
                _ => {}
            },
            '\r' if chars.peek() == Some(&'\n') => {}
            // a line that is written over
            '\r' => plain.push('\n'),
            '\u{feff}' => {}
            char => plain.push(char),
        }
    }
    plain
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

fn last(lines: &[String]) -> String {
    let last = lines.iter().rev().find(|line| !line.trim().is_empty());
    last.map(|line| line.trim().to_owned()).unwrap_or_default()
}

fn unclear(code: Option<i32>, lines: &[String]) -> ToolAnswer {
    ToolAnswer::Unclear(if code == Some(0) {
        Unclear::NotUnderstood { last: last(lines) }
    } else if lines.iter().all(|line| line.trim().is_empty()) {
        let last = String::new();
        Unclear::Failed { code, last }
    } else {
        let last = telling_line(&lines.join("\n"));
        Unclear::Failed { code, last }
    })
}

/// A revision as `current` and `heads` print it: an identifier, and marks in parentheses.
fn revision(line: &str) -> Option<(&str, bool)> {
    let (id, marks) = line.split_once(' ').unwrap_or((line, ""));
    let is_id = !id.is_empty()
        && id
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let marked = marks.is_empty() || marks.starts_with('(') && marks.ends_with(')');
    let head = marks.contains("(head)") || marks.contains("(effective head)");
    (is_id && marked).then_some((id, head))
}

fn alembic(inquiry: &Inquiry, replies: &[ToolReply], texts: &[Vec<String>]) -> ToolAnswer {
    let ([current, heads], [at, known]) = (replies, texts) else {
        return unclear(None, &[]);
    };
    if let Some(answer) = [(current, at), (heads, known)]
        .into_iter()
        .find(|(reply, _)| reply.code != Some(0))
        .map(|(reply, lines)| unknown_revision(lines).unwrap_or_else(|| unclear(reply.code, lines)))
    {
        return answer;
    }
    // what env.py prints beside them has no mark
    let heads: BTreeSet<_> = known
        .iter()
        .filter_map(|line| revision(line))
        .filter_map(|(id, head)| head.then_some(id))
        .collect();
    if heads.is_empty() {
        // what runs the tool may warn of its own settings: uv does
        let silent = known
            .iter()
            .all(|line| line.trim().is_empty() || line.starts_with("warning: "));
        return if silent {
            ToolAnswer::Unclear(Unclear::NoMigrations)
        } else {
            unclear(Some(0), known)
        };
    }
    let numbered = |id: &str| id.chars().any(|c| c.is_ascii_digit());
    let mut at: Vec<_> = at
        .iter()
        .filter_map(|line| revision(line))
        .map(|(id, _)| id)
        .collect();
    if at.iter().any(|id| numbered(id)) {
        // a word that env.py prints is none
        at.retain(|id| numbered(id) || heads.contains(id));
    }
    let missing: Vec<_> = heads
        .iter()
        .filter(|head| !at.contains(head))
        .map(|head| (*head).to_owned())
        .collect();
    let reached = |ids: &mut dyn Iterator<Item = &str>| {
        let ids: Vec<_> = ids.collect();
        (!ids.is_empty()).then(|| ids.join(", "))
    };
    if heads.len() > 1 && inquiry.target == MigrationTarget::OneHead {
        let heads = heads.iter().map(|head| (*head).to_owned()).collect();
        return ToolAnswer::Conflict(Conflict::SeveralHeads(heads));
    }
    // a second database of the same env.py stands where no head is
    let behind = at.iter().any(|id| !heads.contains(id) && numbered(id));
    if missing.is_empty() && !behind {
        let heads = reached(&mut heads.iter().copied());
        return ToolAnswer::Nothing { at: heads };
    }
    ToolAnswer::Pending {
        reached: match &inquiry.target {
            MigrationTarget::All | MigrationTarget::OneHead => true,
            MigrationTarget::Revision(_) => false,
        },
        names: if missing.is_empty() {
            heads.iter().map(|head| (*head).to_owned()).collect()
        } else {
            missing
        },
        at: reached(&mut at.into_iter()),
    }
}

fn unknown_revision(lines: &[String]) -> Option<ToolAnswer> {
    let id = lines.iter().find_map(|line| {
        let (_, rest) = line.split_once("Can't locate revision identified by '")?;
        rest.split_once('\'').map(|(id, _)| id.to_owned())
    })?;
    Some(ToolAnswer::Conflict(Conflict::UnknownToFiles(id)))
}

fn django(code: Option<i32>, lines: &[String]) -> ToolAnswer {
    let planned = lines.iter().position(|line| line == "Planned operations:");
    let Some(planned) = planned else {
        let told = [
            "Conflicting migrations detected",
            "InconsistentMigrationHistory",
            "is applied before its dependency",
        ];
        let conflict = lines
            .iter()
            .find(|line| told.iter().any(|words| line.contains(words)));
        return match conflict {
            Some(line) if code != Some(0) => {
                let line = line.trim_start_matches("CommandError: ").to_owned();
                ToolAnswer::Conflict(Conflict::Told(line))
            }
            _ => unclear(code, lines),
        };
    };
    let plan: Vec<_> = lines
        .iter()
        .skip(planned + 1)
        .filter(|line| !line.is_empty())
        .collect();
    let none = plan
        .iter()
        .any(|line| *line == "  No planned migration operations.");
    // an operation is indented, a migration is not
    let names: Vec<_> = plan
        .iter()
        .filter(|line| !line.starts_with(' ') && line.contains('.') && !line.contains(' '))
        .map(|line| (*line).clone())
        .collect();
    match (code, none) {
        (Some(0), true) if names.is_empty() => ToolAnswer::Nothing { at: None },
        (Some(1), false) if !names.is_empty() => ToolAnswer::Pending {
            names,
            at: None,
            reached: true,
        },
        _ => unclear(code, lines),
    }
}

/// The names that stand below a line, up to an empty one.
fn below(lines: &[String], words: &str) -> Option<Vec<String>> {
    let at = lines.iter().position(|line| line.contains(words))?;
    let names = lines
        .iter()
        .skip(at + 1)
        .take_while(|line| !line.is_empty());
    Some(names.cloned().collect())
}

fn prisma(code: Option<i32>, lines: &[String]) -> ToolAnswer {
    let says = |words: &str| lines.iter().any(|line| line.contains(words));
    if code == Some(0) {
        return match says("Database schema is up to date!") {
            true if says("No migration found in") => ToolAnswer::Unclear(Unclear::NoMigrations),
            true => ToolAnswer::Nothing { at: None },
            false => unclear(code, lines),
        };
    }
    if let Some(unknown) = below(lines, "from the database are not found locally") {
        return ToolAnswer::Conflict(Conflict::UnknownToFiles(unknown.join(", ")));
    }
    if let Some(failed) = below(lines, "have failed:") {
        return ToolAnswer::Conflict(Conflict::HalfApplied(failed));
    }
    if let Some(names) = below(lines, "have not yet been applied:") {
        return ToolAnswer::Pending {
            names,
            at: None,
            reached: true,
        };
    }
    if says("is not managed by Prisma Migrate") {
        return ToolAnswer::Pending {
            names: Vec::new(),
            at: None,
            reached: true,
        };
    }
    unclear(code, lines)
}

fn knex(code: Option<i32>, lines: &[String]) -> ToolAnswer {
    if let Some(missing) = lines
        .iter()
        .find_map(|line| line.split_once("the following files are missing: "))
    {
        return ToolAnswer::Conflict(Conflict::UnknownToFiles(missing.1.to_owned()));
    }
    let none = lines
        .iter()
        .any(|line| line == "No Pending Migration files Found.");
    let pending = lines.iter().position(|line| {
        line.starts_with("Found ") && line.ends_with("Pending Migration file/files.")
    });
    match (code, pending, none) {
        (Some(0), None, true) => ToolAnswer::Nothing { at: None },
        (Some(0), Some(at), false) => ToolAnswer::Pending {
            names: lines
                .iter()
                .skip(at + 1)
                .filter(|line| !line.is_empty())
                .cloned()
                .collect(),
            at: None,
            reached: true,
        },
        _ => unclear(code, lines),
    }
}

fn dbmate(code: Option<i32>, lines: &[String]) -> ToolAnswer {
    let count = |words: &str| {
        let count = lines.iter().find_map(|line| line.strip_prefix(words))?;
        count.trim().parse::<usize>().ok()
    };
    let names: Vec<_> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("[ ] "))
        .map(str::to_owned)
        .collect();
    match (code, count("Applied:"), count("Pending:")) {
        (Some(0), Some(0), Some(0)) => ToolAnswer::Unclear(Unclear::NoMigrations),
        (Some(0), Some(_), Some(0)) if names.is_empty() => ToolAnswer::Nothing { at: None },
        (Some(1), Some(_), Some(pending)) if pending > 0 && pending == names.len() => {
            ToolAnswer::Pending {
                names,
                at: None,
                reached: true,
            }
        }
        _ => unclear(code, lines),
    }
}

fn own(code: Option<i32>, lines: &[String]) -> ToolAnswer {
    match code {
        Some(0) => ToolAnswer::Nothing { at: None },
        Some(1) => {
            let last = last(lines);
            ToolAnswer::Pending {
                names: if last.is_empty() {
                    Vec::new()
                } else {
                    vec![last]
                },
                at: None,
                reached: true,
            }
        }
        _ => unclear(code, lines),
    }
}

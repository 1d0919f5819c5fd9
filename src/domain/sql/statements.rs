//! Splits a file into the statements that it holds, as `psql` does, and says what each does to a transaction.

use super::{SqlToken, locate_byte, tokens};

/// A statement of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement<'a> {
    /// Where it begins in the file, in bytes.
    pub at: usize,
    /// The statement, without the semicolon.
    pub sql: &'a str,
    pub effect: TransactionEffect,
    /// The lines below a `copy … from stdin`.
    pub data: Option<&'a str>,
}

/// What a statement does to a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransactionEffect {
    /// Runs within one.
    Within,
    /// Begins one.
    Begins,
    /// Ends one.
    Ends,
    /// Cannot run in one; why, as `create index concurrently`.
    Alone(&'static str),
}

/// Why a file cannot be sent statement by statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnreadableScript {
    /// A command of `psql`, which no server understands.
    #[error("`{command}` is a psql command, not SQL")]
    PsqlCommand {
        command: String,
        position: (usize, usize),
    },
    #[error("it contains a NUL byte, which SQL never does")]
    Nul { position: (usize, usize) },
    /// With `standard_conforming_strings` off, a backslash changes where a string ends.
    #[error(
        "it turns `standard_conforming_strings` off, so neonup can't tell where its strings end"
    )]
    BackslashStrings { position: (usize, usize) },
    #[error("a transaction begins here and never ends")]
    OpenTransaction { position: (usize, usize) },
}

impl UnreadableScript {
    /// Line and column, 1-based.
    pub(crate) const fn position(&self) -> (usize, usize) {
        match self {
            Self::PsqlCommand { position, .. }
            | Self::Nul { position }
            | Self::BackslashStrings { position }
            | Self::OpenTransaction { position } => *position,
        }
    }
}

/// What `pg_dump` writes since 2025 around a dump; it only tells `psql` to refuse its own commands.
const HARMLESS: [&str; 2] = ["\\restrict", "\\unrestrict"];

/// The statements of a file, in order.
pub(crate) fn statements(text: &str) -> Result<Vec<Statement<'_>>, UnreadableScript> {
    if let Some(at) = text.find('\0') {
        let position = locate_byte(text, at);
        return Err(UnreadableScript::Nul { position });
    }
    let mut found: Vec<Statement<'_>> = Vec::new();
    let mut at = 0;
    let mut open = None;
    while let Some((statement, next)) = next_statement(text, at)? {
        if turns_strings_around(statement.sql) {
            let position = locate_byte(text, statement.at);
            return Err(UnreadableScript::BackslashStrings { position });
        }
        match statement.effect {
            TransactionEffect::Begins => open = Some(statement.at),
            TransactionEffect::Ends => open = None,
            TransactionEffect::Within | TransactionEffect::Alone(_) => {}
        }
        found.push(statement);
        at = next;
    }
    if let Some(at) = open {
        let position = locate_byte(text, at);
        return Err(UnreadableScript::OpenTransaction { position });
    }
    Ok(found)
}

/// The statement that begins at or after `from`, and where to look for the next one.
fn next_statement(
    text: &str,
    from: usize,
) -> Result<Option<(Statement<'_>, usize)>, UnreadableScript> {
    let mut words = Words::default();
    let mut start = None;
    let mut end = from;
    let mut at = from;
    let mut rest = tokens(text.get(from..).unwrap_or_default());
    while let Some((token, piece)) = rest.next() {
        let here = at;
        at += piece.len();
        match (token, piece) {
            (SqlToken::Space | SqlToken::LineComment | SqlToken::BlockComment, _) => continue,
            (SqlToken::Symbol, ";") if words.closed() => {
                if let Some(start) = start {
                    let sql = text.get(start..end).unwrap_or_default();
                    return Ok(Some(finish(text, start, sql, &words, at)));
                }
                continue;
            }
            (SqlToken::Symbol, "\\") => {
                let line = text.get(here..).unwrap_or_default();
                let line = line.split(['\n', '\r']).next().unwrap_or_default();
                let command = line.split_whitespace().next().unwrap_or_default();
                if start.is_some() || !HARMLESS.contains(&command) {
                    return Err(UnreadableScript::PsqlCommand {
                        command: command.to_owned(),
                        position: locate_byte(text, here),
                    });
                }
                // what stands on its line isn't SQL, and what follows is read anew
                at = here + line.len();
                rest = tokens(text.get(at..).unwrap_or_default());
                continue;
            }
            _ => {}
        }
        start.get_or_insert(here);
        end = at;
        words.take(token, piece);
    }
    let Some(start) = start else { return Ok(None) };
    let sql = text.get(start..end).unwrap_or_default();
    Ok(Some(finish(text, start, sql, &words, text.len())))
}

/// Makes the statement, and takes the data that stands below it.
fn finish<'a>(
    text: &'a str,
    at: usize,
    sql: &'a str,
    words: &Words,
    next: usize,
) -> (Statement<'a>, usize) {
    let mut statement = Statement {
        at,
        sql,
        effect: words.effect(),
        data: None,
    };
    if !words.copies_from_stdin() {
        return (statement, next);
    }
    // the data begins on the next line, and ends with a line `\.`
    let rest = text.get(next..).unwrap_or_default();
    let begins = next + rest.find('\n').map_or(rest.len(), |line| line + 1);
    let data = text.get(begins..).unwrap_or_default();
    let mut length = 0;
    for line in data.split_inclusive('\n') {
        if line.trim_end_matches(['\n', '\r']) == "\\." {
            statement.data = data.get(..length);
            return (statement, begins + length + line.len());
        }
        length += line.len();
    }
    statement.data = Some(data);
    (statement, text.len())
}

fn turns_strings_around(sql: &str) -> bool {
    let lower = sql.to_ascii_lowercase();
    lower
        .split_once("standard_conforming_strings")
        .is_some_and(|(_, value)| {
            let value = value.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
            let value = value.strip_prefix("to").map_or(value, str::trim_start);
            let value = value.trim_start_matches('\'');
            ["off", "false", "no", "0", "f"]
                .iter()
                .any(|off| value.starts_with(off))
        })
}

/// The words of one statement, and what is open in it.
#[derive(Default)]
struct Words {
    /// The first ones, in lower case; `(`, `$` and `'` stand for themselves.
    first: Vec<String>,
    parentheses: usize,
    /// `begin atomic … end` of a routine, and `case … end` in it.
    blocks: usize,
    concurrently: bool,
    stdin: bool,
    /// Words of code in dollar quotes that end a transaction.
    commits: bool,
}

/// So many words tell what a statement is.
const TELLING: usize = 8;

impl Words {
    fn closed(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn take(&mut self, token: SqlToken, piece: &str) {
        match (token, piece) {
            (SqlToken::Symbol, "(") => self.parentheses += 1,
            (SqlToken::Symbol, ")") => self.parentheses = self.parentheses.saturating_sub(1),
            (SqlToken::DollarString, body) => self.commits |= ends_inside(body),
            (SqlToken::Word, word) if self.parentheses == 0 => self.word(word),
            _ => {}
        }
        if self.first.len() < TELLING {
            self.first.push(piece.to_ascii_lowercase());
        }
    }

    fn word(&mut self, word: &str) {
        let is = |wanted: &str| word.eq_ignore_ascii_case(wanted);
        self.concurrently |= is("concurrently");
        self.stdin |= is("stdin");
        if !self.makes_routine() {
            return;
        }
        if is("begin") || (is("case") && self.blocks > 0) {
            self.blocks += 1;
        } else if is("end") {
            self.blocks = self.blocks.saturating_sub(1);
        }
    }

    fn starts(&self, words: &[&str]) -> bool {
        self.first.len() >= words.len() && self.first.iter().zip(words).all(|(a, b)| a == b)
    }

    fn makes_routine(&self) -> bool {
        ["function", "procedure"].iter().any(|kind| {
            self.starts(&["create", kind]) || self.starts(&["create", "or", "replace", kind])
        })
    }

    fn copies_from_stdin(&self) -> bool {
        self.starts(&["copy"]) && self.stdin
    }

    fn effect(&self) -> TransactionEffect {
        let first = self.first.first().map_or("", String::as_str);
        let second = self.first.get(1).map_or("", String::as_str);
        match (first, second) {
            ("begin", _) | ("start", "transaction") => TransactionEffect::Begins,
            ("commit" | "rollback", "prepared") => {
                TransactionEffect::Alone("a prepared transaction")
            }
            ("rollback", _) if self.first.iter().any(|word| word == "to") => {
                TransactionEffect::Within
            }
            ("commit" | "end" | "rollback" | "abort", _) | ("prepare", "transaction") => {
                TransactionEffect::Ends
            }
            ("create", "index" | "unique") if self.concurrently => {
                TransactionEffect::Alone("create index concurrently")
            }
            ("drop", "index") if self.concurrently => {
                TransactionEffect::Alone("drop index concurrently")
            }
            ("alter", "table") if self.concurrently => {
                TransactionEffect::Alone("detach partition concurrently")
            }
            ("reindex", _) if self.concurrently => TransactionEffect::Alone("reindex concurrently"),
            ("reindex", "schema" | "database" | "system") => TransactionEffect::Alone("reindex"),
            ("vacuum", _) => TransactionEffect::Alone("vacuum"),
            ("create", "database") => TransactionEffect::Alone("create database"),
            ("drop", "database") => TransactionEffect::Alone("drop database"),
            ("create" | "drop", "tablespace") => TransactionEffect::Alone("a tablespace"),
            ("create" | "drop", "subscription") => TransactionEffect::Alone("a subscription"),
            ("alter", "system") => TransactionEffect::Alone("alter system"),
            ("cluster", "") => TransactionEffect::Alone("cluster"),
            ("do", _) if self.commits => TransactionEffect::Alone("a block that commits"),
            _ => TransactionEffect::Within,
        }
    }
}

/// Whether code in dollar quotes ends a transaction.
fn ends_inside(body: &str) -> bool {
    let code = super::dollar_body(body).map_or(body, |(_, code)| code);
    tokens(code).any(|(token, word)| {
        token == SqlToken::Word
            && (word.eq_ignore_ascii_case("commit") || word.eq_ignore_ascii_case("rollback"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        let found = statements(text).unwrap();
        found.iter().map(|statement| statement.sql).collect()
    }

    fn effect(sql: &str) -> TransactionEffect {
        next_statement(sql, 0).unwrap().unwrap().0.effect
    }

    #[test]
    fn semicolons_end_statements_only_where_postgres_says_so() {
        for (text, count) in [
            ("select 1; select 2", 2),
            (";;-- a;\n/* ; */;", 0),
            (
                r"create table a (b text default E'\''); COMMIT; drop table c; --'",
                3,
            ),
            (
                r"create table a (b text default E'\'; COMMIT; drop table c; --')",
                1,
            ),
            ("do $$ begin perform 1; end $$; select ';'", 2),
            (
                "create rule a as on insert to b do (delete from c; delete from d); select 1",
                2,
            ),
            (
                "create or replace function a(begin int) returns int begin atomic select case when true then 1 end; \
                 select 2; end; select 3",
                2,
            ),
            ("create table \"a;b\" (c int)", 1),
            ("-- x\rdrop table a", 1),
        ] {
            assert_eq!(split(text).len(), count, "{text}");
        }
        let text = "-- ü\nselect 1 ;\n\n  select 2 -- end";
        let found = statements(text).unwrap();
        assert_eq!(split(text), ["select 1", "select 2"]);
        assert_eq!(locate_byte(text, found[1].at), (4, 3));
    }

    #[test]
    fn data_below_copy_belongs_to_it() {
        let text = "COPY public.a (id, b) FROM stdin;\n1\tx;y\n2\t\\N\n\\.\n\nselect 1;";
        let found = statements(text).unwrap();
        assert_eq!(found[0].data, Some("1\tx;y\n2\t\\N\n"));
        assert_eq!(found[1].sql, "select 1");
        assert_eq!(statements("copy a from stdin;").unwrap()[0].data, Some(""));
        assert_eq!(statements("copy a to stdout").unwrap()[0].data, None);
    }

    #[test]
    fn what_a_statement_does_to_a_transaction_is_known() {
        for sql in [
            "begin",
            "BEGIN ISOLATION LEVEL SERIALIZABLE",
            "start transaction",
        ] {
            assert_eq!(effect(sql), TransactionEffect::Begins, "{sql}");
        }
        for sql in [
            "commit",
            "end",
            "ROLLBACK",
            "abort",
            "prepare transaction 'x'",
        ] {
            assert_eq!(effect(sql), TransactionEffect::Ends, "{sql}");
        }
        for sql in [
            "create unique index concurrently a on b (c)",
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS a ON b (c)",
            "vacuum analyze a",
            "create database a",
            "do $$ begin insert into a values (1); commit; end $$",
        ] {
            assert!(matches!(effect(sql), TransactionEffect::Alone(_)), "{sql}");
        }
        for sql in [
            "prepare a as select 1",
            "rollback to savepoint a",
            "savepoint a",
            "create index concurrent on b (c)",
            "do $$ begin null; end $$",
            "refresh materialized view concurrently a",
            "alter table a add commit int",
        ] {
            assert_eq!(effect(sql), TransactionEffect::Within, "{sql}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_said_with_its_place() {
        let refused = |text| statements(text).unwrap_err();
        assert_eq!(
            refused("select 1;\n\\connect other\n"),
            UnreadableScript::PsqlCommand {
                command: "\\connect".to_owned(),
                position: (2, 1)
            }
        );
        assert_eq!(refused("select 1 \\gexec").position(), (1, 10));
        assert_eq!(refused("select\n '\0'").position(), (2, 3));
        assert_eq!(refused("select 1;\nbegin; select 2").position(), (2, 1));
        assert!(matches!(
            refused("set standard_conforming_strings = off"),
            UnreadableScript::BackslashStrings { .. }
        ));
        assert_eq!(split("SET standard_conforming_strings = on;").len(), 1);
        let many = "\\restrict x\n".repeat(100_000);
        assert_eq!(split(&many).len(), 0);
        assert_eq!(
            split("\\restrict abc'def\n\nselect 1;\n\\unrestrict abc'def\n"),
            ["select 1"]
        );
    }
}

//! Whether a migration is pending: asked of the project's own tool, in a clone that somebody trusts.
//!
//! A table that is there tells nothing of the migrations that came after it, so that only an answer proves the step. The question is
//! a command of the clone: it needs the consent that the migration command needs, gets its environment, and changes nothing.

use std::time::Duration;

use futures_util::future::try_join_all;

use crate::{
    core::{
        children::Child,
        code::{Code, Severity},
        finding::Finding,
        invocation::Invocation,
        proof::Basis,
        secret::Secret,
        step::StepId,
        trust::CommandPurpose,
    },
    domain::{
        counted::counted,
        migrations::{
            self, Asking, Conflict, Inquiry, NoQuestion, Tool, ToolAnswer, ToolReply, Unclear,
        },
    },
    engine::{
        build, connection,
        context::Cx,
        schema::{
            drizzle, fixed,
            last_run::{self, LastRun},
        },
        stand_ins, trust,
    },
    ports::{
        database::{SchemaShape, Session},
        process::{CommandSpec, ProcessError},
    },
};

/// The longest time that one question may take: a tool loads the application first, and a sleeping compute wakes.
const QUESTION: Duration = Duration::from_secs(30);
/// The most names of migrations that a finding lists; nobody reads more.
const MOST_NAMED: usize = 8;

/// What to do where a tool isn't there.
const INSTALL: &str = "install the project's packages, then run `neonup check schema`";

/// What keeps the session of a question from writing, for drivers that read libpq's variables.
const READ_ONLY: &str = "-c default_transaction_read_only=on";

/// What a question gets beside what the migration gets: it writes no files, fetches nothing, and speaks plainly.
const QUIET: &[(&str, &str)] = &[
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("NO_COLOR", "1"),
    ("DJANGO_COLORS", "nocolor"),
    ("TERM", "dumb"),
    ("LC_ALL", "C.UTF-8"),
    ("LANGUAGE", "en"),
    ("CHECKPOINT_DISABLE", "1"),
    ("PRISMA_HIDE_UPDATE_MESSAGE", "1"),
    ("NPM_CONFIG_UPDATE_NOTIFIER", "false"),
    ("UV_PYTHON_DOWNLOADS", "never"),
];

/// What was found out about pending migrations.
pub(super) struct Migrations {
    pub basis: Basis,
    pub findings: Vec<Finding>,
    /// A sentence fragment.
    pub evidence: String,
    /// Whether the consent is among what was reported.
    pub asks_consent: bool,
    /// Whether the answer accounts for a database without a table: something is to be run, or the tool's record there says that all was.
    pub explains_no_table: bool,
    /// Whether the command can't succeed before somebody has fixed the migrations.
    pub conflict: bool,
}

impl Migrations {
    fn seen(evidence: String, findings: Vec<Finding>) -> Self {
        Self {
            basis: Basis::Seen,
            findings,
            evidence,
            asks_consent: false,
            explains_no_table: false,
            conflict: false,
        }
    }

    pub(super) fn unknown(finding: Finding) -> Self {
        Self {
            evidence: finding.title.clone(),
            basis: Basis::not_determined(finding),
            findings: Vec::new(),
            asks_consent: false,
            explains_no_table: false,
            conflict: false,
        }
    }
}

/// Asks. `ran`: the migration command has just ended well.
pub(super) async fn look(
    cx: &Cx,
    session: &mut dyn Session,
    found: &SchemaShape,
    ran: bool,
) -> Migrations {
    if let Some(finding) = fixed::finding(cx) {
        return Migrations {
            conflict: true,
            explains_no_table: true,
            ..Migrations::unknown(finding)
        };
    }
    let inquiry = match trust::asking(&cx.settings, &cx.ports) {
        Asking::Nobody(_) if cx.settings.schema.only_empty && !ran && !found.tables.is_empty() => {
            return not_again(cx, found).await;
        }
        Asking::Nobody(why) => return nobody(cx, why, found, ran).await,
        Asking::Drizzle { config } => {
            return match drizzle::answer(cx, session, found, config.as_deref()).await {
                Ok(answer) => reported(cx, "Drizzle", None, answer, ran),
                Err(finding) => Migrations::unknown(*finding),
            };
        }
        Asking::Program(inquiry) => inquiry,
    };
    if let Some(finding) = trust::missing(cx, CommandPurpose::Schema) {
        return Migrations {
            asks_consent: true,
            ..Migrations::unknown(finding)
        };
    }
    if let Some(finding) = build::missing(cx, build::wanted::BuildFor::Schema) {
        return Migrations::unknown(finding);
    }
    let replies = match ask_all(cx, &inquiry, session_for(cx, ran)).await {
        Ok(replies) => replies,
        Err(finding) => return Migrations::unknown(*finding),
    };
    let answer = migrations::answer(&inquiry, &replies);
    if answer == ToolAnswer::Unclear(Unclear::NoMigrations)
        && let Some(question) = &inquiry.models
        && let Ok(reply) = ask(cx, question, session_for(cx, ran)).await
        && migrations::models_agree(inquiry.tool, &reply)
    {
        let name = inquiry.tool.name();
        return Migrations {
            explains_no_table: true,
            ..Migrations::seen(
                format!("{name} has no migrations yet, and the models need none"),
                Vec::new(),
            )
        };
    }
    if matches!(answer, ToolAnswer::Nothing { .. })
        && let Some(elsewhere) = elsewhere(cx, session, found, &inquiry, &answer).await
    {
        return Migrations::unknown(elsewhere);
    }
    let nothing = matches!(answer, ToolAnswer::Nothing { .. });
    let mut migrations = reported(cx, inquiry.tool.name(), Some(&inquiry), answer, ran);
    if nothing && let Some(question) = &inquiry.models {
        // that the models agree is not what the step promises: only a clear answer is worth a word
        if let Ok(reply) = ask(cx, question, session_for(cx, ran)).await
            && let Some(differences) = migrations::models_differ(inquiry.tool, &reply)
        {
            migrations
                .findings
                .push(models(cx, inquiry.tool, &differences));
        }
    }
    migrations
}

/// Reports what the last run has shown, where nobody can tell. What has just been run without an error stands for itself.
async fn nobody(cx: &Cx, why: NoQuestion, found: &SchemaShape, ran: bool) -> Migrations {
    let line = line(&cx.settings.schema.command);
    if ran {
        return stands(cx, format!("`{line}` has just run"));
    }
    let detail = match last_run::standing(cx, found).await {
        LastRun::Current { when } => return stands(cx, still(&line, &when)),
        LastRun::Never => match why {
            NoQuestion::Unknown => format!("neonup doesn't know how to check `{line}`"),
            NoQuestion::NoHistory => format!("`{line}` keeps no history that could be checked"),
        },
        last @ (LastRun::Unreadable(_) | LastRun::Outdated { .. } | LastRun::Undetermined(_)) => {
            no_longer(&line, &last)
        }
    };
    let finding = undetermined("couldn't determine whether a migration is pending")
        .detail(detail)
        .hint(
            "`neonup setup schema` runs the command again. To have it checked, add to [schema] in neonup.toml: pending = [\"…\"], a \
             command that changes nothing and exits with 0 if nothing is pending, with 1 if something is",
        )
        .command(Invocation::SetupStep(StepId::Schema));
    Migrations::unknown(finding)
}

/// Reports that a run stands for itself.
fn stands(cx: &Cx, evidence: String) -> Migrations {
    Migrations {
        // what pushes says that the database is as the code says, which may name no table
        explains_no_table: trust::pushes(&cx.settings, &cx.ports),
        ..Migrations::seen(evidence, Vec::new())
    }
}

fn still(line: &str, when: &str) -> String {
    format!("`{line}` ran {when}; its files and tables haven't changed since")
}

/// Says why the last run no longer counts; empty where there was none.
fn no_longer(line: &str, last: &LastRun) -> String {
    match last {
        LastRun::Never | LastRun::Current { .. } => String::new(),
        LastRun::Unreadable(why) => {
            format!("the record of the last run of `{line}` can't be read: {why}")
        }
        LastRun::Outdated { changed, when } => {
            format!("`{line}` ran {when}; {changed} changed since")
        }
        LastRun::Undetermined(unread) => format!(
            "{} can't be read, so it's unknown whether it changed since `{line}` ran: {}",
            unread.what, unread.why
        ),
    }
}

/// Reports a command that is not run again, since the database has tables now.
async fn not_again(cx: &Cx, found: &SchemaShape) -> Migrations {
    let line = line(&cx.settings.schema.command);
    let last = last_run::standing(cx, found).await;
    if let LastRun::Current { when } = &last {
        return stands(cx, still(&line, when));
    }
    let count = counted(found.tables.len(), "table");
    let why = "it drops tables or adds rows (`only_empty`), so it runs only in an empty database";
    let detail = match no_longer(&line, &last) {
        none if none.is_empty() => why.to_owned(),
        changed => format!("{why}; {changed}"),
    };
    Migrations::unknown(
        undetermined(format!(
            "the database has {count}, so `{line}` isn't run: whether they are as the code says couldn't be determined"
        ))
        .detail(detail)
        .hint(
            "to have it checked, add to [schema] in neonup.toml: pending = [\"…\"], a command that changes nothing and exits with 0 if nothing \
             is missing, with 1 if something is",
        ),
    )
}

async fn ask_all(
    cx: &Cx,
    inquiry: &Inquiry,
    asked_in: AskedIn,
) -> Result<Vec<ToolReply>, Box<Finding>> {
    if inquiry.tool.writes() && asked_in == AskedIn::Pooled {
        return Err(Box::new(would_write(inquiry.tool)));
    }
    if let Some(ready) = &inquiry.ready
        && ask(cx, ready, asked_in).await?.code != Some(0)
    {
        let title = format!(
            "`{}` finds no environment, so neonup couldn't determine whether a migration is pending",
            line(ready)
        );
        return Err(Box::new(undetermined(title).hint(INSTALL)));
    }
    try_join_all(
        inquiry
            .questions
            .iter()
            .map(|question| ask(cx, question, asked_in)),
    )
    .await
}

/// What keeps a question from writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AskedIn {
    /// Its session.
    ReadOnly,
    /// Nothing but the tool: Neon's pooler refuses what asks for such a session.
    Pooled,
    /// Nothing: an apply asks, whose command has just written as it liked.
    Apply,
}

fn session_for(cx: &Cx, ran: bool) -> AskedIn {
    let environment = connection::environment(cx);
    let pooled = |(_, value): &(String, Secret)| value.expose().contains("-pooler.");
    if ran {
        AskedIn::Apply
    } else if environment.iter().any(pooled) {
        AskedIn::Pooled
    } else {
        AskedIn::ReadOnly
    }
}

/// Asks one question.
async fn ask(cx: &Cx, question: &[String], asked_in: AskedIn) -> Result<ToolReply, Box<Finding>> {
    let dir = cx.settings.path(cx.settings.schema_dir());
    let line = line(question);
    let program = question.first().map(String::as_str).unwrap_or_default();
    let Some(found) = cx.ports.process.find(program, &dir) else {
        let title = format!(
            "`{program}` isn't installed, so neonup couldn't determine whether a migration is pending"
        );
        return Err(Box::new(
            undetermined(title)
                .detail("looked in the project's virtual environment and in PATH")
                .hint(INSTALL),
        ));
    };
    let mut argv = vec![found.display().to_string()];
    argv.extend(question.iter().skip(1).cloned());
    let mut env = connection::environment(cx);
    env.extend(
        QUIET
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value))),
    );
    if asked_in == AskedIn::ReadOnly {
        let before = env
            .iter()
            .rev()
            .find(|(name, _)| name == "PGOPTIONS")
            .map(|(_, value)| value.expose().to_owned())
            .or_else(|| cx.settings.environment.get("PGOPTIONS").map(str::to_owned))
            .unwrap_or_default();
        let options = format!("{before} {READ_ONLY}");
        env.push(("PGOPTIONS".to_owned(), Secret::new(options.trim())));
    }
    cx.progress(crate::core::event::Progress::label(format!(
        "running {line}"
    )));
    let spec = CommandSpec {
        child: Child::Migration,
        argv,
        dir,
        env,
    };
    match stand_ins::run(cx, spec, QUESTION).await {
        Ok(exit) => Ok(ToolReply {
            code: exit.code,
            text: exit.apart,
            cut: exit.cut,
        }),
        Err(ProcessError::TimedOut { limit, .. }) => Err(Box::new(
            undetermined(format!(
                "`{line}` didn't answer within {} s",
                limit.as_secs()
            ))
            .hint("run it yourself to see what it waits for"),
        )),
        Err(error @ ProcessError::Asks { .. }) => Err(Box::new(
            undetermined(error.to_string()).hint("run it yourself to see what it asks"),
        )),
        Err(error @ (ProcessError::NoCommand | ProcessError::NotStarted { .. })) => Err(Box::new(
            undetermined(format!("can't run `{line}`"))
                .detail(error.to_string())
                .hint(INSTALL),
        )),
    }
}

/// Why the answer is about another database than ours, where it is: the tool's own table is not in ours, or says something else.
async fn elsewhere(
    cx: &Cx,
    session: &mut dyn Session,
    found: &SchemaShape,
    inquiry: &Inquiry,
    answer: &ToolAnswer,
) -> Option<Finding> {
    let tool = inquiry.tool;
    let columns = tool.history();
    let alone = columns.len() == 1;
    let is_history = |table: &&crate::ports::database::TableFacts| {
        let has = |name: &&str| table.columns.iter().any(|column| column.name == **name);
        columns.iter().all(has) && (!alone || table.columns.len() == 1)
    };
    let tables: Vec<_> = found.tables.iter().filter(is_history).collect();
    let finding = || {
        undetermined(format!(
            "{} reports on a different database than the one in the env file",
            tool.name()
        ))
        .hint("let the tool's configuration read the connection from the environment")
    };
    if !columns.is_empty() && tables.is_empty() {
        return Some(finding().detail(
            "it reports that nothing is pending, but this database has no record of any migration",
        ));
    }
    let ToolAnswer::Nothing { at: Some(at) } = answer else {
        return None;
    };
    let column = columns.first().filter(|_| alone)?;
    let mut ours = Vec::new();
    for table in tables {
        match session.values(&table.name, column).await {
            Ok(values) => ours.extend(values),
            Err(error) => {
                return Some(
                    undetermined("can't read the record of the migrations").detail(
                        connection::redact(&error.to_string(), &connection::secrets(cx)),
                    ),
                );
            }
        }
    }
    let same = at.split(", ").all(|head| ours.iter().any(|id| id == head));
    (!same).then(|| {
        finding().detail(format!(
            "that one is at {at}, this one at {}",
            if ours.is_empty() {
                "nothing".to_owned()
            } else {
                ours.join(", ")
            }
        ))
    })
}

fn undetermined(title: impl Into<String>) -> Finding {
    Finding::new(Code::SchemaNotDetermined, title)
}

fn would_write(tool: Tool) -> Finding {
    undetermined(format!(
        "{} would write to the database to answer, and a check never writes",
        tool.name()
    ))
    .hint(if tool.writes() {
        "run neonup setup schema to run the migrations; the next check can then determine it"
    } else {
        "its env.py or settings write when they are loaded: make them write only during a migration, or set [schema] pending \
        in neonup.toml"
    })
    .command(Invocation::SetupStep(StepId::Schema))
}

/// The words of a command, as they would be typed.
fn line(command: &[String]) -> String {
    command.join(" ")
}

/// Reports an answer.
fn reported(
    cx: &Cx,
    name: &str,
    inquiry: Option<&Inquiry>,
    answer: ToolAnswer,
    ran: bool,
) -> Migrations {
    let secrets = connection::secrets(cx);
    let plain = |text: &str| connection::redact(text, &secrets);
    let asked = inquiry.map_or_else(
        || "compared its journal with its history table".to_owned(),
        |inquiry| {
            let lines: Vec<_> = inquiry
                .questions
                .iter()
                .map(|question| format!("`{}`", line(question)))
                .collect();
            plain(&format!("checked with {}", lines.join(" and ")))
        },
    );
    match answer {
        ToolAnswer::Nothing { at } => {
            let at = at.map_or_else(String::new, |at| format!(" after {}", plain(&at)));
            Migrations {
                explains_no_table: !inquiry.is_some_and(|inquiry| inquiry.tool == Tool::Own),
                ..Migrations::seen(
                    format!("nothing is pending{at}, according to {name}"),
                    Vec::new(),
                )
            }
        }
        ToolAnswer::Pending { names, at, reached } => {
            let names: Vec<_> = names.iter().map(|name| plain(name)).collect();
            let title = pending(inquiry, &names, at.map(|at| plain(&at)).as_deref());
            let finding = Finding::new(Code::SchemaMigrationPending, title).detail(asked);
            let command = line(&cx.settings.schema.command);
            let finding = if ran {
                finding.hint(format!(
                    "`{command}` has just run and did not apply it: check [schema] command in neonup.toml"
                ))
            } else if reached {
                finding
                    .command(Invocation::SetupStep(StepId::Schema))
                    .fixable()
            } else {
                finding.hint(format!(
                    "`{command}` stops before it: change [schema] command in neonup.toml"
                ))
            };
            Migrations {
                explains_no_table: true,
                ..Migrations::seen(finding.title.clone(), vec![finding])
            }
        }
        ToolAnswer::Conflict(conflict) => {
            let finding = conflicting(cx, &conflict, &plain).detail(asked);
            Migrations {
                conflict: true,
                explains_no_table: true,
                ..Migrations::seen(finding.title.clone(), vec![finding])
            }
        }
        ToolAnswer::Unclear(unclear) => {
            let tool = inquiry.map(|inquiry| inquiry.tool);
            Migrations::unknown(not_clear(name, tool, &unclear, &plain).detail(asked))
        }
    }
}

fn pending(inquiry: Option<&Inquiry>, names: &[String], at: Option<&str>) -> String {
    let mut listed = names
        .iter()
        .take(MOST_NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > MOST_NAMED {
        listed = format!("{listed} and {} more", names.len() - MOST_NAMED);
    }
    let tool = inquiry.map(|inquiry| inquiry.tool);
    if matches!(tool, Some(Tool::Alembic | Tool::FlaskMigrate)) {
        return at.map_or_else(
            || format!("no migration has run yet; the newest is {listed}"),
            |at| format!("migrations are pending: the database is at {at}, the newest is {listed}"),
        );
    }
    match (tool, names.len()) {
        (Some(Tool::Own), 0) => "a migration is pending".to_owned(),
        (Some(Tool::Own), _) => format!("a migration is pending: {listed}"),
        (_, 0) => "no migration has run yet".to_owned(),
        (_, 1) => format!("1 migration is pending: {listed}"),
        (_, count) => format!("{count} migrations are pending: {listed}"),
    }
}

fn conflicting(cx: &Cx, conflict: &Conflict, plain: &dyn Fn(&str) -> String) -> Finding {
    let finding = |title: String| Finding::new(Code::SchemaMigrationConflict, title);
    let list = |names: &[String]| plain(&names.join(", "));
    match conflict {
        Conflict::UnknownToFiles(id) => finding(format!(
            "the database is at migration {}, which isn't in this repository",
            plain(id)
        ))
        .hint(
            "other code ran it: pull, or check out the branch that has it; to drop it, downgrade with that code first, or use \
            another branch of the database",
        ),
        Conflict::SeveralHeads(heads) => finding(format!(
            "the migrations have {} heads: {}",
            heads.len(),
            list(heads)
        ))
        .hint(format!(
            "run `alembic merge heads` (`flask db merge heads`) to join them; or let `{}` upgrade to `heads`",
            line(&cx.settings.schema.command)
        )),
        Conflict::HalfApplied(names) => {
            finding(format!("migration {} was started and failed", list(names))).hint(format!(
                "check what it did, then run `prisma migrate resolve --rolled-back {0}` or `--applied {0}`",
                names.first().map(|name| plain(name)).unwrap_or_default()
            ))
        }
        Conflict::Told(words) => finding("the migrations contradict each other".to_owned())
            .hint(format!("fix the migrations: {}", plain(words))),
    }
}

fn not_clear(
    name: &str,
    tool: Option<Tool>,
    unclear: &Unclear,
    plain: &dyn Fn(&str) -> String,
) -> Finding {
    match unclear {
        Unclear::NoMigrations => undetermined(format!("{name} has no migrations yet"))
            .hint("create the first one, and commit it"),
        Unclear::TooLong => undetermined(format!("{name} prints too much output"))
            .hint("make it print less: only the last 64 KiB are kept"),
        Unclear::WouldWrite => tool.map_or_else(|| undetermined(name), would_write),
        Unclear::Failed { code, last } => {
            let code =
                code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
            let last = if last.is_empty() {
                "it printed nothing".to_owned()
            } else {
                plain(last)
            };
            undetermined(format!(
                "{name} can't tell whether a migration is pending: {code}, {last}"
            ))
            .hint("run the command yourself to see its whole output")
        }
        Unclear::NotUnderstood { last } => {
            let last = if last.is_empty() {
                "nothing".to_owned()
            } else {
                plain(last)
            };
            undetermined(format!("can't understand the answer of {name}: {last}"))
                .hint("run the command yourself; if nothing is pending, set [schema] pending in neonup.toml")
        }
    }
}

fn models(cx: &Cx, tool: Tool, differences: &[String]) -> Finding {
    let text = differences.join(", ");
    let secrets = connection::secrets(cx);
    let finding = Finding::new(
        Code::SchemaModelsDiffer,
        "the models and the migrations differ",
    )
    .detail(connection::redact(&text, &secrets))
    .severity(Severity::Warning);
    finding.hint(match tool {
        Tool::Django => "python manage.py makemigrations",
        Tool::FlaskMigrate => "flask db migrate",
        Tool::Alembic | Tool::Prisma | Tool::Knex | Tool::Dbmate | Tool::Own => {
            "alembic revision --autogenerate"
        }
    })
}

#[cfg(test)]
mod tests;

//! The schema step: compares the database with what the schema's files make, column by column.
//!
//! A probe runs nothing of the repository in the user's database: what the files make is found out in a Postgres of our own
//! ([`crate::ports::shapes`]), and where that cannot be, it is not determined.

mod beforehand;
mod compare;
mod drizzle;
mod fixed;
mod last_run;
mod pending;
mod resume;
mod written;

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    core::{
        answer::CommandAnswer,
        children::Child,
        code::{Code, Severity},
        event::{Progress, Report, Verdict},
        facts::{Facts, SchemaFacts, Table},
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        proof::Basis,
        step::StepId,
        trust::CommandPurpose,
    },
    domain::{app_log::telling_line, counted::counted, migrations, question, url::Connection},
    engine::{
        build, connection,
        context::Cx,
        own_address,
        packages::{self, Prepared},
        schema::{compare::compare, pending::Migrations},
        stand_ins,
        step::Step,
        trust,
    },
    ports::{
        database::{DatabaseError, SchemaShape, Session, SqlFile, TableFacts},
        process::{CommandSpec, ProcessError},
        shapes::{NotDetermined, SchemaQuestion},
    },
    project::settings::SchemaSettings,
};

/// The longest time that the project's migration command may take.
const MIGRATION: Duration = Duration::from_mins(10);

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why a command waits: without the env file it would connect to whatever else it finds.
const NO_ENV_FILE: &str = "waits for a connection URL in the env file";

/// Why a command waits whose application opens its database without the env file: it may change another one.
const ADDRESS_OF_ITS_OWN: &str =
    "waits until the code reads its address: the command could change another database";

/// The schema step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SchemaStep;

#[async_trait]
impl Step for SchemaStep {
    type Answer = CommandAnswer;

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        Ok(look(cx, false).await?.report)
    }

    async fn apply(&self, cx: &Cx, answer: CommandAnswer) -> Result<Report> {
        trust::answered(cx, &answer)?;
        let wanted = &cx.settings.schema;
        if wanted == &SchemaSettings::default() {
            return self.probe(cx).await;
        }
        if !wanted.command.is_empty() && own_address::find(cx).is_some() {
            return Ok(Report::waiting(ADDRESS_OF_ITS_OWN));
        }
        let Some(connection) = connection::of_app_or_project(cx) else {
            return Ok(Report::waiting("waits for a connection URL"));
        };
        if connection::leads_elsewhere(cx) {
            return Ok(Report::waiting(
                "the env file points to another database: run `neonup setup env` first",
            ));
        }
        if wanted.command.is_empty() {
            let before = self.probe(cx).await?;
            if before.verdict() == Verdict::Done && before.findings.is_empty() {
                // proved: what can be run once only is not run again
                return Ok(before);
            }
            let files = files(cx)?;
            cx.progress(Progress::label(format!("running {}", source(wanted))));
            let authority = cx.authority().await?;
            let mut session = cx
                .ports
                .database
                .connect(&connection, authority.as_deref())
                .await?;
            let question = SchemaQuestion {
                files,
                role: connection.role.clone(),
                database: connection.database.clone(),
            };
            let ran = resume::already_run(cx, &mut *session, &question).await?;
            let left = question.files.get(ran..).unwrap_or_default();
            session.run(left).await?;
        } else if fixed::finding(cx).is_none()
            && trust::permit(cx, CommandPurpose::Schema)?.is_none()
        {
            if connection::of_app(cx).is_none() {
                return Ok(Report::waiting(NO_ENV_FILE));
            }
            // the migration needs them before the application does; what keeps them away is said where it fails for want of them
            let mut prepared = packages::prepare(cx).await.map_err(of_command)?;
            if let Prepared::Refused(finding) = build::prepare(cx, build::wanted::BuildFor::Schema)
                .await
                .map_err(of_command)?
            {
                return Ok(not_built(finding));
            }
            let before = last_run::inputs(cx, &SchemaShape::default()).await;
            let mut run = migrate_all(cx, &wanted.command).await;
            if let Ok(Ran::LacksPackage(failure)) = run {
                if !matches!(prepared, Prepared::Refused(_)) {
                    prepared = packages::supply(cx).await.map_err(of_command)?;
                }
                run = match prepared {
                    Prepared::Installed => migrate_all(cx, &wanted.command).await,
                    // why the packages are not there is what has to be fixed
                    Prepared::Refused(finding) => {
                        Err(failure.why(finding.title).hint(finding.hint))
                    }
                    Prepared::Nothing => Err(failure),
                };
            }
            let run = match run {
                Ok(Ran::Yes) => Ok(()),
                Ok(Ran::NotEmpty) => return self.probe(cx).await,
                Ok(Ran::LacksPackage(failure) | Ran::Asks(failure)) | Err(failure) => Err(failure),
            };
            let look = look(cx, run.is_ok()).await?;
            if run.is_ok()
                && look.report.verdict() == Verdict::Done
                && let Some(found) = &look.found
            {
                last_run::keep(cx, &before, found).await;
            }
            // what has to be fixed first is the cause, and running it again does not help
            return match run {
                Err(failure) if !look.conflict => Err(failure),
                Ok(()) | Err(_) => Ok(look.report),
            };
        }
        self.probe(cx).await
    }
}

/// What keeps the command from running is this step's failure.
fn of_command(failure: Failure) -> Failure {
    Failure {
        code: Code::SchemaCommandFailed,
        ..failure
    }
}

/// Reports that the command can't run before the project is built.
fn not_built(finding: Finding) -> Report {
    Report::judged(
        finding.title.clone(),
        Basis::not_determined(finding),
        Vec::new(),
    )
}

/// Whether what a command printed at its end says that a program or a package is missing.
fn lacks_package(line: &str) -> bool {
    [
        "No module named",
        "Couldn't import Django",
        "Cannot find module",
        "Cannot find package",
        // a command of a plugin: Flask-Migrate's `db`, Django's of an app
        "No such command",
        "Unknown command:",
        "not found",
    ]
    .iter()
    .any(|words| line.contains(words))
}

/// What a look has found.
struct Look {
    report: Report,
    /// Whether the migrations have to be fixed before the command can run.
    conflict: bool,
    /// What the database holds, where it was seen.
    found: Option<SchemaShape>,
}

impl From<Report> for Look {
    fn from(report: Report) -> Self {
        Self {
            report,
            conflict: false,
            found: None,
        }
    }
}

/// Looks. `ran`: the migration command has just ended well.
async fn look(cx: &Cx, ran: bool) -> Result<Look> {
    let wanted = &cx.settings.schema;
    if wanted == &SchemaSettings::default() {
        return Ok(Report::skipped("no schema was found, and neonup.toml doesn't set one").into());
    }
    let files = files(cx)?;
    let mut facts = SchemaFacts {
        source: source(wanted),
        sql: files
            .iter()
            .map(|file| file.text.as_str())
            .collect::<Vec<_>>()
            .join("\n"),
        several_transactions: !beforehand::notes(&files).is_empty(),
        tables: Vec::new(),
    };
    cx.show(Facts::Schema(facts.clone()));
    let Some(connection) = connection::of_app_or_project(cx) else {
        return Ok(Report::waiting("waits for a connection URL")
            .facts(Facts::Schema(facts))
            .into());
    };
    cx.progress(Progress::label("reading the tables"));
    let question = SchemaQuestion {
        files,
        role: connection.role.clone(),
        database: connection.database.clone(),
    };
    if !wanted.command.is_empty() && own_address::is_fixed(cx).is_some() {
        return Ok(Report::waiting(ADDRESS_OF_ITS_OWN)
            .facts(Facts::Schema(facts))
            .into());
    }
    if !wanted.command.is_empty() && connection::of_app(cx).is_none() {
        // it would connect to whatever else it finds
        return Ok(Report::waiting(NO_ENV_FILE)
            .facts(Facts::Schema(facts))
            .into());
    }
    let (found, expected) = tokio::join!(found(cx, &connection), resume::expected(cx, &question));
    let (mut session, found) = match found? {
        Ok(found) => found,
        // why it does not connect is the health step's to report
        Err(error) => {
            let report = Report::waiting(format!("waits for a connection: {error}"));
            return Ok(report.facts(Facts::Schema(facts)).into());
        }
    };
    let migrations = if wanted.command.is_empty() {
        None
    } else {
        Some(pending::look(cx, &mut *session, &found, ran).await)
    };
    let conflict = migrations
        .as_ref()
        .is_some_and(|migrations| migrations.conflict);
    // a command that has nothing to make needs no consent
    let consent = || trust::missing(cx, CommandPurpose::Schema);
    let looked = Looked {
        files: &question.files,
        expected,
        found: &found,
        migrations,
    };
    let (report, tables) = judge(wanted, looked, consent);
    facts.tables = tables;
    Ok(Look {
        report: report.facts(Facts::Schema(facts)),
        conflict,
        found: Some(found),
    })
}

/// Names what creates the tables.
fn source(wanted: &SchemaSettings) -> String {
    if wanted.command.is_empty() {
        wanted.files.join(", ")
    } else {
        wanted.command.join(" ")
    }
}

/// Reads the SQL files.
fn files(cx: &Cx) -> Result<Vec<SqlFile>> {
    let mut files = Vec::new();
    for name in &cx.settings.schema.files {
        let failed = |why: String| {
            Failure::new(Code::SchemaSqlError, format!("can't read `{name}`"))
                .why(why)
                .hint("check [schema] files in neonup.toml: paths are relative to the repository root")
        };
        let bytes = cx
            .ports
            .files
            .read(&cx.settings.path(name))
            .map_err(|error| failed(error.to_string()))?
            .ok_or_else(|| failed("the file doesn't exist".to_owned()))?;
        let mut text =
            String::from_utf8(bytes).map_err(|_invalid| failed("it isn't UTF-8".to_owned()))?;
        if text.starts_with(BYTE_ORDER_MARK) {
            // some editors put it before the first statement, where it is no SQL
            text.drain(..BYTE_ORDER_MARK.len_utf8());
        }
        files.push(SqlFile {
            name: name.clone(),
            text,
        });
    }
    Ok(files)
}

/// A session that is open, and what the database holds.
type OpenSession = (Box<dyn Session>, SchemaShape);

/// Reads what the database holds; why it did not connect, where it did not.
async fn found(
    cx: &Cx,
    connection: &Connection,
) -> Result<std::result::Result<OpenSession, DatabaseError>> {
    let authority = cx.authority().await?;
    let database = &cx.ports.database;
    match database.connect(connection, authority.as_deref()).await {
        Ok(mut session) => {
            let shape = session.shape().await?;
            Ok(Ok((session, shape)))
        }
        Err(error) => Ok(Err(error)),
    }
}

/// What a look has to judge.
struct Looked<'a> {
    files: &'a [SqlFile],
    expected: std::result::Result<SchemaShape, NotDetermined>,
    found: &'a SchemaShape,
    /// What the migration tool answered, where there is a command.
    migrations: Option<Migrations>,
}

/// Says in one sentence what is missing or different; `None` where nothing is.
fn missing(findings: &[Finding]) -> Option<String> {
    let gaps: Vec<_> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Gap)
        .collect();
    let are_tables = gaps.iter().all(|gap| gap.code == Code::SchemaMissingTable);
    match gaps.as_slice() {
        [] => None,
        [one] => Some(one.title.clone()),
        several if are_tables => Some(format!("{} tables are missing", several.len())),
        several => Some(format!(
            "{} tables, columns or objects are missing or different",
            several.len()
        )),
    }
}

/// Judges what was found by what is expected: what the files make, the tables that the configuration lists, and what the migration
/// tool says.
fn judge(
    wanted: &SchemaSettings,
    looked: Looked<'_>,
    consent: impl FnOnce() -> Option<Finding>,
) -> (Report, Vec<Table>) {
    let Looked {
        files,
        expected,
        found,
        migrations,
    } = looked;
    let (expected, unknown) = match expected {
        Ok(shape) => (shape, None),
        Err(why) => (SchemaShape::default(), Some(why)),
    };
    let (tables, mut findings) = compare(wanted, &expected, found);
    if files.is_empty() && wanted.command.is_empty() {
        for finding in &mut findings {
            finding.fixable = false;
            "set the schema's SQL files, or its command, in neonup.toml"
                .clone_into(&mut finding.hint);
        }
    }
    if !migrations
        .as_ref()
        .is_some_and(|migrations| migrations.explains_no_table)
    {
        findings.extend(never_run(wanted, &found.tables));
    }
    let missing = missing(&findings);
    let is_missing = missing.is_some();
    if is_missing || unknown.is_some() {
        findings.extend(beforehand::notes(files));
    }
    let columns: usize = tables.iter().map(|table| table.columns.len()).sum();
    let objects = expected.objects.len();
    let evidence = if let Some(missing) = missing {
        missing
    } else if let Some(why) = &unknown {
        format!("couldn't determine: {why}")
    } else if tables.is_empty() && objects == 0 {
        let are = counted(found.tables.len(), "table");
        format!("{are}; neonup.toml lists none to compare with")
    } else {
        let others = match objects {
            0 => String::new(),
            objects => format!(", {}", counted(objects, "other object")),
        };
        let rows = if files.iter().any(|file| beforehand::adds_rows(&file.text)) {
            "; rows not compared"
        } else {
            ""
        };
        let tables = counted(tables.len(), "table");
        let columns = counted(columns, "column");
        format!("{tables}, {columns}{others} as expected{rows}")
    };
    let basis = match unknown.map(|why| beforehand::not_determined(&why, wanted)) {
        Some(finding) if finding.severity == Severity::Gap => Basis::not_determined(finding),
        // the tables that the project lists were compared
        noted => {
            findings.extend(noted);
            Basis::Seen
        }
    };
    let (mut evidence, mut basis, mut asked) = (evidence, basis, false);
    if let Some(migrations) = migrations {
        evidence = if is_missing {
            evidence
        } else if tables.is_empty() {
            migrations.evidence
        } else {
            format!("{}; {evidence}", migrations.evidence)
        };
        asked = migrations.asks_consent;
        findings.extend(migrations.findings);
        basis = basis.and(migrations.basis);
    }
    let runs = findings.iter().any(|finding| finding.fixable)
        || !wanted.command.is_empty() && basis != Basis::Seen;
    if runs && !asked {
        findings.extend(consent());
    }
    (Report::judged(evidence, basis, findings), tables)
}

/// Reports that the migration command never ran: no table is named, and there is none.
fn never_run(wanted: &SchemaSettings, found: &[TableFacts]) -> Option<Finding> {
    let unknown = wanted.tables.is_empty() && wanted.files.is_empty();
    let any = found.iter().any(|table| !table.name.contains('.'));
    if wanted.command.is_empty() || !unknown || any {
        return None;
    }
    Some(
        Finding::new(Code::SchemaMissingTable, "the database has no tables yet")
            .detail(format!("`{}` creates them", source(wanted)))
            .command(Invocation::SetupStep(StepId::Schema))
            .fixable(),
    )
}

/// Whether the migration command ran.
enum Ran {
    Yes,
    /// A program or a package that it needs is missing.
    LacksPackage(Failure),
    /// It asked a question, and was not answered.
    Asks(Failure),
    /// It runs only in an empty database, and this one isn't.
    NotEmpty,
}

/// Whether a command that drops tables, or adds rows, may run: it is looked for right before, in the database that it is told.
async fn is_empty(cx: &Cx) -> Result<bool> {
    let Some(connection) = connection::of_app(cx) else {
        return Ok(false);
    };
    let authority = cx.authority().await?;
    let database = &cx.ports.database;
    let mut session = database.connect(&connection, authority.as_deref()).await?;
    let shape = session.shape().await?;
    Ok(shape.tables.is_empty() && shape.objects.is_empty())
}

/// Runs the project's own migration command. `drizzle-kit push` asks before it loses rows, and before anything where its configuration is
/// `strict`: in an empty database there is nothing to lose, so that it gets its own word for "yes".
async fn migrate_all(cx: &Cx, command: &[String]) -> Result<Ran> {
    let ran = migrate(cx, command).await?;
    if matches!(ran, Ran::Asks(_))
        && let Some(forced) = trust::forced_push(&cx.settings, &cx.ports)
        && is_empty(cx).await?
    {
        let told = migrate(cx, &forced).await;
        // before 0.23 it didn't know that word
        if !matches!(&told, Err(failure) if failure.why.contains("unknown option")) {
            return told;
        }
    }
    Ok(ran)
}

/// Runs a migration command, with the values of the first env file in its environment.
async fn migrate(cx: &Cx, command: &[String]) -> Result<Ran> {
    let line = command.join(" ");
    let dir = cx.settings.path(cx.settings.schema_dir());
    let program = command.first().map(String::as_str).unwrap_or_default();
    let Some(found) = cx.ports.process.find(program, &dir) else {
        let failure = Failure::new(
            Code::SchemaCommandFailed,
            format!("the program `{program}` isn't installed"),
        )
        .why("looked in the project's virtual environment and in PATH")
        .hint("install it, or change [schema] command in neonup.toml");
        return Ok(Ran::LacksPackage(failure));
    };
    let mut argv = vec![found.display().to_string()];
    argv.extend(command.iter().skip(1).cloned());
    cx.progress(Progress::label(format!("running {line}")));
    let spec = CommandSpec {
        child: Child::Migration,
        argv,
        dir,
        env: connection::environment(cx),
    };
    if cx.settings.schema.only_empty && !is_empty(cx).await? {
        return Ok(Ran::NotEmpty);
    }
    let secrets: Vec<_> = spec.env.iter().map(|(_, value)| value.clone()).collect();
    let asked = |question: &str| {
        let what = format!("`{line}` asks a question, and there is no terminal to answer it on");
        Failure::new(Code::SchemaCommandFailed, what)
            .why(connection::redact(question, &secrets))
            .hint(format!(
                "run it yourself in a terminal, in {}: neonup never answers questions about your data",
                match cx.settings.schema_dir() {
                    "" => "the project folder",
                    dir => dir,
                }
            ))
    };
    let ended = match stand_ins::run(cx, spec, MIGRATION).await {
        Err(ProcessError::Asks { output, .. }) => {
            return Ok(Ran::Asks(asked(
                &question::waits(&output).unwrap_or_default(),
            )));
        }
        ended => ended?,
    };
    if let Some(question) = question::not_asked(&ended.output) {
        return Ok(Ran::Asks(asked(&question)));
    }
    let plain = migrations::plain_lines(&ended.output).join("\n");
    if ended.code == Some(0) {
        if trust::pushes(&cx.settings, &cx.ports) && !migrations::says_pushed(&plain) {
            let what = format!("`{line}` ended without reporting that the database is up to date");
            return Err(Failure::new(Code::SchemaCommandFailed, what)
                .why(connection::redact(&telling_line(&plain), &secrets))
                .hint("run it yourself in its folder to see its whole output"));
        }
        return Ok(Ran::Yes);
    }
    let last = telling_line(&plain);
    let failure = Failure::new(
        Code::SchemaCommandFailed,
        format!(
            "`{line}` failed with {}",
            ended
                .code
                .map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"))
        ),
    )
    .why(connection::redact(&last, &secrets))
    .hint("run it yourself in its folder to see its whole output");
    if lacks_package(&last) {
        Ok(Ran::LacksPackage(failure))
    } else {
        Err(failure)
    }
}

#[cfg(test)]
mod tests;

//! What the step makes of a migration tool's answers, in a world whose programs answer as the tools do.

use crate::{
    core::{
        answer::CommandAnswer,
        code::{Code, Severity},
        event::{Report, Verdict},
        step::StepId,
    },
    engine::{schema::SchemaStep, step::Step as _},
    ports::database::{ColumnFacts, SchemaShape, TableFacts},
    project::settings::Flags,
    testing::world::{PASSWORD, World},
};

const ALEMBIC: &str = "command = [\"alembic\", \"upgrade\", \"head\"]";

fn table(name: &str, columns: &[&str]) -> TableFacts {
    let column = |name: &&str| ColumnFacts {
        name: (*name).to_owned(),
        kind: "text".to_owned(),
        nullable: false,
        default: None,
    };
    TableFacts {
        name: name.to_owned(),
        columns: columns.iter().map(column).collect(),
        constraints: Vec::new(),
        indexes: Vec::new(),
    }
}

/// A clone with an env file, and a database that Alembic has brought to this revision.
fn world(at: Option<&str>) -> World {
    let world = World::default();
    let url =
        format!("DATABASE_URL=postgresql://neondb_owner:{PASSWORD}@ep-a-1.aws.neon.tech/neondb\n");
    world.with(|state| state.files.insert("/repo/.env".into(), url.into()));
    if let Some(at) = at {
        world.with(|state| {
            state.shape = SchemaShape {
                major: 17,
                tables: vec![
                    table("alembic_version", &["version_num"]),
                    table("guest", &["id"]),
                ],
                objects: Vec::new(),
            };
            let values = vec![at.to_owned()];
            state.values.insert("alembic_version".to_owned(), values);
        });
    }
    world
}

fn answers(world: &World, lines: &[(&str, i32, &str)]) {
    world.with(|state| {
        for (line, code, text) in lines {
            let answer = Some((*code, (*text).to_owned()));
            state.programs.insert((*line).to_owned(), answer);
        }
    });
}

/// Alembic with these revisions, whose env.py knows no models.
fn alembic(world: &World, current: &str, heads: &str) {
    answers(
        world,
        &[
            ("alembic current", 0, current),
            ("alembic heads", 0, heads),
            (
                "alembic check",
                255,
                "FAILED: Can't proceed with --autogenerate option\n",
            ),
            ("alembic upgrade head", 0, ""),
        ],
    );
}

fn config(schema: &str) -> String {
    format!(
        "[project]\nname = \"todo\"\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = {{ url = \"direct\" }}\n[schema]\n{schema}\n"
    )
}

async fn looked(world: &World, schema: &str, trust: &str) -> Report {
    let variables = [("NEONUP_TRUST", trust)];
    let settings = World::settings_of(&config(schema), &variables, Flags::default());
    let (cx, _events) = world.context(settings, StepId::Schema);
    SchemaStep.probe(&cx).await.unwrap()
}

async fn ran(world: &World, schema: &str) -> Report {
    let variables = [("NEONUP_TRUST", "1")];
    let settings = World::settings_of(&config(schema), &variables, Flags::default());
    let (cx, _events) = world.context(settings, StepId::Schema);
    SchemaStep.apply(&cx, CommandAnswer::Default).await.unwrap()
}

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

fn calls(world: &World) -> Vec<String> {
    world.with(|state| {
        let calls = state.calls_of_programs.drain(..);
        calls.map(|(line, _)| line).collect()
    })
}

#[tokio::test]
async fn only_an_answer_proves_that_nothing_is_pending() {
    let world = world(Some("0002"));
    alembic(&world, "0002 (head)\n", "0002 (head)\n");
    let report = looked(&world, ALEMBIC, "1").await;
    assert_eq!((report.verdict(), codes(&report)), (Verdict::Done, vec![]));
    assert_eq!(
        report.evidence,
        "nothing is pending after 0002, according to Alembic"
    );
    // a migration is added: a table that is there is no answer
    alembic(&world, "0002\n", "0003 (head)\n");
    let report = looked(&world, ALEMBIC, "1").await;
    assert_eq!(report.verdict(), Verdict::Todo);
    assert_eq!(codes(&report), [Code::SchemaMigrationPending]);
    assert!(report.findings[0].fixable);
    assert!(
        report.findings[0]
            .title
            .contains("at 0002, the newest is 0003")
    );
    let asked = calls(&world);
    assert!(
        !asked.contains(&"alembic upgrade head".to_owned()),
        "{asked:?}"
    );
}

#[tokio::test]
async fn nobody_is_asked_in_a_clone_that_nobody_trusts() {
    let world = world(Some("0002"));
    alembic(&world, "0002 (head)\n", "0002 (head)\n");
    for schema in [
        ALEMBIC,
        "command = [\"sh\", \"m.sh\"]\npending = [\"alembic\", \"current\"]",
        "command = [\"sh\", \"m.sh\"]",
    ] {
        let report = looked(&world, schema, "0").await;
        assert_eq!(report.verdict(), Verdict::Todo, "{schema}");
        assert!(
            codes(&report).contains(&Code::SchemaCommandUntrusted),
            "{report:?}"
        );
        assert_eq!(calls(&world), [""; 0], "{schema}");
    }
    // what is agreed to is shown: the question as well as the command
    let report = looked(&world, ALEMBIC, "0").await;
    let shown = &report.findings[0];
    for question in ["`alembic current`", "`alembic heads`", "`alembic check`"] {
        assert!(shown.detail.contains(question), "{}", shown.detail);
    }
    let command = shown.untrusted.clone().unwrap();
    assert_eq!(command.questions.len(), 3);
    world.with(|state| state.agreed = vec![*command]);
    let report = looked(&world, ALEMBIC, "0").await;
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    // consent to the command with another question is none
    let other = format!("{ALEMBIC}\npending = [\"sh\", \"other.sh\"]");
    let report = looked(&world, &other, "0").await;
    assert_eq!(codes(&report), [Code::SchemaCommandUntrusted]);
    assert!(
        report.findings[0].detail.contains("the check's queries"),
        "{report:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_told_is_not_done() {
    let undetermined = |world: World, schema: &'static str| async move {
        let report = looked(&world, schema, "1").await;
        assert_eq!(report.verdict(), Verdict::Todo, "{report:?}");
        assert_eq!(codes(&report), [Code::SchemaNotDetermined], "{report:?}");
        assert_eq!(report.findings[0].severity, Severity::Gap);
        format!("{} {}", report.findings[0].title, report.findings[0].hint)
    };
    // not installed
    let said = undetermined(world(Some("0002")), ALEMBIC).await;
    assert!(said.contains("`alembic` isn't installed"), "{said}");
    // never answers
    let hangs = world(Some("0002"));
    hangs.with(|state| state.programs.insert("alembic current".to_owned(), None));
    let said = undetermined(hangs, ALEMBIC).await;
    assert!(said.contains("didn't answer within 30 s"), "{said}");
    // fails, with a secret in its last words
    let fails = world(Some("0002"));
    alembic(&fails, "", "0002 (head)\n");
    let last = format!("OperationalError: postgresql://neondb_owner:{PASSWORD}@ep-a-1/neondb");
    answers(&fails, &[("alembic current", 1, &last)]);
    let said = undetermined(fails, ALEMBIC).await;
    assert!(
        said.contains("OperationalError") && !said.contains(PASSWORD),
        "{said}"
    );
    // has no migration
    let empty = world(Some("0002"));
    alembic(&empty, "", "");
    let said = undetermined(empty, ALEMBIC).await;
    assert!(said.contains("no migrations yet"), "{said}");
    // is at the end of another database
    for at in [Some("0001"), None] {
        let elsewhere = world(at);
        elsewhere.with(|state| state.shape.tables.push(table("guest", &["id"])));
        alembic(&elsewhere, "0002 (head)\n", "0002 (head)\n");
        let said = undetermined(elsewhere, ALEMBIC).await;
        assert!(said.contains("different database"), "{said}");
    }
}

/// A clone whose migration command has run, with what was said of a look before and after.
async fn migrated(schema: &str) -> World {
    let world = world(Some("0002"));
    answers(&world, &[("sh migrate.sh", 0, "")]);
    let report = looked(&world, schema, "1").await;
    assert_eq!(codes(&report), [Code::SchemaNotDetermined]);
    assert!(report.findings[0].hint.contains("pending ="), "{report:?}");
    assert_eq!(calls(&world), [""; 0]);
    let report = ran(&world, schema).await;
    assert_eq!((report.verdict(), codes(&report)), (Verdict::Done, vec![]));
    assert_eq!(report.evidence, "`sh migrate.sh` has just run");
    assert_eq!(calls(&world), ["sh migrate.sh"]);
    world
}

const SCRIPT: &str = "command = [\"sh\", \"migrate.sh\"]";

#[tokio::test]
async fn a_run_that_nobody_can_ask_about_stands_while_its_files_and_tables_do() {
    let world = migrated(SCRIPT).await;
    let report = looked(&world, SCRIPT, "1").await;
    assert_eq!((report.verdict(), codes(&report)), (Verdict::Done, vec![]));
    assert!(
        report.evidence.contains("haven't changed since"),
        "{report:?}"
    );
    // what else the env file says and a table of the application's own change nothing
    world.with(|state| {
        let path = std::path::Path::new("/repo/.env");
        let env = state.files.get_mut(path).unwrap();
        env.extend_from_slice(b"JWT_SECRET=new\n");
        state.shape.tables.push(table("session", &["sid"]));
    });
    assert_eq!(looked(&world, SCRIPT, "1").await.verdict(), Verdict::Done);
    // tables that are listed are compared as well
    let listed = format!("{SCRIPT}\n[schema.tables]\nguest = [\"id\"]\nroom = [\"id\"]");
    let report = looked(&world, &listed, "1").await;
    assert_eq!(codes(&report), [Code::SchemaMissingTable]);
    let listed = format!("{SCRIPT}\n[schema.tables]\nguest = [\"id\"]");
    assert_eq!(looked(&world, &listed, "1").await.verdict(), Verdict::Done);
    assert_eq!(calls(&world), [""; 0]);
}

#[tokio::test]
async fn a_run_no_longer_stands_once_something_of_it_has_changed() {
    type Change = fn(&World);
    let changes: [(&str, Change); 6] = [
        ("`schema.sql`", |world| {
            world.with(|state| state.files.insert("/repo/schema.sql".into(), b"2".to_vec()));
        }),
        ("the table `guest`", |world| {
            world.with(|state| state.shape.tables.retain(|table| table.name != "guest"));
        }),
        ("the table `guest`", |world| {
            world.with(|state| {
                state.shape.tables[1].columns.pop();
            });
        }),
        ("the database in the env file", |world| {
            let url = format!(
                "DATABASE_URL=postgresql://neondb_owner:{PASSWORD}@ep-b-2.aws.neon.tech/neondb\n"
            );
            world.with(|state| state.files.insert("/repo/.env".into(), url.into()));
        }),
        ("`migrations/0003.sql`", |world| {
            world.with(|state| {
                let path = "/repo/migrations/0003.sql".into();
                state.files.insert(path, b"3".to_vec())
            });
        }),
        ("", |world| world.with(|state| state.schema_run = None)),
    ];
    for (name, change) in changes {
        let world = migrated(SCRIPT).await;
        change(&world);
        let report = looked(&world, SCRIPT, "1").await;
        assert_eq!(codes(&report), [Code::SchemaNotDetermined], "{name}");
        let detail = &report.findings[0].detail;
        assert!(detail.contains(name), "{name}: {detail}");
        // a second run makes it stand again
        assert_eq!(ran(&world, SCRIPT).await.verdict(), Verdict::Done);
        assert_eq!(looked(&world, SCRIPT, "1").await.verdict(), Verdict::Done);
    }
    // nor does another command's
    let world = migrated(SCRIPT).await;
    let report = looked(&world, "command = [\"sh\", \"other.sh\"]", "1").await;
    assert_eq!(codes(&report), [Code::SchemaNotDetermined]);
    assert!(
        report.findings[0]
            .detail
            .contains("the migration command changed"),
        "{report:?}"
    );
}

#[tokio::test]
async fn the_projects_own_question_is_asked() {
    let schema = "command = [\"sh\", \"migrate.sh\"]\npending = [\"sh\", \"pending.sh\"]";
    let world = world(Some("0002"));
    for (code, verdict, codes_then) in [
        (0, Verdict::Done, vec![]),
        (1, Verdict::Todo, vec![Code::SchemaMigrationPending]),
        (2, Verdict::Todo, vec![Code::SchemaNotDetermined]),
    ] {
        answers(&world, &[("sh pending.sh", code, "0003 waits\n")]);
        let report = looked(&world, schema, "1").await;
        assert_eq!((report.verdict(), codes(&report)), (verdict, codes_then));
    }
}

#[tokio::test]
async fn a_command_that_leaves_a_migration_behind_is_not_done() {
    let world = world(Some("0002"));
    alembic(&world, "0002\n", "0003 (head)\n");
    let report = ran(&world, ALEMBIC).await;
    assert_eq!(report.verdict(), Verdict::Todo);
    assert_eq!(codes(&report), [Code::SchemaMigrationPending]);
    // to run it again doesn't help
    assert!(!report.findings[0].fixable && report.findings[0].command.is_none());
}

#[tokio::test]
async fn what_has_to_be_fixed_first_is_the_cause() {
    let world = world(Some("0009"));
    alembic(&world, "", "0002 (head)\n");
    let gone = "FAILED: Can't locate revision identified by '0009'\n";
    answers(
        &world,
        &[
            ("alembic current", 255, gone),
            ("alembic upgrade head", 255, gone),
        ],
    );
    for report in [
        looked(&world, ALEMBIC, "1").await,
        ran(&world, ALEMBIC).await,
    ] {
        assert_eq!(report.verdict(), Verdict::Todo);
        assert_eq!(codes(&report), [Code::SchemaMigrationConflict]);
        assert!(report.findings[0].title.contains("0009"), "{report:?}");
        assert!(report.findings[0].command.is_none());
    }
}

#[tokio::test]
async fn a_question_reads_only_where_the_server_can_be_told() {
    let names = |world: &World| {
        world.with(|state| {
            let (_, names) = state.calls_of_programs.first().cloned().unwrap();
            names
        })
    };
    let direct = world(Some("0002"));
    alembic(&direct, "0002 (head)\n", "0002 (head)\n");
    looked(&direct, ALEMBIC, "1").await;
    assert!(names(&direct).contains(&"PGOPTIONS".to_owned()));
    assert!(names(&direct).contains(&"PYTHONDONTWRITEBYTECODE".to_owned()));
    // the pooler refuses what asks for it; a tool that would write is then not asked
    let pooled = world(Some("0002"));
    alembic(&pooled, "0002 (head)\n", "0002 (head)\n");
    let url = format!(
        "DATABASE_URL=postgresql://neondb_owner:{PASSWORD}@ep-a-1-pooler.aws.neon.tech/neondb\n"
    );
    pooled.with(|state| state.files.insert("/repo/.env".into(), url.into()));
    looked(&pooled, ALEMBIC, "1").await;
    assert!(!names(&pooled).contains(&"PGOPTIONS".to_owned()));
    calls(&pooled);
    // what writes to answer may do so after the migration, which has written itself
    let writes = world(Some("0002"));
    alembic(&writes, "0002 (head)\n", "0002 (head)\n");
    assert_eq!(ran(&writes, ALEMBIC).await.verdict(), Verdict::Done);
    let handed = writes.with(|state| state.calls_of_programs.clone());
    for (line, names) in handed {
        assert!(!names.contains(&"PGOPTIONS".to_owned()), "{line}");
    }
    let refused = "InternalError: cannot execute CREATE SCHEMA in a read-only transaction\n";
    answers(&writes, &[("alembic current", 1, refused)]);
    let report = looked(&writes, ALEMBIC, "1").await;
    assert_eq!(codes(&report), [Code::SchemaNotDetermined]);
    assert!(report.findings[0].hint.contains("env.py"), "{report:?}");
    let knex = looked(
        &pooled,
        "command = [\"npx\", \"knex\", \"migrate:latest\"]",
        "1",
    )
    .await;
    assert_eq!(codes(&knex), [Code::SchemaNotDetermined]);
    assert_eq!(calls(&pooled), [""; 0]);
}

#[tokio::test]
async fn models_without_a_migration_are_a_warning() {
    let world = world(Some("0002"));
    alembic(&world, "0002 (head)\n", "0002 (head)\n");
    let told = "FAILED: New upgrade operations detected: [('add_column', 'guest')]\n";
    answers(&world, &[("alembic check", 255, told)]);
    let report = looked(&world, ALEMBIC, "1").await;
    assert_eq!(report.verdict(), Verdict::Done);
    assert_eq!(codes(&report), [Code::SchemaModelsDiffer]);
    assert!(report.findings[0].detail.contains("add_column"));
}

#[tokio::test]
async fn drizzles_journal_is_compared_without_any_program() {
    let world = world(None);
    world.with(|state| {
        let files = [
            ("/repo/web/drizzle.config.ts", "export default { out: './db' }"),
            (
                "/repo/web/db/meta/_journal.json",
                r#"{"version":"7","entries":[{"idx":0,"when":1,"tag":"0000_a"},{"idx":1,"when":2,"tag":"0001_b"}]}"#,
            ),
        ];
        for (path, text) in files {
            state.files.insert(path.into(), text.into());
        }
    });
    let schema = "dir = \"web\"\ncommand = [\"npx\", \"drizzle-kit\", \"migrate\"]";
    let report = looked(&world, schema, "0").await;
    assert!(
        report.findings[0]
            .title
            .contains("2 migrations are pending: 0000_a, 0001_b"),
        "{report:?}"
    );
    let history = "drizzle.__drizzle_migrations";
    world.with(|state| {
        state.shape.tables = vec![table(history, &["id", "hash", "created_at"])];
        state
            .values
            .insert(history.to_owned(), vec!["1".to_owned(), "2".to_owned()]);
    });
    let report = looked(&world, schema, "0").await;
    assert_eq!(
        (report.verdict(), codes(&report)),
        (Verdict::Done, vec![]),
        "{report:?}"
    );
    assert_eq!(calls(&world), [""; 0]);
}

#[tokio::test]
async fn a_push_that_could_not_ask_or_says_nothing_is_no_success() {
    const PUSH: &str = "command = [\"drizzle-kit\", \"push\"]";
    let push = async |output: &str, tables: &[&str]| {
        let world = world(None);
        world.with(|state| {
            let there = tables.iter().map(|name| table(name, &["id"]));
            state.shape.tables.extend(there);
        });
        let forced = "[\u{2713}] Changes applied\n";
        let answered = [
            ("drizzle-kit push", 0, output),
            ("drizzle-kit push --force", 0, forced),
        ];
        answers(&world, &answered);
        let variables = [("NEONUP_TRUST", "1")];
        let settings = World::settings_of(&config(PUSH), &variables, Flags::default());
        let (cx, _events) = world.context(settings, StepId::Schema);
        let applied = SchemaStep.apply(&cx, CommandAnswer::Default).await;
        (applied, calls(&world))
    };
    let asked = "Do you still want to push changes?\nError: Interactive prompts require a TTY terminal\n    at render\n";
    let (failure, calls) = push(asked, &["guest"]).await;
    let failure = failure.unwrap_err();
    assert_eq!(failure.code, Code::SchemaCommandFailed);
    assert!(failure.what.contains("asks a question"), "{failure:?}");
    assert_eq!(failure.why, "Do you still want to push changes?");
    assert_eq!(calls, ["drizzle-kit push"]);
    // where nothing is, nothing can be lost
    let (report, calls) = push(asked, &[]).await;
    assert_eq!(report.unwrap().verdict(), Verdict::Done);
    assert_eq!(calls, ["drizzle-kit push", "drizzle-kit push --force"]);
    let pulled = "Pulling schema from database...\n";
    let failure = push(pulled, &[]).await.0.unwrap_err();
    assert!(failure.what.contains("without reporting"), "{failure:?}");
    // the code may name no table
    let applied = "[\u{2713}] Changes applied\n";
    let report = push(applied, &[]).await.0.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
}

#[tokio::test]
async fn an_alembic_with_an_address_of_its_own_is_neither_asked_nor_run() {
    let world = world(None);
    alembic(&world, "0002 (head)\n", "0002 (head)\n");
    world.with(|state| {
        let ini = "[alembic]\nscript_location = migrations\nsqlalchemy.url = postgresql://app:app@db:5432/app\n";
        let env = "config = context.config\nconnectable = engine_from_config(config.get_section(\"alembic\"))\n";
        state.files.insert("/repo/alembic.ini".into(), ini.into());
        state
            .files
            .insert("/repo/migrations/env.py".into(), env.into());
    });
    for report in [
        looked(&world, ALEMBIC, "1").await,
        ran(&world, ALEMBIC).await,
    ] {
        assert_eq!(report.verdict(), Verdict::Todo);
        assert_eq!(codes(&report), [Code::SchemaNotDetermined], "{report:?}");
        let hint = &report.findings[0].hint;
        assert!(
            hint.contains("below line 1: config.set_main_option"),
            "{hint}"
        );
        assert!(hint.contains("os.environ[\"DATABASE_URL\"]"), "{hint}");
    }
    assert_eq!(calls(&world), [""; 0]);
}

#[tokio::test]
async fn no_migration_and_models_that_need_none_leave_nothing_to_do() {
    let world = world(Some("0002"));
    alembic(&world, "", "");
    let report = looked(&world, ALEMBIC, "1").await;
    assert_eq!(codes(&report), [Code::SchemaNotDetermined], "{report:?}");
    let agrees = "No new upgrade operations detected.\n";
    answers(&world, &[("alembic check", 0, agrees)]);
    let report = looked(&world, ALEMBIC, "1").await;
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
}

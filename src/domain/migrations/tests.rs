//! Commands as people write them, and answers as the tools have given them.

use super::*;

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

const MANAGE: &str = "#!/usr/bin/env python\nimport os\n\ndef main():\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'a.b')\n";

fn ask(line: &str) -> Asking {
    let read = |path: &str| {
        match path {
        "manage.py" | "site/manage.py" => Some(MANAGE.to_owned()),
        "package.json" => Some(
            r#"{"scripts":{"migrate":"prisma migrate deploy","two":"prisma generate && prisma migrate deploy","prisma":"rm -r x"}}"#.to_owned(),
        ),
        "other/manage.py" => Some("import sys  # from django.core\n".to_owned()),
        _ => None,
    }
    };
    asking(&words(line), &[], &read)
}

fn inquiry(line: &str) -> Inquiry {
    match ask(line) {
        Asking::Program(inquiry) => inquiry,
        other @ (Asking::Drizzle { .. } | Asking::Nobody(_)) => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_tool_is_asked_with_the_words_that_ran_it() {
    for (command, tool, questions, models) in [
        (
            "alembic upgrade head",
            Tool::Alembic,
            &["alembic current", "alembic heads"][..],
            "alembic check",
        ),
        (
            ".venv/bin/alembic -c db/alembic.ini -x tenant=a -n prod upgrade heads",
            Tool::Alembic,
            &[
                ".venv/bin/alembic -c db/alembic.ini -x tenant=a -n prod current",
                ".venv/bin/alembic -c db/alembic.ini -x tenant=a -n prod heads",
            ],
            ".venv/bin/alembic -c db/alembic.ini -x tenant=a -n prod check",
        ),
        (
            "python -m alembic --config=x.ini upgrade head",
            Tool::Alembic,
            &[
                "python -m alembic --config=x.ini current",
                "python -m alembic --config=x.ini heads",
            ],
            "python -m alembic --config=x.ini check",
        ),
        (
            "uv run --group dev --env-file .env alembic upgrade head",
            Tool::Alembic,
            &[
                "uv run --no-project --env-file .env alembic current",
                "uv run --no-project --env-file .env alembic heads",
            ],
            "uv run --no-project --env-file .env alembic check",
        ),
        (
            "poetry run python3 -m flask --app shop db upgrade -d db/migrations",
            Tool::FlaskMigrate,
            &[
                "poetry run python3 -m flask --app shop db current -d db/migrations",
                "poetry run python3 -m flask --app shop db heads -d db/migrations",
            ],
            "poetry run python3 -m flask --app shop db check -d db/migrations",
        ),
        (
            "python manage.py migrate --noinput --settings=a.prod",
            Tool::Django,
            &["python manage.py migrate --noinput --settings=a.prod --check --plan"],
            "python manage.py makemigrations --settings=a.prod --check --dry-run --no-input",
        ),
        (
            "./site/manage.py migrate --settings a.prod",
            Tool::Django,
            &["./site/manage.py migrate --settings a.prod --check --plan"],
            "./site/manage.py makemigrations --settings a.prod --check --dry-run --no-input",
        ),
        (
            "npx prisma@6 migrate deploy --schema=db/schema.prisma",
            Tool::Prisma,
            &["npx --no-install prisma@6 migrate status --schema=db/schema.prisma"],
            "",
        ),
        (
            "npm run migrate",
            Tool::Prisma,
            &["npx --no-install prisma migrate status"],
            "",
        ),
        (
            "yarn migrate",
            Tool::Prisma,
            &["yarn run prisma migrate status"],
            "",
        ),
        (
            "pnpm exec prisma migrate deploy --schema x",
            Tool::Prisma,
            &["pnpm exec prisma migrate status --schema x"],
            "",
        ),
        (
            "node_modules/.bin/knex --env production migrate:latest",
            Tool::Knex,
            &["node_modules/.bin/knex --env production migrate:status"],
            "",
        ),
    ] {
        let asked = inquiry(command);
        let line = |argv: &Vec<String>| argv.join(" ");
        assert_eq!(asked.tool, tool, "{command}");
        let lines: Vec<_> = asked.questions.iter().map(line).collect();
        assert_eq!(lines, questions, "{command}");
        let asked = asked.models.as_ref().map(line).unwrap_or_default();
        assert_eq!(asked, models, "{command}");
    }
}

#[test]
fn a_runner_is_asked_first_whether_it_has_an_environment() {
    // these would make one, and nothing else tells that there is none
    let ready = |command: &str| inquiry(command).ready.map(|argv| argv.join(" "));
    assert_eq!(
        ready("pipenv run alembic upgrade head").as_deref(),
        Some("pipenv --venv")
    );
    assert_eq!(
        ready("poetry run alembic upgrade head").as_deref(),
        Some("poetry env info --path")
    );
    assert_eq!(ready("alembic upgrade head"), None);
}

#[test]
fn a_tool_without_a_question_is_named_as_one() {
    for command in [
        "npx drizzle-kit migrate",
        "yarn drizzle-kit migrate",
        "bunx drizzle-kit migrate",
    ] {
        assert_eq!(ask(command), Asking::Drizzle { config: None }, "{command}");
    }
    let named = Asking::Drizzle {
        config: Some("db/drizzle.config.ts".to_owned()),
    };
    assert_eq!(
        ask("drizzle-kit migrate --config=db/drizzle.config.ts"),
        named
    );
    for command in ["npx prisma db push", "npx drizzle-kit push"] {
        let nobody = Asking::Nobody(NoQuestion::NoHistory);
        assert_eq!(ask(command), nobody, "{command}");
    }
}

#[test]
fn what_is_not_certain_is_not_asked() {
    for command in [
        "sh migrate.sh",
        "make migrate",
        // nothing that says so makes it Django: it might take the question for the command
        "python other/manage.py migrate",
        "python missing/manage.py migrate",
        "python manage.py migrate_schemas",
        "python manage.py migrate --fake",
        "alembic upgrade head --sql",
        "alembic downgrade -1",
        "alembic --unknown upgrade head",
        "uv run --with alembic alembic upgrade head",
        "uvx alembic upgrade head",
        "pnpm dlx prisma migrate deploy",
        "npm run two",
        "npm run other",
        // a script of the same name as the tool
        "pnpm prisma",
        "uv run --project x alembic upgrade head",
        "npx prisma migrate reset",
        "sequelize-cli db:migrate",
        "docker compose run web alembic upgrade head",
    ] {
        let nobody = Asking::Nobody(NoQuestion::Unknown);
        assert_eq!(ask(command), nobody, "{command}");
    }
}

fn reply(code: i32, text: &str) -> ToolReply {
    ToolReply {
        code: Some(code),
        text: text.to_owned(),
        cut: false,
    }
}

/// What Alembic says to `current` and `heads`.
fn alembic(command: &str, current: (i32, &str), heads: (i32, &str)) -> ToolAnswer {
    let replies = [reply(current.0, current.1), reply(heads.0, heads.1)];
    answer(&inquiry(command), &replies)
}

fn pending(names: &[&str], at: Option<&str>, reached: bool) -> ToolAnswer {
    ToolAnswer::Pending {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        at: at.map(str::to_owned),
        reached,
    }
}

fn nothing(at: Option<&str>) -> ToolAnswer {
    ToolAnswer::Nothing {
        at: at.map(str::to_owned),
    }
}

#[test]
fn alembic_is_understood() {
    let head = "alembic upgrade head";
    let log = "INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.\nINFO  [alembic.runtime.migration] Will assume transactional DDL.\n";
    let at = |current: &str| alembic(head, (0, current), (0, "0002 (head)\n"));
    assert_eq!(at("0002 (head)\n"), nothing(Some("0002")));
    // logs among it, colors, the line ends of Windows, a word of env.py, another order of the streams
    assert_eq!(at(&format!("{log}0002 (head)\n")), nothing(Some("0002")));
    assert_eq!(
        at("\u{1b}[32m0002 (head)\u{1b}[0m\r\n"),
        nothing(Some("0002"))
    );
    assert_eq!(
        at(&format!("connected\n0002 (head)\n{log}")),
        nothing(Some("0002"))
    );
    assert_eq!(at("0001\n"), pending(&["0002"], Some("0001"), true));
    assert_eq!(at(""), pending(&["0002"], None, true));
    // an env.py of two databases, of which one is behind
    assert_eq!(
        at("0001\n0002 (head)\n"),
        pending(&["0002"], Some("0001, 0002"), true)
    );
    let two = "0002a (head)\n0002b (head)\n";
    assert_eq!(
        alembic(head, (0, "0001 (branchpoint)\n"), (0, two)),
        ToolAnswer::Conflict(Conflict::SeveralHeads(words("0002a 0002b")))
    );
    let all = "alembic upgrade heads";
    assert_eq!(
        alembic(all, (0, "0002a (head)\n"), (0, two)),
        pending(&["0002b"], Some("0002a"), true)
    );
    assert_eq!(
        alembic(all, (0, two), (0, two)),
        nothing(Some("0002a, 0002b"))
    );
    let gone = "FAILED: Can't locate revision identified by '0009'\n";
    assert_eq!(
        alembic(head, (255, gone), (0, "0002 (head)\n")),
        ToolAnswer::Conflict(Conflict::UnknownToFiles("0009".to_owned()))
    );
    // a command that stops before the end
    assert_eq!(
        alembic("alembic upgrade 0001", (0, "0001\n"), (0, "0002 (head)\n")),
        pending(&["0002"], Some("0001"), false)
    );
    let labelled = "ae1027a6 (shop) (effective head)\n";
    assert_eq!(
        alembic(head, (0, labelled), (0, labelled)),
        nothing(Some("ae1027a6"))
    );
}

#[test]
fn alembic_without_an_answer_tells_nothing() {
    let head = "alembic upgrade head";
    let unclear = |current: (i32, &str), heads: (i32, &str)| match alembic(head, current, heads) {
        ToolAnswer::Unclear(unclear) => unclear,
        other @ (ToolAnswer::Nothing { .. }
        | ToolAnswer::Pending { .. }
        | ToolAnswer::Conflict(_)) => {
            panic!("{other:?}")
        }
    };
    assert_eq!(unclear((0, ""), (0, "")), Unclear::NoMigrations);
    let of_uv = "warning: The `UV_NATIVE_TLS` environment variable is deprecated and will be removed in a future release.\n";
    assert_eq!(unclear((0, of_uv), (0, of_uv)), Unclear::NoMigrations);
    let traceback = "Traceback (most recent call last):\n  File \"env.py\"\nKeyError: 'DATABASE_URL'\n(Background on this error at: https://sqlalche.me/e/21/2j85)\n";
    let failed = Unclear::Failed {
        code: Some(1),
        last: "KeyError: 'DATABASE_URL'".to_owned(),
    };
    assert_eq!(unclear((1, traceback), (0, "0002 (head)\n")), failed);
    // an answer of a program that failed is none
    assert!(matches!(
        unclear((1, "0002 (head)\n"), (0, "0002 (head)\n")),
        Unclear::Failed { .. }
    ));
    assert!(matches!(
        unclear((0, "0002 (head)\n"), (0, "all good!\n")),
        Unclear::NotUnderstood { .. }
    ));
    // what was left out of an answer may have been the answer
    let long = ToolReply {
        cut: true,
        ..reply(0, "0002 (head)\n")
    };
    assert_eq!(
        answer(&inquiry(head), &[long, reply(0, "0002 (head)\n")]),
        ToolAnswer::Unclear(Unclear::TooLong)
    );
    let refused = "sqlalchemy.exc.InternalError: (psycopg.errors.ReadOnlySqlTransaction) cannot execute CREATE TABLE in a read-only transaction\n";
    assert_eq!(
        unclear((1, refused), (0, "0002 (head)\n")),
        Unclear::WouldWrite
    );
}

#[test]
fn django_is_understood() {
    let tell =
        |code: i32, text: &str| answer(&inquiry("python manage.py migrate"), &[reply(code, text)]);
    let none = "Planned operations:\n  No planned migration operations.\n";
    assert_eq!(tell(0, none), nothing(None));
    assert_eq!(
        tell(
            0,
            "\u{1b}[1mPlanned operations:\r\n\u{1b}[0m  No planned migration operations.\r\n"
        ),
        nothing(None)
    );
    let plan = "Planned operations:\ncontenttypes.0001_initial\n    Create model ContentType\n    Alter unique_together for contenttype (1 constraint(s))\nbooking.0002_guest_x\n    Add field x to guest\n";
    assert_eq!(
        tell(1, plan),
        pending(
            &["contenttypes.0001_initial", "booking.0002_guest_x"],
            None,
            true
        )
    );
    let conflict = "CommandError: Conflicting migrations detected; multiple leaf nodes in the migration graph: (0002_a, 0002_b in booking).\nTo fix them run 'python manage.py makemigrations --merge'\n";
    assert!(
        matches!(tell(1, conflict), ToolAnswer::Conflict(Conflict::Told(words)) if words.contains("0002_a, 0002_b"))
    );
    // the exit code of a pending migration is that of every other error, too
    let error = "django.db.utils.OperationalError: connection failed\n\tIs the server running on that host?\n";
    for (code, text) in [
        (1, error),
        (1, ""),
        (0, ""),
        (0, plan),
        (1, none),
        (
            2,
            "manage.py migrate: error: unrecognized arguments: --check\n",
        ),
    ] {
        assert!(
            matches!(tell(code, text), ToolAnswer::Unclear(_)),
            "{code} {text}"
        );
    }
}

#[test]
fn prisma_is_understood() {
    let tell =
        |code: i32, text: &str| answer(&inquiry("npx prisma migrate deploy"), &[reply(code, text)]);
    let head = "Loaded Prisma config from prisma.config.ts.\n\nPrisma schema loaded from prisma/schema.prisma.\nDatasource \"db\": PostgreSQL database \"neondb\", schema \"public\" at \"localhost:5432\"\n\n";
    assert_eq!(
        tell(
            0,
            &format!(
                "{head}2 migrations found in prisma/migrations\n\nDatabase schema is up to date!\n"
            )
        ),
        nothing(None)
    );
    assert_eq!(
        tell(
            0,
            &format!(
                "{head}No migration found in prisma/migrations\n\nDatabase schema is up to date!\n"
            )
        ),
        ToolAnswer::Unclear(Unclear::NoMigrations)
    );
    assert_eq!(
        tell(
            1,
            &format!(
                "{head}2 migrations found in prisma/migrations\nFollowing migrations have not yet been applied:\n0001_init\n0002_b\n\nTo apply migrations in development run prisma migrate dev.\n"
            )
        ),
        pending(&["0001_init", "0002_b"], None, true)
    );
    let diverged = "Your local migration history and the migrations table from your database are different:\n\nThe last common migration is: 0001_init\n\nThe migration have not yet been applied:\n0002_b\n\nThe migration from the database are not found locally in prisma/migrations:\n0002_a\n";
    assert_eq!(
        tell(1, diverged),
        ToolAnswer::Conflict(Conflict::UnknownToFiles("0002_a".to_owned()))
    );
    let failed = "Following migration have failed:\n0002_b\n\nDuring development if the failed migration(s) have not been deployed\n";
    assert_eq!(
        tell(1, failed),
        ToolAnswer::Conflict(Conflict::HalfApplied(words("0002_b")))
    );
    assert_eq!(
        tell(
            1,
            "The current database is not managed by Prisma Migrate.\n"
        ),
        pending(&[], None, true)
    );
    for (code, text) in [
        (1, "Error: P1001: Can't reach database server\n"),
        (0, "Update available\n"),
        (1, "Database schema is up to date!\n"),
    ] {
        assert!(matches!(tell(code, text), ToolAnswer::Unclear(_)), "{text}");
    }
}

#[test]
fn knex_is_understood() {
    let tell =
        |code: i32, text: &str| answer(&inquiry("npx knex migrate:latest"), &[reply(code, text)]);
    assert_eq!(
        tell(
            0,
            "Found 1 Completed Migration file/files.\n001_k.js\nNo Pending Migration files Found.\n\n"
        ),
        nothing(None)
    );
    assert_eq!(
        tell(
            0,
            "Found 1 Completed Migration file/files.\n001_k.js\nFound 1 Pending Migration file/files.\n002_k.js\n\n"
        ),
        pending(&["002_k.js"], None, true)
    );
    assert_eq!(
        tell(
            1,
            "Error: The migration directory is corrupt, the following files are missing: 001_k.js\n    at x\n"
        ),
        ToolAnswer::Conflict(Conflict::UnknownToFiles("001_k.js".to_owned()))
    );
    assert_eq!(
        tell(
            1,
            "error: create table \"knex_m\" - cannot execute CREATE TABLE in a read-only transaction\n    at x\n"
        ),
        ToolAnswer::Unclear(Unclear::WouldWrite)
    );
    assert!(matches!(tell(0, ""), ToolAnswer::Unclear(_)));
}

#[test]
fn dbmate_is_understood() {
    let command = "dbmate -d sql --no-dump-schema up";
    assert_eq!(
        inquiry(command).questions,
        [words("dbmate -d sql --no-dump-schema status --exit-code")]
    );
    let tell = |code: i32, text: &str| answer(&inquiry(command), &[reply(code, text)]);
    assert_eq!(
        tell(0, "[X] 20250101000000_a.sql\n\nApplied: 1\nPending: 0\n"),
        nothing(None)
    );
    assert_eq!(
        tell(
            1,
            "[X] 20250101000000_a.sql\n[ ] 20250102000000_b.sql\n\nApplied: 1\nPending: 1\n"
        ),
        pending(&["20250102000000_b.sql"], None, true)
    );
    assert_eq!(
        tell(0, "\nApplied: 0\nPending: 0\n"),
        ToolAnswer::Unclear(Unclear::NoMigrations)
    );
    let refused = "Error: dial tcp 127.0.0.1:9: connect: connection refused\n";
    for (code, text) in [(2, refused), (0, ""), (1, "")] {
        assert!(matches!(tell(code, text), ToolAnswer::Unclear(_)), "{text}");
    }
}

#[test]
fn the_projects_own_question_answers_with_its_exit_code() {
    let Asking::Program(own) = asking(&words("sh migrate.sh"), &words("sh pending.sh"), &|_| None)
    else {
        panic!();
    };
    let tell = |code: Option<i32>, text: &str| {
        // however much it prints
        let (text, cut) = (text.to_owned(), true);
        answer(&own, &[ToolReply { code, text, cut }])
    };
    assert_eq!(own.questions, [words("sh pending.sh")]);
    assert_eq!(tell(Some(0), "anything"), nothing(None));
    assert_eq!(
        tell(Some(1), "3 to go\n"),
        pending(&["3 to go"], None, true)
    );
    assert_eq!(tell(Some(1), ""), pending(&[], None, true));
    for code in [Some(2), Some(127), Some(255), None] {
        assert!(
            matches!(tell(code, "x"), ToolAnswer::Unclear(_)),
            "{code:?}"
        );
    }
}

#[test]
fn models_that_no_migration_makes_are_told() {
    let alembic = |code, text| models_differ(Tool::Alembic, &reply(code, text));
    assert_eq!(alembic(0, "No new upgrade operations detected.\n"), None);
    assert_eq!(
        alembic(
            255,
            "FAILED: Can't proceed with --autogenerate option; environment script migrations/env.py does not provide a MetaData object\n"
        ),
        None
    );
    assert_eq!(
        alembic(
            255,
            "FAILED: New upgrade operations detected: [('add_column', None, 'guest')]\n"
        ),
        Some(vec!["[('add_column', None, 'guest')]".to_owned()])
    );
    let django = |code, text| models_differ(Tool::Django, &reply(code, text));
    assert_eq!(django(0, "No changes detected\n"), None);
    assert_eq!(django(1, "Traceback\nKeyError\n"), None);
    assert_eq!(
        django(
            1,
            "Migrations for 'booking':\n  booking/migrations/0002_guest_x.py\n    + Add field x to guest\n"
        ),
        Some(vec!["booking".to_owned()])
    );
}

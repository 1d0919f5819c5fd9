//! Every command in a world that means harm: a hostile clone, a hostile API and a database that a clone would like to change.
//!
//! Whatever a command does there, it runs no program beyond the table in `SECURITY.md`, writes no raw control character, shows
//! no secret, and changes nothing when it only looks.

#[path = "hostile/spies.rs"]
mod spies;
#[path = "hostile/world.rs"]
mod world;

use std::{collections::BTreeSet, fs, path::Path};

use sqlx::Row as _;

use self::world::{EVIL, World};
use crate::support::{Home, Performed, Run, Terminal, raw_character};

/// The programs that a command may start in a clone that nobody has trusted.
const PROGRAMS: &[&str] = &["git"];

/// The commands that only look, each in the forms that print something else.
const LOOKS: &[&[&str]] = &[
    &["check"],
    &["check", "--json"],
    &["check", "--plain"],
    &["check", "-vv"],
    &["check", "--sarif"],
    &["check", "login", "project"],
    &["check", "env", "backend"],
    &["check", "schema", "health"],
    &["check", "secrets", "--json"],
    &["check", "--list"],
    &["explain", "env.stale-url"],
    &["explain"],
    &["setup", "--dry-run"],
    &["setup", "--dry-run", "--yes", "--json"],
    &["rotate", "--dry-run"],
    &["rotate", "--api-key", "--dry-run"],
    &["status"],
    &["status", "--json"],
    &["hook", "run"],
    &["trust"],
    &["trust", "--json"],
    &["--plain"],
    &["--help"],
    &["completions", "bash"],
    &["man"],
    &["man", EVIL],
    &["present-notes"],
    &["present-notes", "--json"],
    &["check", EVIL],
    &["-C", EVIL, "check"],
    &["--config", EVIL, "check"],
];

/// The commands that change something, in an order in which each has something to do.
const APPLIES: &[&[&str]] = &[
    &["check", "--fix"],
    &["setup", "--yes"],
    &["setup", "--yes", "--json"],
    &["setup", "--plain"],
    &["undo"],
    &["init", "--yes"],
    &["hook", "install"],
    &["hook", "uninstall"],
    &["claim"],
    &["psql"],
    &["rotate", "--yes"],
    &["login", "--store", "session"],
    &["logout"],
];

/// The commands of their own tests: the sample's project and its sandbox are ours.
const ELSEWHERE: &[&str] = &["demo", "sandbox"];

/// What was seen that must not be.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn none(&self) {
        assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
    }

    fn output(&mut self, what: &str, run: &Run, secrets: &[String]) {
        for (stream, text) in [
            ("standard output", &run.stdout),
            ("standard error", &run.stderr),
        ] {
            if let Some(char) = raw_character(text) {
                self.0.push(format!(
                    "{what}: a raw U+{:04X} in {stream}",
                    u32::from(char)
                ));
            }
            if text
                .lines()
                .any(|line| line.trim_start().starts_with("secrets  done  all is well"))
            {
                self.0.push(format!("{what}: a forged line in {stream}"));
            }
            if secrets.iter().any(|secret| text.contains(secret)) {
                self.0.push(format!("{what}: a secret in {stream}"));
            }
        }
        if run.code == 70 || !(0..=130).contains(&run.code) {
            self.0
                .push(format!("{what}: exit {}: {}", run.code, run.stderr));
        }
    }

    fn programs(&mut self, what: &str, world: &World, secrets: &[String]) {
        let (names, text) = world.spies.take();
        let mut allowed: BTreeSet<_> = PROGRAMS.iter().map(|&name| name.to_owned()).collect();
        if what == "psql" {
            // the one program that this command is there for
            allowed.insert(what.to_owned());
        }
        let others: Vec<_> = names.difference(&allowed).collect();
        if !others.is_empty() {
            self.0.push(format!("{what}: starts {others:?}"));
        }
        if secrets.iter().any(|secret| text.contains(secret)) {
            self.0.push(format!("{what}: a program was given a secret"));
        }
        if let Some(line) = text.lines().find(|line| line.starts_with("NEON")) {
            let name = line.split('=').next().unwrap_or_default();
            self.0.push(format!("{what}: a program was given {name}"));
        }
        let ran = world.ran();
        if !ran.is_empty() {
            self.0
                .push(format!("{what}: the clone made it run {ran:?}"));
        }
    }
}

/// What is in the database: its tables with their columns and rows, its sequences, and who is connected.
fn database(world: &World) -> Vec<String> {
    world.with_database(async |connection| {
        let rows = sqlx::query(
            "select relkind::text || ' ' || relnamespace::regnamespace::text || '.' || relname || ' ' || relnatts || ' ' ||
                case when relkind = 'S' then coalesce(pg_sequence_last_value(oid)::text, '') else '' end as line
             from pg_class where relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast') order by 1",
        )
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        let mut lines: Vec<String> = rows.iter().map(|row| row.get("line")).collect();
        for (what, query) in [
            ("rows", "select count(*) from mine"),
            ("other sessions", "select count(*) from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()"),
        ] {
            let row = sqlx::query(query).fetch_one(&mut *connection).await.unwrap();
            lines.push(format!("{} {what}", row.get::<i64, _>(0)));
        }
        lines
    })
}

fn secrets(world: &World) -> Vec<String> {
    let mut all = vec![world.sandbox.api_key.clone(), world::STRAY.to_owned()];
    if world.repo.path(".env").exists() {
        let url = world.env("DATABASE_URL");
        let password = url.split([':', '@']).nth(2).unwrap();
        all.push(password.to_owned());
        all.push(world.env("SESSION_SECRET"));
    }
    all
}

/// Only looks: nothing in the clone, the home, the database or Neon is another afterwards.
fn look(world: &World, faults: &mut Faults, set_up: bool) {
    let secrets = secrets(world);
    world.spies.take();
    let files = world.files();
    let mut tables = set_up.then(|| database(world));
    for arguments in LOOKS {
        let what = arguments.join(" ").replace(EVIL, "EVIL");
        let requests = world.sandbox.requests().len();
        let run = world.run(arguments);
        faults.output(&what, &run, &secrets);
        faults.programs(&what, world, &secrets);
        let now = world.files();
        let changed = difference(&files, &now);
        if !changed.is_empty() {
            faults.0.push(format!("{what}: a look changed {changed:?}"));
        }
        let asked: Vec<_> = world.sandbox.requests().split_off(requests);
        if let Some(change) = asked
            .iter()
            .find(|request| request.contains("/api/v2") && !request.starts_with("GET"))
        {
            faults
                .0
                .push(format!("{what}: a look asked Neon for {change}"));
        }
        if let Some(before) = &mut tables {
            let now = database(world);
            if *before != now {
                faults
                    .0
                    .push(format!("{what}: a look changed the database: {now:?}"));
                *before = now;
            }
        }
    }
}

type Files = Vec<(std::path::PathBuf, Vec<u8>)>;

fn difference(before: &Files, now: &Files) -> Vec<String> {
    let (before, now): (BTreeSet<_>, BTreeSet<_>) = (before.iter().collect(), now.iter().collect());
    before
        .symmetric_difference(&now)
        .map(|(path, _)| path.display().to_string())
        .collect()
}

#[test]
fn every_test_that_the_security_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let (mut named, mut file) = (0, String::new());
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let words = line.split(|char: char| !(char.is_alphanumeric() || "_:./-".contains(char)));
        for word in words {
            let Some((path, test)) = word.split_once("::") else {
                continue;
            };
            if path.starts_with("src/") || path.starts_with("tests/") {
                file = fs::read_to_string(root.join(path))
                    .unwrap_or_else(|error| panic!("{path}: {error}"));
            } else if !path.is_empty() {
                continue;
            }
            let name = test.rsplit("::").next().unwrap();
            assert!(
                file.contains(&format!("fn {name}(")),
                "SECURITY.md names `{word}`, which is not there"
            );
            named += 1;
        }
    }
    assert!(named > 80, "{named}");
}

#[test]
fn every_command_is_in_a_table_here() {
    let help = Home::new().run(&["--help"]).stdout;
    let commands: Vec<_> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "))
        // what a long sentence goes on with is further in
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| *word != "help")
        .collect();
    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        let listed = LOOKS
            .iter()
            .chain(APPLIES)
            .any(|arguments| arguments.first() == Some(&command));
        assert!(
            listed || ELSEWHERE.contains(&command),
            "`{command}` is in no table of the hostile world"
        );
    }
}

#[test]
fn look_in_a_hostile_clone_is_harmless_before_and_after_setup() {
    let world = World::new();
    let mut faults = Faults::default();
    look(&world, &mut faults, false);
    world.run(&["setup", "--yes", "login", "project", "env"]);
    world.fill_database();
    look(&world, &mut faults, true);
    faults.none();
}

#[test]
fn applies_in_a_hostile_clone_run_none_of_its_programs_and_show_nothing_raw() {
    let world = World::new();
    let mut faults = Faults::default();
    for arguments in APPLIES {
        let what = arguments.join(" ");
        let run = world.run(arguments);
        let secrets = secrets(&world);
        faults.output(&what, &run, &secrets);
        faults.programs(&what, &world, &secrets);
    }
    faults.none();
}

#[test]
fn opened_wizard_in_a_hostile_clone_changes_nothing_and_controls_no_terminal() {
    let world = World::new();
    world.run(&["setup", "--yes", "login", "project", "env"]);
    world.fill_database();
    let mut faults = Faults::default();
    let secrets = secrets(&world);
    world.spies.take();
    let (files, tables) = (world.files(), database(&world));
    let mut command = world.home.terminal_command();
    command.cwd(&world.repo.root);
    for (name, value) in world.variables() {
        command.env(name, value);
    }
    let mut terminal = Terminal::open(command, (120, 40));
    terminal.until("every step has been looked at", |terminal| {
        let text = terminal.text();
        text.contains("Summary") && !text.contains(" run  ")
    });
    for key in ["1", "2", "3", "4", "5", "6", "7"] {
        let shown = terminal.raw().len();
        terminal.press(key);
        terminal.until("the key is answered", |terminal| {
            terminal.raw().len() > shown
        });
    }
    terminal.press("q");
    terminal.wait_for_end();
    terminal.wait_for_restore();
    let raw = terminal.output().raw.clone();
    Performed::of(&raw, (120, 40)).assert_harmless();
    let shown = String::from_utf8_lossy(&raw);
    if secrets.iter().any(|secret| shown.contains(secret)) {
        faults.0.push("the wizard shows a secret".to_owned());
    }
    faults.programs("the wizard", &world, &secrets);
    let changed = difference(&files, &world.files());
    if !changed.is_empty() || tables != database(&world) {
        faults.0.push(format!(
            "the opened wizard changed {changed:?} or the database"
        ));
    }
    faults.none();
}

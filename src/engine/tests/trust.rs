//! Consent to the commands of a clone, against a world on disk.

use crate::{
    core::{
        answer::CommandAnswer, finding::Finding, invocation::Invocation, step::StepId,
        trust::CommandPurpose,
    },
    engine::{context::Cx, trust},
    project::{config::Config, resolve::Layers, settings::Flags},
    testing::world::{World, context, settings, variables},
};

const CONFIG: &str = r#"
[project]
name = "todo"
[[env]]
file = ".env"
keys.DATABASE_URL = { url = "direct" }
keys.NODE_OPTIONS = "--max-old-space-size=1"
[schema]
command = ["sh", "migrate.sh"]
[backend]
start = ["./run"]
health = "http://127.0.0.1:9/health"
"#;

fn cx(world: &World, config: &str, environment: &[(&str, &str)], trust: bool) -> Cx {
    let layers = Layers {
        config: Some(Config::parse(config).unwrap()),
        environment: variables(environment),
        ..Layers::default()
    };
    let flags = Flags {
        trust,
        ..Flags::default()
    };
    context(
        settings(world.root(), layers, flags),
        world.ports(),
        StepId::Schema,
    )
    .0
}

fn world() -> World {
    let world = World::on_disk();
    world.write("migrate.sh", "true\n");
    world.write("run", "true\n");
    world
}

fn asked(cx: &Cx, purpose: CommandPurpose) -> Option<Finding> {
    trust::permit(cx, purpose).unwrap()
}

#[test]
fn consent_is_for_what_was_shown_and_ends_with_any_change() {
    let world = world();
    let first = cx(&world, CONFIG, &[], false);
    let shown = asked(&first, CommandPurpose::Schema).unwrap();
    assert_eq!(shown.command, Some(Invocation::Trust));
    assert!(shown.detail.contains("`sh migrate.sh`"), "{shown:?}");
    assert!(
        shown.detail.contains("DATABASE_URL, NODE_OPTIONS"),
        "{shown:?}"
    );
    let command = *shown.untrusted.unwrap();

    // the file changed between the question and the answer: the answer was about another one
    world.write("migrate.sh", "rm -rf\n");
    let answer = CommandAnswer::Trust(vec![command]);
    trust::answered(&first, &answer).unwrap();
    let changed = asked(&first, CommandPurpose::Schema).unwrap();
    assert!(
        changed.detail.contains("Changed: `migrate.sh` changed"),
        "{changed:?}"
    );
    world.write("migrate.sh", "true\n");
    assert_eq!(asked(&first, CommandPurpose::Schema), None);
    // another command of the same clone is another question
    assert!(asked(&first, CommandPurpose::App).is_some());

    for (from, to) in [
        (r#"["sh", "migrate.sh"]"#, r#"["sh", "-x", "migrate.sh"]"#),
        ("--max-old-space-size=1", "--require ./evil.js"),
        ("keys.NODE_OPTIONS", "keys.LD_PRELOAD"),
        ("start =", "dir = \"backend\"\nstart ="),
    ] {
        let other = cx(&world, &CONFIG.replace(from, to), &[], false);
        assert!(asked(&other, CommandPurpose::Schema).is_some(), "{to}");
    }
    assert_eq!(asked(&first, CommandPurpose::Schema), None);
    // a value that makes programs load code, in an env file that the repository may have brought
    world.write(
        ".env",
        "DATABASE_URL=x\nNODE_OPTIONS=--max-old-space-size=1\n",
    );
    world.write(".env", "DATABASE_URL=x\nBASH_ENV=./evil\n");
    assert!(asked(&first, CommandPurpose::Schema).is_some());
}

#[test]
fn a_command_that_a_screen_would_cut_is_not_agreed_to_there() {
    let world = world();
    let long = "x".repeat(3000);
    let cx = cx(&world, &CONFIG.replace("migrate.sh", &long), &[], false);
    let asked = asked(&cx, CommandPurpose::Schema).unwrap();
    assert_eq!(
        (asked.command, asked.untrusted),
        (Some(Invocation::Trust), None)
    );
}

#[test]
fn a_new_password_in_the_env_file_is_no_other_command() {
    let world = world();
    world.write(".env", "DATABASE_URL=one\n");
    let cx = cx(&world, CONFIG, &[], false);
    let shown = asked(&cx, CommandPurpose::Schema)
        .unwrap()
        .untrusted
        .unwrap();
    trust::answered(&cx, &CommandAnswer::Trust(vec![*shown])).unwrap();
    world.write(".env", "DATABASE_URL=two\n");
    assert_eq!(asked(&cx, CommandPurpose::Schema), None);
}

#[test]
fn the_environment_trusts_a_run_and_the_flag_the_content() {
    let world = world();
    let run = cx(&world, CONFIG, &[("NEONUP_TRUST", "1")], false);
    assert_eq!(asked(&run, CommandPurpose::App), None);
    for value in ["0", "no", "true", ""] {
        let other = cx(&world, CONFIG, &[("NEONUP_TRUST", value)], false);
        assert!(asked(&other, CommandPurpose::App).is_some(), "{value}");
    }
    let flag = cx(&world, CONFIG, &[], true);
    // a look remembers nothing
    assert_eq!(trust::missing(&flag, CommandPurpose::App), None);
    let later = cx(&world, CONFIG, &[], false);
    assert!(asked(&later, CommandPurpose::App).is_some());
    assert_eq!(asked(&flag, CommandPurpose::App), None);
    assert_eq!(asked(&later, CommandPurpose::App), None);
    world.write("run", "false\n");
    assert!(asked(&later, CommandPurpose::App).is_some());
}

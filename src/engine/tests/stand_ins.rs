//! A migration that stops for want of a key that only a person can fill in.

use crate::{
    core::{answer::CommandAnswer, code::Code, step::StepId},
    engine::{context::Cx, schema::SchemaStep, step::Step as _},
    project::settings::Flags,
    testing::world::{KEY, PASSWORD, World},
};

const CONFIG: &str = "[project]\nname = \"todo\"\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = { url = \"direct\", driver = \"psycopg2\" }\n\
    keys.STRIPE_KEY = { fill = \"by hand\" }\n[schema]\ncommand = [\"python\", \"migrate.py\"]\n";

fn world(output: &str, open: &str) -> (World, Cx) {
    let world = World::default();
    world.with(|state| {
        let host = "ep-a-b-12345678.us-east-2.aws.neon.tech";
        let url = format!(
            "DATABASE_URL=postgresql+psycopg2://neondb_owner:{PASSWORD}@{host}/neondb\n{open}"
        );
        state.files.insert("/repo/.env".into(), url.into_bytes());
        let failed = Some((1, output.to_owned()));
        state
            .programs
            .insert("python migrate.py".to_owned(), failed);
        // the second time it works
        let works = Some((0, String::new()));
        state.afterwards.insert(
            "python migrate.py".to_owned(),
            ("python migrate.py".to_owned(), works),
        );
    });
    let variables = [("NEON_API_KEY", KEY), ("NEONUP_TRUST", "1")];
    let settings = World::settings_of(CONFIG, &variables, Flags::default());
    let (cx, _events) = world.context(settings, StepId::Schema);
    (world, cx)
}

#[tokio::test]
async fn a_migration_is_run_once_more_with_made_up_values_where_it_names_the_key() {
    let missing = "KeyError: 'STRIPE_KEY'\n";
    for (output, open, runs) in [
        (missing, "", 2),
        (missing, "STRIPE_KEY=\n", 2),
        // the person's own value is not the reason
        (missing, "STRIPE_KEY=sk_test_1\n", 1),
        // and neither is a key that it doesn't name
        ("psycopg2.errors.SyntaxError: x\n", "", 1),
    ] {
        let (world, cx) = world(output, open);
        let result = SchemaStep.apply(&cx, CommandAnswer::Default).await;
        let calls = world.with(|state| state.calls_of_programs.clone());
        let migrations: Vec<_> = calls
            .iter()
            .filter(|(line, _)| line == "python migrate.py")
            .collect();
        assert_eq!(migrations.len(), runs, "{output} {open}: {result:?}");
        let handed = |at: usize| migrations[at].1.iter().any(|name| name == "STRIPE_KEY");
        if runs == 2 {
            assert!(handed(1));
            let told = cx.told();
            let codes: Vec<_> = told.iter().map(|finding| finding.code).collect();
            assert_eq!(codes, [Code::SchemaStandIn]);
            let env = world.file("/repo/.env").unwrap();
            assert!(!env.contains("made-up"), "{env}");
        } else {
            assert!(result.is_err());
        }
    }
}

//! A command that drops tables: it runs where there is none, and nowhere else.

use crate::{
    core::{
        answer::CommandAnswer,
        code::Code,
        event::{Report, Verdict},
        step::StepId,
    },
    engine::{context::Cx, schema::SchemaStep, step::Step as _},
    ports::database::TableFacts,
    project::settings::Flags,
    testing::world::{KEY, PASSWORD, World},
};

const CONFIG: &str = "[project]\nname = \"todo\"\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = { url = \"direct\", driver = \"psycopg2\" }\n\
    [schema]\ncommand = [\"python\", \"create_db.py\"]\nonly_empty = true\n";

fn world() -> (World, Cx) {
    let world = World::default();
    world.with(|state| {
        let host = "ep-a-b-12345678.us-east-2.aws.neon.tech";
        let url =
            format!("DATABASE_URL=postgresql+psycopg2://neondb_owner:{PASSWORD}@{host}/neondb\n");
        state.files.insert("/repo/.env".into(), url.into_bytes());
        let outcome = Some((0, String::new()));
        state
            .programs
            .insert("python create_db.py".to_owned(), outcome);
    });
    let variables = [("NEON_API_KEY", KEY), ("NEONUP_TRUST", "1")];
    let settings = World::settings_of(CONFIG, &variables, Flags::default());
    let (cx, _events) = world.context(settings, StepId::Schema);
    (world, cx)
}

async fn apply(cx: &Cx) -> Report {
    SchemaStep.apply(cx, CommandAnswer::Default).await.unwrap()
}

fn runs(world: &World) -> usize {
    world.with(|state| state.calls_of_programs.len())
}

#[tokio::test]
async fn what_drops_tables_runs_in_an_empty_database_and_never_in_another() {
    let (world, cx) = world();
    let report = apply(&cx).await;
    assert_eq!(runs(&world), 1);
    // it ran, and made nothing: that isn't green
    assert_eq!(report.verdict(), Verdict::Todo, "{report:?}");

    world.with(|state| {
        state.shape.tables.push(TableFacts {
            name: "orders".to_owned(),
            columns: Vec::new(),
            constraints: Vec::new(),
            indexes: Vec::new(),
        });
    });
    for _ in 0..2 {
        let report = apply(&cx).await;
        assert_eq!(runs(&world), 1, "it would have dropped them");
        let codes: Vec<_> = report.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [Code::SchemaNotDetermined], "{report:?}");
        assert!(report.findings[0].title.contains("isn't run"), "{report:?}");
    }
    // nor is anything else that is there an empty database
    world.with(|state| {
        state.shape.tables.clear();
        state
            .shape
            .objects
            .push(crate::ports::database::ObjectFacts {
                kind: "view".to_owned(),
                name: "report".to_owned(),
                definition: String::new(),
            });
    });
    apply(&cx).await;
    assert_eq!(runs(&world), 1);
}

#[tokio::test]
async fn the_tables_that_it_made_are_known_afterwards() {
    let (world, cx) = world();
    world.with(|state| {
        state.made_by_programs = vec![TableFacts {
            name: "orders".to_owned(),
            columns: Vec::new(),
            constraints: Vec::new(),
            indexes: Vec::new(),
        }];
    });
    assert_eq!(apply(&cx).await.verdict(), Verdict::Done);
    for _ in 0..2 {
        let report = apply(&cx).await;
        assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
        assert!(report.evidence.contains("haven't changed"), "{report:?}");
        assert_eq!(runs(&world), 1, "it would have dropped them");
    }
    world.with(|state| {
        let indexes = &mut state.shape.tables[0].indexes;
        indexes.push("CREATE INDEX".to_owned());
    });
    let report = apply(&cx).await;
    let detail = &report.findings[0].detail;
    assert!(detail.contains("the table `orders` changed"), "{report:?}");
    assert_eq!(runs(&world), 1);
}

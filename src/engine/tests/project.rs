//! The project step beyond joining and creating: branches of developers, what other tools have written down, limits, rivals.

use crate::{
    core::{
        answer::ProjectAnswer,
        code::{Code, Severity},
        event::{Report, Verdict},
        facts::Facts,
        failure::Result,
        step::StepId,
    },
    engine::{context::Cx, project::ProjectStep, step::Step as _},
    ports::{database::TableFacts, neon::Project},
    project::settings::{Flags, Settings},
};

use crate::testing::world::{Create, KEY, World, project, refusal};

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

fn settings(config: &str) -> Settings {
    World::settings_of(config, &[("NEON_API_KEY", KEY)], Flags::default())
}

fn context(world: &World, settings: Settings) -> Cx {
    world.context(settings, StepId::Project).0
}

async fn apply(world: &World, settings: Settings) -> Result<Report> {
    ProjectStep
        .apply(&context(world, settings), ProjectAnswer::Default)
        .await
}

async fn probe(world: &World, settings: Settings) -> Report {
    ProjectStep.probe(&context(world, settings)).await.unwrap()
}

const PERSONAL: &str =
    "[project]\nname = \"todo\"\nbranch = \"dev/{user}\"\nbranch_expires_days = 7\n";

#[tokio::test]
async fn a_branch_per_developer_is_created_once() {
    let world = World::default();
    world.project("theirs", "todo");
    world.with(|state| state.user_name = Some("Ada Lovelace".to_owned()));
    let report = apply(&world, settings(PERSONAL)).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    assert!(report.evidence.ends_with("branch dev/ada-lovelace"));
    let made = world.with(|state| state.new_branches.clone());
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].parent, "br-a-b-12345678", "the default branch");
    // the clock of these tests stands at 2026-01-01
    let now = time::OffsetDateTime::from(settings(PERSONAL).now);
    let expected = now + time::Duration::days(7);
    let text = made[0].expires_at.as_deref().unwrap();
    let format = &time::format_description::well_known::Rfc3339;
    assert_eq!(time::OffsetDateTime::parse(text, format).unwrap(), expected);
    // the next run joins it, and another developer gets another one
    apply(&world, settings(PERSONAL)).await.unwrap();
    assert_eq!(world.with(|state| state.new_branches.len()), 1);
    world.with(|state| state.user_name = Some("Grace".to_owned()));
    let report = probe(&world, settings(PERSONAL)).await;
    assert_eq!(codes(&report), [Code::ProjectBranchMissing]);
    assert!(report.findings[0].fixable);
    apply(&world, settings(PERSONAL)).await.unwrap();
    assert_eq!(world.with(|state| state.new_branches.len()), 2);
}

#[tokio::test]
async fn a_branch_whose_create_answer_was_lost_is_joined() {
    let world = World::default();
    world.project("theirs", "todo");
    world.with(|state| {
        state.user_name = Some("ada".to_owned());
        state.lost_branches = 1;
    });
    let report = apply(&world, settings(PERSONAL)).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    assert_eq!(world.with(|state| state.new_branches.len()), 1);
}

#[tokio::test]
async fn a_new_project_gets_its_default_branch_and_the_developers() {
    let world = World::default();
    world.with(|state| state.user_name = Some("ada".to_owned()));
    let report = apply(&world, settings(PERSONAL)).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    let new = world.with(|state| state.new_projects.clone());
    assert_eq!((new.len(), new[0].branch.as_deref()), (1, None));
    let world = World::default();
    let config = "[project]\nname = \"todo\"\nbranch = \"trunk\"\ndatabase = \"shop\"\n";
    apply(&world, settings(config)).await.unwrap();
    let new = world.with(|state| state.new_projects.clone());
    let names = (new[0].branch.as_deref(), new[0].database.as_deref());
    assert_eq!(names, (Some("trunk"), Some("shop")));
}

#[tokio::test]
async fn the_user_name_comes_from_the_variable_then_git_then_the_login() {
    let world = World::default();
    world.project("theirs", "todo");
    let recorded = PERSONAL.replace("[project]", "[project]\nid = \"theirs\"");
    let named = |variables: &[(&str, &str)]| {
        let mut all = vec![("NEON_API_KEY", KEY)];
        all.extend(variables);
        World::settings_of(&recorded, &all, Flags::default())
    };
    let title = |report: &Report| report.findings[0].title.clone();
    let report = probe(&world, named(&[("USER", "login")])).await;
    assert!(title(&report).contains("`dev/login`"), "{report:?}");
    world.with(|state| state.user_name = Some("Git Name".to_owned()));
    let report = probe(&world, named(&[("USER", "login")])).await;
    assert!(title(&report).contains("`dev/git-name`"), "{report:?}");
    let report = probe(&world, named(&[("NEONUP_USER", "Own")])).await;
    assert!(title(&report).contains("`dev/own`"), "{report:?}");
    world.with(|state| state.user_name = None);
    let cx = context(&world, named(&[]));
    let failure = ProjectStep.probe(&cx).await.unwrap_err();
    assert_eq!(failure.code, Code::ProjectBranchMissing);
    assert!(failure.hint.contains("NEONUP_USER"), "{failure}");
}

#[tokio::test]
async fn a_missing_compute_and_a_missing_database_are_created() {
    let world = World::default();
    world.project("theirs", "todo");
    world.with(|state| state.no_compute = true);
    let config = "[project]\nname = \"todo\"\nid = \"theirs\"\ndatabase = \"shop\"\n";
    let report = probe(&world, settings(config)).await;
    assert_eq!(codes(&report), [Code::ProjectNoCompute]);
    assert!(report.findings[0].fixable);
    let report = apply(&world, settings(config)).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    let made = world.with(|state| state.databases.clone());
    assert_eq!(
        (made.len(), made[0].owner_name.as_str()),
        (1, "neondb_owner")
    );
    assert!(!world.with(|state| state.no_compute));
}

#[tokio::test]
async fn the_application_logs_in_as_the_role_that_is_wanted_which_is_created_once() {
    let world = World::default();
    world.project("theirs", "todo");
    let config = "[project]\nname = \"todo\"\nid = \"theirs\"\nrole = \"app\"\n";
    let report = probe(&world, settings(config)).await;
    assert_eq!(codes(&report), [Code::ProjectBranchMissing]);
    let finding = &report.findings[0];
    assert!(
        finding.fixable && finding.title.contains("no role `app`"),
        "{finding:?}"
    );
    assert_eq!(finding.detail, "its roles are neondb_owner");
    for _ in 0..2 {
        let cx = context(&world, settings(config));
        let report = ProjectStep
            .apply(&cx, ProjectAnswer::Default)
            .await
            .unwrap();
        assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
        assert_eq!(cx.project().unwrap().connection.role, "app");
        let Some(Facts::Project(facts)) = report.facts else {
            panic!("no facts")
        };
        assert_eq!(facts.joined.unwrap().roles, ["neondb_owner", "app"]);
        assert_eq!(world.with(|state| state.roles.clone()), ["app"]);
    }
    let world = World::default();
    apply(
        &world,
        settings("[project]\nname = \"todo\"\nrole = \"app\"\n"),
    )
    .await
    .unwrap();
    let new = world.with(|state| state.new_projects.clone());
    assert_eq!(new[0].role.as_deref(), Some("app"));
}

#[tokio::test]
async fn the_password_of_a_new_role_is_kept_where_neon_stores_none() {
    let world = World::default();
    world.project("theirs", "todo");
    world.with(|state| state.stores_no_passwords = true);
    let config = "[project]\nname = \"todo\"\nid = \"theirs\"\nrole = \"app\"\n";
    let cx = context(&world, settings(config));
    ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap();
    let connection = cx.project().unwrap().connection;
    assert_eq!(connection.password.expose(), "npg_ofTheNewRole1");
    assert_eq!(
        (&*connection.role, &*connection.database),
        ("app", "neondb")
    );
}

#[tokio::test]
async fn a_reached_limit_is_reported_before_any_create() {
    let world = World::default();
    world.project("one", "another");
    let (cx, _events) = world.context(World::settings(Flags::default()), StepId::Project);
    cx.remember_projects_limit(Some(1));
    let report = ProjectStep.probe(&cx).await.unwrap();
    assert_eq!(
        codes(&report),
        [Code::ProjectMissing, Code::ProjectLimitReached]
    );
    let failure = ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::ProjectLimitReached);
    assert_eq!(world.with(|state| state.creates), 0);
    // nobody has written down what zero means
    cx.remember_projects_limit(Some(0));
    let report = ProjectStep.probe(&cx).await.unwrap();
    assert_eq!(codes(&report), [Code::ProjectMissing]);
}

#[tokio::test]
async fn new_with_a_recorded_project_is_refused() {
    let world = World::default();
    world.project("theirs", "todo");
    let flags = || Flags {
        new_project: true,
        ..Flags::default()
    };
    let config = "[project]\nname = \"todo\"\nid = \"theirs\"\n";
    let new = || World::settings_of(config, &[("NEON_API_KEY", KEY)], flags());
    let report = probe(&world, new()).await;
    assert_eq!(codes(&report), [Code::ProjectDuplicate]);
    let failure = apply(&world, new()).await.unwrap_err();
    assert!(failure.hint.contains("remove the line `id`"), "{failure}");
    assert_eq!(world.with(|state| state.creates), 0);
    // without the line it is heard, although one of the name exists
    let report = apply(&world, World::settings(flags())).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    assert_eq!(world.with(|state| state.creates), 1);
}

#[tokio::test]
async fn the_context_file_of_the_neon_cli_beats_a_name() {
    let world = World::default();
    world.project("named", "todo");
    world.project("linked", "something else");
    world.with(|state| {
        let context = br#"{"orgId":"org-a","projectId":"linked","branch":"main"}"#;
        state.files.insert("/repo/.neon".into(), context.to_vec());
    });
    let report = apply(&world, World::settings(Flags::default()))
        .await
        .unwrap();
    assert!(report.evidence.contains("linked"), "{report:?}");
}

#[tokio::test]
async fn the_host_in_the_env_file_decides_between_projects() {
    let world = World::default();
    world.project("a-1", "todo");
    world.project("b-2", "todo");
    let host = |name: &str| format!("{name}.us-east-2.aws.neon.tech");
    let env = |name: &str| {
        format!(
            "DATABASE_URL=postgresql://neondb_owner:pw@{}/neondb\n",
            host(name)
        )
        .into_bytes()
    };
    world.with(|state| {
        state.hosts.insert("a-1".to_owned(), host("ep-a"));
        state.hosts.insert("b-2".to_owned(), host("ep-b"));
        state.files.insert("/repo/.env".into(), env("ep-b-pooler"));
    });
    let config = |name: &str| {
        format!(
            "[project]\nname = \"{name}\"\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = {{ url = \"direct\" }}\n"
        )
    };
    let report = probe(&world, settings(&config("todo"))).await;
    assert_eq!(codes(&report), [Code::ProjectDuplicate], "{report:?}");
    assert!(report.evidence.contains("b-2"), "{report:?}");
    assert_eq!(meant(&report), ["b-2"], "it alone is the default");
    // also where none has the name
    let report = probe(&world, settings(&config("renamed"))).await;
    assert!(report.evidence.contains("b-2"), "{report:?}");
    assert_eq!(meant(&report), ["b-2"]);
    // another host is nobody's
    world.with(|state| state.files.insert("/repo/.env".into(), env("ep-c")));
    let report = probe(&world, settings(&config("todo"))).await;
    assert_eq!(codes(&report), [Code::ProjectAmbiguous]);
    assert_eq!(meant(&report).len(), 2);
}

#[tokio::test]
async fn listing_all_projects_changes_nothing() {
    let world = World::default();
    for id in ["a-1", "b-2", "c-3"] {
        world.project(id, "todo");
    }
    let config = "[project]\nname = \"todo\"\nid = \"b-2\"\n";
    let settings = || World::settings_of(config, &[("NEON_API_KEY", KEY)], Flags::default());
    let probed = probe(&world, settings()).await;
    let count = |report: &Report| match &report.facts {
        Some(Facts::Project(detail)) => detail.choices.len(),
        _ => 0,
    };
    assert_eq!(
        count(&probed),
        1,
        "the probe asks for the recorded one alone"
    );
    let listed = ProjectStep
        .apply(&context(&world, settings()), ProjectAnswer::List)
        .await
        .unwrap();
    assert_eq!(listed.verdict(), Verdict::Done, "{listed:?}");
    assert_eq!(count(&listed), 3);
    assert_eq!(meant(&listed), ["b-2"]);
    assert_eq!(world.with(|state| state.creates), 0);
}

/// The projects that may be the one that is meant, by their ids.
fn meant(report: &Report) -> Vec<&str> {
    let Some(Facts::Project(detail)) = &report.facts else {
        panic!("{report:?}");
    };
    let meant = detail.choices.iter().filter(|choice| choice.meant);
    meant.map(|choice| choice.id.as_str()).collect()
}

#[tokio::test]
async fn two_projects_created_at_once_are_reported_and_the_older_is_used() {
    let older = |id: &str, at: &str| {
        let mut rival = project(id, "todo");
        rival.created_at = at.to_owned();
        rival
    };
    for (rival, used) in [
        (older("rival-1", "2025-12-28T23:59:59Z"), "rival-1"),
        (older("rival-1", "2025-12-29T00:00:01Z"), "made-1"),
    ] {
        let world = World::default();
        world.with(|state| state.rival = Some(rival));
        let report = apply(&world, World::settings(Flags::default()))
            .await
            .unwrap();
        assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
        let finding = &report.findings[0];
        assert_eq!(
            (finding.code, finding.severity),
            (Code::ProjectDuplicate, Severity::Warning)
        );
        assert!(finding.title.contains(used), "{finding:?}");
        let config = world.file("/repo/neonup.toml").unwrap();
        assert!(config.contains(&format!("id = \"{used}\"")), "{config}");
    }
}

/// The loser of a simultaneous create is offered to delete its own project, and it is deleted only while it is empty.
#[tokio::test]
async fn the_loser_of_a_race_may_delete_its_empty_project() {
    let rival = Project {
        created_at: "2001-01-01T00:00:00Z".to_owned(),
        ..project("theirs", "todo")
    };
    let world = World::default();
    world.with(|state| state.rival = Some(rival));
    let report = apply(&world, World::settings(Flags::default()))
        .await
        .unwrap();
    let Some(Facts::Project(facts)) = &report.facts else {
        panic!("{report:?}");
    };
    assert_eq!(facts.left_over.as_deref(), Some("made-1"));
    let command = report.findings[0].command.as_ref().unwrap();
    assert_eq!(
        command.to_string(),
        "neonup setup project --yes --discard made-1"
    );
    let deleted = || world.with(|state| state.calls.contains(&"delete project".to_owned()));
    assert!(!deleted(), "nothing is deleted unasked");

    let recorded = || settings("[project]\nname = \"todo\"\nid = \"theirs\"\n");
    let discard = async |id: &str| {
        let answer = ProjectAnswer::Discard(id.to_owned());
        ProjectStep
            .apply(&context(&world, recorded()), answer)
            .await
    };
    // the one that is used, one of another name, one that holds something
    let failure = discard("theirs").await.unwrap_err();
    assert!(failure.what.contains("theirs was not deleted"), "{failure}");
    world.project("shop-1", "shop");
    discard("shop-1").await.unwrap_err();
    let table = TableFacts {
        name: "mine".to_owned(),
        columns: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
    };
    world.with(|state| state.shape.tables = vec![table]);
    let failure = discard("made-1").await.unwrap_err();
    assert!(failure.why.contains("it contains tables"), "{failure}");
    assert!(!deleted());
    world.with(|state| state.shape.tables.clear());
    let report = discard("made-1").await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    assert!(
        report
            .evidence
            .contains("made-1 was empty and has been deleted")
    );
    let left: Vec<_> = world.with(|state| {
        let ids = state.projects.iter().map(|project| project.id.clone());
        ids.collect()
    });
    assert_eq!(left, ["theirs", "shop-1"]);
    // again isn't a failure, and the flag does the same
    discard("made-1").await.unwrap();
    let flags = Flags {
        discard: Some("made-1".to_owned()),
        ..Flags::default()
    };
    let again = World::settings_of(
        "[project]\nname = \"todo\"\nid = \"theirs\"\n",
        &[("NEON_API_KEY", KEY)],
        flags,
    );
    let report = apply(&world, again).await.unwrap();
    assert!(report.evidence.contains("made-1 is gone"), "{report:?}");
}

#[tokio::test]
async fn a_race_that_cannot_be_seen_is_told() {
    let world = World::default();
    let cx = context(&world, World::settings(Flags::default()));
    ProjectStep.probe(&cx).await.unwrap();
    // from here on the list is not complete
    world.with(|state| state.unavailable = vec!["hidden-1".to_owned()]);
    let report = ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    assert_eq!(codes(&report), [Code::ProjectListingIncomplete]);
    assert_eq!(report.findings[0].severity, Severity::Warning);
}

/// A list read a moment ago is enough to create upon, and the answer to the create says all that the other steps need.
#[tokio::test(start_paused = true)]
async fn creating_a_project_costs_one_list_one_create_and_its_polls() {
    let calls = |world: &World| world.with(|state| std::mem::take(&mut state.calls));
    let world = World::default();
    let cx = context(&world, World::settings(Flags::default()));
    world.with(|state| state.busy = 2);
    ProjectStep.probe(&cx).await.unwrap();
    let report = ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    assert!(report.evidence.contains("made-1"), "{report:?}");
    // the second list tells whether somebody else made one meanwhile, and nobody waits for it
    assert_eq!(calls(&world), ["list", "create", "list"]);
    assert_eq!(cx.project().unwrap().id, "made-1");
    // what is reported is what the next look finds
    let again = ProjectStep.probe(&cx).await.unwrap();
    assert_eq!(
        (again.verdict(), &again.evidence),
        (Verdict::Done, &report.evidence)
    );
}

#[tokio::test(start_paused = true)]
async fn an_old_or_used_list_or_one_of_another_key_is_read_again_before_a_create() {
    let before_create = |world: &World| {
        let calls = world.with(|state| std::mem::take(&mut state.calls));
        let create = calls.iter().position(|call| call == "create").unwrap();
        calls[..create].to_vec()
    };
    // minutes pass while a person reads the question
    let world = World::default();
    let cx = context(&world, World::settings(Flags::default()));
    ProjectStep.probe(&cx).await.unwrap();
    tokio::time::advance(std::time::Duration::from_secs(2)).await;
    ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(before_create(&world), ["list", "list"]);
    // nothing came of the first create
    let world = World::default();
    let cx = context(&world, World::settings(Flags::default()));
    world.with(|state| state.create = Create::Refused(refusal(429, "slow down").into()));
    ProjectStep.probe(&cx).await.unwrap();
    ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(before_create(&world), ["list"]);
    ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(before_create(&world), ["list"]);
    // another key sees another list
    let world = World::default();
    let cx = context(&world, World::settings(Flags::default()));
    ProjectStep.probe(&cx).await.unwrap();
    let known = cx.known_key();
    cx.remember_key(None);
    cx.remember_key(known);
    ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(before_create(&world), ["list", "list"]);
}

//! The project step joins a project, or creates it once: against a world in memory.

use crate::{
    core::{
        answer::ProjectAnswer,
        code::Code,
        event::{Report, Verdict},
        facts::Facts,
        failure::Result,
        step::StepId,
    },
    engine::{project::ProjectStep, step::Step as _},
    ports::neon::{Organization, error::ListingCut},
    project::settings::Flags,
};

use crate::testing::world::{Create, World, refusal};

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

async fn probe(world: &World, flags: Flags) -> Result<Report> {
    let (cx, _events) = world.context(World::settings(flags), StepId::Project);
    ProjectStep.probe(&cx).await
}

async fn apply(world: &World, flags: Flags, answer: ProjectAnswer) -> Result<Report> {
    let (cx, _events) = world.context(World::settings(flags), StepId::Project);
    ProjectStep.apply(&cx, answer).await
}

#[tokio::test]
async fn a_missing_project_is_created_once_and_then_joined_by_its_id() {
    let world = World::default();
    world.project("other", "todo-old");
    let report = probe(&world, Flags::default()).await.unwrap();
    assert_eq!(
        (report.verdict(), codes(&report)),
        (Verdict::Todo, vec![Code::ProjectMissing])
    );
    let report = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    let config = world.file("/repo/neonup.toml").unwrap();
    assert!(config.contains("id = \"made-1\""), "{config}");
    // a second project of the name appears: the id decides
    world.project("rival", "todo");
    let report = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict(), Verdict::Done);
    assert_eq!(world.with(|state| state.creates), 1);
}

#[tokio::test]
async fn an_existing_project_is_joined_and_never_duplicated() {
    let world = World::default();
    world.project("theirs", "todo");
    let report = probe(&world, Flags::default()).await.unwrap();
    assert_eq!(codes(&report), [Code::ProjectDuplicate]);
    let report = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict(), Verdict::Done);
    let Some(Facts::Project(detail)) = report.facts else {
        panic!("no detail")
    };
    assert_eq!(detail.joined.unwrap().id, "theirs");
    assert_eq!(world.with(|state| state.creates), 0);
}

#[tokio::test]
async fn ambiguous_projects_have_no_default() {
    let world = World::default();
    world.project("a-1", "todo");
    world.project("b-2", "todo");
    let report = probe(&world, Flags::default()).await.unwrap();
    assert_eq!(codes(&report), [Code::ProjectAmbiguous]);
    let failure = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::ProjectAmbiguous);
    assert!(
        failure.why.contains("a-1") && failure.why.contains("b-2"),
        "{failure}"
    );
    assert!(failure.hint.contains("--project"), "{failure}");
    let flags = Flags {
        project: Some("b-2".to_owned()),
        ..Flags::default()
    };
    let report = apply(&world, flags, ProjectAnswer::Default).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done);
    assert_eq!(world.with(|state| state.creates), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_create_answer_is_looked_up_and_never_sent_again() {
    let world = World::default();
    world.with(|state| state.create = Create::AnswerLost);
    let report = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict(), Verdict::Done);
    assert_eq!(
        world.with(|state| (state.creates, state.projects.len())),
        (1, 1)
    );

    let world = World::default();
    world.with(|state| state.create = Create::Nothing);
    let failure = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::ProjectNotReady);
    assert_eq!(world.with(|state| state.creates), 1);
    assert_eq!(world.file("/repo/neonup.toml"), None);
}

#[tokio::test]
async fn an_incomplete_list_prevents_a_create() {
    let unavailable = World::default();
    unavailable.with(|state| state.unavailable.push("lost-1".to_owned()));
    let cut = World::default();
    cut.with(|state| state.cut = Some(ListingCut::RepeatedPage));
    for world in [unavailable, cut] {
        let report = probe(&world, Flags::default()).await.unwrap();
        assert!(codes(&report).contains(&Code::ProjectListingIncomplete));
        let failure = apply(&world, Flags::default(), ProjectAnswer::Default)
            .await
            .unwrap_err();
        assert_eq!(failure.code, Code::ProjectListingIncomplete);
        assert_eq!(world.with(|state| state.creates), 0);
    }
}

#[tokio::test]
async fn a_recorded_project_that_is_gone_is_not_replaced() {
    let world = World::default();
    world.with(|state| {
        state.files.insert(
            "/repo/neonup.toml".into(),
            b"[project]\nname = \"todo\"\nid = \"gone-1\"\n".to_vec(),
        )
    });
    let report = probe(&world, Flags::default()).await.unwrap();
    assert_eq!(codes(&report), [Code::ProjectDeleted]);
    let failure = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::ProjectDeleted);
    assert_eq!(world.with(|state| state.creates), 0);
}

#[tokio::test(start_paused = true)]
async fn operations_are_awaited_and_a_failed_one_is_reported() {
    let world = World::default();
    world.with(|state| state.busy = 5);
    let (cx, mut events) = world.context(World::settings(Flags::default()), StepId::Project);
    ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap();
    let mut labels = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let crate::core::event::EventKind::Progress(progress) = event.kind {
            labels.push(progress.label);
        }
    }
    assert!(
        labels.iter().any(|label| label == "starting the compute"),
        "{labels:?}"
    );

    let world = World::default();
    world.with(|state| state.operation_fails = true);
    let failure = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::ProjectNotReady);
    assert!(failure.hint.contains("the project exists"), "{failure}");
}

#[tokio::test]
async fn the_only_console_organization_is_used_and_several_are_listed() {
    let org = |id: &str, managed_by: &str| Organization {
        id: id.to_owned(),
        name: id.to_owned(),
        managed_by: managed_by.to_owned(),
    };
    let world = World::default();
    world.with(|state| {
        state.org_needed = true;
        state.organizations = vec![org("org-a", "console"), org("org-b", "vercel")];
    });
    assert_eq!(
        codes(&probe(&world, Flags::default()).await.unwrap()),
        [Code::ProjectMissing]
    );
    world.with(|state| state.organizations.push(org("org-c", "console")));
    let failure = probe(&world, Flags::default()).await.unwrap_err();
    assert_eq!(failure.code, Code::ProjectOrganizationNeeded);
    assert!(
        failure.why.contains("org-a") && failure.why.contains("org-c"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_project_scoped_key_finds_its_project() {
    let world = World::default();
    world.project("damp-dream-67070160", "todo");
    world.with(|state| state.scoped_to = Some("damp-dream-67070160".to_owned()));
    let report = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict(), Verdict::Done);
}

#[tokio::test]
async fn a_create_refused_by_a_limit_records_nothing() {
    let world = World::default();
    world.with(|state| {
        state.create =
            Create::Refused(refusal(422, "user projects limit of 1 exceeded, got 1").into());
    });
    let failure = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::ProjectLimitReached);
    assert_eq!(world.file("/repo/neonup.toml"), None);
}

#[tokio::test]
async fn a_project_named_by_a_flag_is_recorded_for_the_next_run() {
    let world = World::default();
    world.project("a-1", "todo");
    world.project("b-2", "todo");
    let flags = Flags {
        project: Some("b-2".to_owned()),
        ..Flags::default()
    };
    let report = probe(&world, flags.clone()).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Todo, "{report:?}");
    let report = apply(&world, flags, ProjectAnswer::Default).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done);
    let report = probe(&world, Flags::default()).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
}

#[tokio::test]
async fn operations_that_failed_earlier_do_not_stop_a_join() {
    let world = World::default();
    world.project("theirs", "todo");
    world.with(|state| state.operation_fails = true);
    let report = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict(), Verdict::Done);
}

#[tokio::test]
async fn a_missing_branch_leaves_no_connection() {
    let world = World::default();
    let mut settings = World::settings(Flags::default());
    settings.project.branch = Some("dev".to_owned());
    let (cx, _events) = world.context(settings, StepId::Project);
    world.project("theirs", "todo");
    ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap();
    world.with(|state| state.branches.clear());
    let report = ProjectStep.probe(&cx).await.unwrap();
    assert_eq!(codes(&report), [Code::ProjectBranchMissing]);
    assert_eq!(
        cx.project(),
        None,
        "the default branch is not what was asked for"
    );
}

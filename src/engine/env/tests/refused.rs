//! What keeps a file from being written, and what a probe says of it.

use super::*;

#[tokio::test]
async fn a_tracked_file_is_refused_and_nothing_is_written() {
    let setup = Setup::new();
    setup.world.track("frontend/.env.local");
    let failure = EnvStep
        .apply(&setup.cx(), EnvAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::EnvNotIgnored);
    assert_eq!(
        failure.hint,
        "neonup setup secrets (or: git rm --cached frontend/.env.local)"
    );
    assert!(!setup.path("backend").exists());
    assert_eq!(setup.ignored(), BTreeSet::new());
}

#[tokio::test]
async fn a_git_that_refuses_to_answer_is_told_once_and_not_taken_for_a_yes() {
    let setup = Setup::new();
    setup.apply().await;
    setup
        .world
        .with(|state| state.git_refuses = Some("not owned by current user"));
    let report = setup.probe().await;
    assert_ne!(report.verdict(), Verdict::Done);
    let of_the_first = report
        .findings
        .iter()
        .filter(|finding| finding.path.as_deref() == Some("backend/.env"))
        .map(|finding| (finding.code, &*finding.title, &*finding.detail))
        .collect::<Vec<_>>();
    assert_eq!(
        of_the_first,
        [(
            Code::EnvNotIgnored,
            "can't tell whether git tracks `backend/.env`, so no secret is written to it",
            "not owned by current user"
        )]
    );
    let failure = EnvStep
        .apply(&setup.cx(), EnvAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::EnvNotIgnored);
}

#[tokio::test]
async fn an_unchanged_tracked_file_adds_no_ignore_line() {
    let setup = Setup::new();
    setup.apply().await;
    setup
        .world
        .with(|state| state.ignored = Some(BTreeSet::new()));
    setup.world.track("backend/.env");
    EnvStep
        .apply(&setup.cx(), EnvAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(setup.ignored(), BTreeSet::new());
}

#[tokio::test]
async fn nothing_is_written_where_no_undo_copy_can_be_kept_and_a_probe_still_says_what_is_wrong() {
    let setup = Setup::new();
    let no_undo = "can't keep a backup for undo";
    fs::remove_dir(setup.world.undo_dir()).unwrap();
    fs::write(setup.world.undo_dir(), "in the way").unwrap();
    let report = setup.probe().await;
    assert_eq!(report.verdict(), Verdict::Todo);
    assert!(report.findings.len() > 1, "{:?}", report.findings);
    assert!(has(&report, Code::EnvMissingFile));
    let told = report.findings.last().unwrap();
    assert_eq!((&*told.title, told.severity), (no_undo, Severity::Gap));
    let failure = EnvStep
        .apply(&setup.cx(), EnvAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.what, no_undo);
    assert!(!setup.path("backend").exists());
    assert_eq!(setup.ignored(), BTreeSet::new());
    // with a place for it, everything is written, and then a probe needs none
    fs::remove_file(setup.world.undo_dir()).unwrap();
    fs::create_dir(setup.world.undo_dir()).unwrap();
    assert_eq!(setup.apply().await.verdict(), Verdict::Done);
    fs::remove_dir_all(setup.world.undo_dir()).unwrap();
    fs::write(setup.world.undo_dir(), "in the way").unwrap();
    let report = setup.probe().await;
    assert_eq!(report.verdict(), Verdict::Done, "{:?}", report.findings);
    fs::remove_file(setup.world.undo_dir()).unwrap();
}

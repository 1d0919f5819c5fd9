//! Several developers against one sandbox, with the real binary and real databases.

use std::fs;

use crate::support::{Home, Repo, Run, Sandbox};

fn config(repo: &Repo, project: &str) {
    let text = format!(
        "[project]\nname = \"shared\"\n{project}\n[[env]]\nfile = \"backend/.env\"\nkeys.DATABASE_URL = {{ url = \"direct\" }}\n"
    );
    fs::write(repo.path("neonup.toml"), text).unwrap();
}

fn project_id(repo: &Repo) -> String {
    let text = repo.read("neonup.toml");
    let line = text.lines().find(|line| line.starts_with("id = ")).unwrap();
    line.trim_start_matches("id = ")
        .trim_matches('"')
        .to_owned()
}

const STEPS: [&str; 6] = ["setup", "--yes", "--json", "login", "project", "env"];

#[test]
fn simultaneous_setups_agree_on_one_project() {
    let home = Home::new();
    // slow enough that both have read the list before either creates
    let sandbox = Sandbox::start(&home, &["--fault", "latency_ms=150"]);
    let repos = [Repo::sample(&home), Repo::sample(&home)];
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let started: Vec<_> = repos
            .iter()
            .map(|repo| {
                config(repo, "");
                scope.spawn(|| repo.neonup(&home, &sandbox, &STEPS))
            })
            .collect();
        started.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for run in &runs {
        assert_eq!(run.code, 0, "{run:#?}");
    }
    assert_eq!(project_id(&repos[0]), project_id(&repos[1]), "{runs:#?}");
    assert_eq!(repos[0].env("DATABASE_URL"), repos[1].env("DATABASE_URL"));
    let requests = sandbox.requests();
    let creates = requests
        .iter()
        .filter(|request| *request == "POST /api/v2/projects");
    let reported = runs
        .iter()
        .any(|run| run.codes().contains(&"project.duplicate".to_owned()));
    assert_eq!(
        creates.count() == 2,
        reported,
        "two projects without a finding: {runs:#?}"
    );
    sandbox.stop();
}

#[test]
fn two_setups_in_one_clone_make_one_project() {
    let home = Home::new();
    // slow enough that both would have read the list before either creates
    let sandbox = Sandbox::start(&home, &["--fault", "latency_ms=150"]);
    let repo = Repo::sample(&home);
    config(&repo, "");
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let started: Vec<_> = [0; 2]
            .iter()
            .map(|_| scope.spawn(|| repo.neonup(&home, &sandbox, &STEPS)))
            .collect();
        started.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for run in &runs {
        assert_eq!(run.code, 0, "{run:#?}");
    }
    let waited = runs.iter().filter(|run| {
        run.stderr
            .contains("is running in this clone: waiting for it")
    });
    assert_eq!(waited.count(), 1, "{runs:#?}");
    let requests = sandbox.requests();
    let creates = requests
        .iter()
        .filter(|request| *request == "POST /api/v2/projects");
    assert_eq!(creates.count(), 1, "{requests:#?}");
    // the id of the clone is the project's, and a look takes no lock
    assert!(!project_id(&repo).is_empty());
    let lock = std::fs::metadata(repo.path(".git/neonup-lock")).unwrap();
    let before = lock.modified().unwrap();
    repo.neonup(&home, &sandbox, &["check", "--json", "project"]);
    let lock = std::fs::metadata(repo.path(".git/neonup-lock")).unwrap();
    assert_eq!(lock.modified().unwrap(), before);
    sandbox.stop();
}

#[test]
fn each_developer_gets_a_branch() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    config(
        &repo,
        "branch = \"dev/{user}\"\nbranch_expires_days = 7\ndatabase = \"shop\"",
    );
    repo.git(&home, &["config", "user.name", "Ada Lovelace"]);
    let run = repo.neonup(&home, &sandbox, &STEPS);
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(run.evidence("project").ends_with("branch dev/ada-lovelace"));
    let ada = repo.env("DATABASE_URL");
    assert!(ada.contains("/shop"), "the database of the configuration");
    repo.git(&home, &["config", "user.name", "Grace Hopper"]);
    let check = repo.neonup(&home, &sandbox, &["check", "--json", "project"]);
    assert_eq!(check.codes(), ["project.branch-missing"], "{check:#?}");
    let run = repo.neonup(&home, &sandbox, &STEPS);
    assert_eq!(run.code, 0, "{run:#?}");
    assert_ne!(repo.env("DATABASE_URL"), ada, "another compute");
    let again = repo.neonup(&home, &sandbox, &STEPS);
    assert_eq!(again.code, 0, "{again:#?}");
    let posts: Vec<_> = sandbox
        .requests()
        .into_iter()
        .filter(|request| request.starts_with("POST"))
        .collect();
    assert_eq!(posts.len(), 3, "a project and two branches: {posts:?}");
    let health = repo.neonup(&home, &sandbox, &["check", "--json", "health"]);
    assert!(
        !health.codes().contains(&"health.auth".to_owned()),
        "{health:#?}"
    );
    sandbox.stop();
}

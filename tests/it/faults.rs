//! The fault table: what Neon, the network and the database do wrong, and how the program ends.
//!
//! Each row is one fault, given to the real binary: its exit code, the code of its finding, words of it, and how often a project was
//! asked for. After a row that may have created a project the command runs once more, without the fault: there is one project, never
//! two. The time is bounded by the requests' own limits, which `--timeout` shortens; that of a whole row is only there so that one
//! that hangs is seen on a machine of any speed.

#[path = "faults/tls.rs"]
mod tls;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::tls::BadTls;
use crate::support::{Home, Repo, Run, Sandbox, exchange, faults, spawn, temp_dir};

/// The longest that anything may take, except a compute that never wakes up.
const LIMIT: Duration = Duration::from_mins(1);
/// The same for a row that reads and parses many megabytes, which takes an unoptimized build a while.
const HEAVY_LIMIT: Duration = Duration::from_mins(5);

const CHECK: &[&str] = &["--timeout", "2", "check", "--json", "login", "project"];
const SETUP: &[&str] = &[
    "--timeout",
    "2",
    "setup",
    "--yes",
    "--json",
    "login",
    "project",
];

/// One fault of the API.
struct Row {
    name: &'static str,
    faults: Value,
    arguments: &'static [&'static str],
    exit: i32,
    code: &'static str,
    /// All of it is in the findings.
    says: &'static [&'static str],
    /// How many creates the sandbox sees.
    creates: usize,
    /// How many requests at most.
    requests: usize,
    limit: Duration,
}

impl Row {
    /// A look at Neon that fails.
    fn check(name: &'static str, faults: Value, says: &'static [&'static str]) -> Self {
        Self {
            name,
            faults,
            arguments: CHECK,
            exit: 2,
            code: "login.unreachable",
            says,
            creates: 0,
            requests: 12,
            limit: LIMIT,
        }
    }

    /// A create that fails.
    fn create(
        name: &'static str,
        faults: Value,
        code: &'static str,
        says: &'static [&'static str],
    ) -> Self {
        Self {
            arguments: SETUP,
            code,
            creates: 1,
            requests: 14,
            ..Self::check(name, faults, says)
        }
    }

    /// A create that succeeds in spite of the fault.
    fn survived(name: &'static str, faults: Value, creates: usize) -> Self {
        Self {
            exit: 0,
            creates,
            requests: 60,
            ..Self::create(name, faults, "", &[])
        }
    }
}

fn error(fault: Value) -> Value {
    [("errors".to_owned(), Value::Array(vec![fault]))]
        .into_iter()
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// An error that only creates get.
fn refused(mut fault: Value) -> Value {
    fault["method"] = json!("POST");
    fault["path"] = json!("/projects");
    error(fault)
}

fn body(kind: &str) -> Value {
    json!({"bodies": [{"kind": kind}]})
}

fn created_body(kind: &str) -> Value {
    json!({"bodies": [{"kind": kind, "count": 1, "method": "POST", "path": "/projects"}]})
}

/// Whatever answers in Neon's place.
fn impostors() -> Vec<Row> {
    let elsewhere = "http://127.0.0.1:9/login?token=x";
    vec![
        Row::check(
            "redirect",
            error(json!({"status": 302, "location": elsewhere})),
            &[
                "redirects to http://127.0.0.1:9",
                "not followed",
                "require a login",
            ],
        ),
        Row::create(
            "redirected create",
            refused(json!({"status": 307, "location": elsewhere})),
            "project.not-ready",
            &["redirects to http://127.0.0.1:9", "no project appeared"],
        ),
        Row::check(
            "redirect to nowhere",
            error(json!({"status": 301})),
            &["redirects to another address"],
        ),
        Row::check(
            "captive portal",
            error(json!({"status": 200, "page": true})),
            &["a web page instead of", "in a browser"],
        ),
        Row::create(
            "captive portal at a create",
            refused(json!({"status": 200, "page": true})),
            "project.not-ready",
            &["a web page instead of", "no project appeared"],
        ),
        Row::check(
            "network that wants a login",
            error(json!({"status": 511, "page": true})),
            &["a web page instead of", "in a browser"],
        ),
        Row::create(
            "filter at a create",
            refused(json!({"status": 403, "page": true})),
            "project.not-ready",
            &["a web page instead of", "in a browser"],
        ),
        Row::check(
            "proxy that wants a login",
            error(json!({"status": 407})),
            &["requires a login", "user name and password in HTTPS_PROXY"],
        ),
        Row::create(
            "proxy that wants a login at a create",
            refused(json!({"status": 407})),
            "project.not-ready",
            &["requires a login", "HTTPS_PROXY"],
        ),
    ]
}

/// Answers that do not end.
fn endless() -> Vec<Row> {
    vec![
        Row::check(
            "stalled answers",
            body("stall"),
            &["didn't answer in time", "--timeout"],
        ),
        Row::survived("stalled create", created_body("stall"), 1),
        Row {
            limit: HEAVY_LIMIT,
            ..Row::check("huge answers", body("huge"), &["longer than 8 MB"])
        },
        Row {
            limit: HEAVY_LIMIT,
            ..Row::survived("huge create", created_body("huge"), 1)
        },
        Row {
            arguments: SETUP,
            code: "project.listing-incomplete",
            requests: 200,
            limit: HEAVY_LIMIT,
            ..Row::check(
                "endless list",
                body("endless_cursor"),
                &["cut off after", "so none is created", "MB in total"],
            )
        },
    ]
}

/// Creates that Neon refuses for good, or for now.
fn refusals() -> Vec<Row> {
    let mut rows: Vec<_> = [400, 404, 406, 409, 412, 422]
        .into_iter()
        .map(|status| Row {
            requests: 8,
            ..Row::create(
                "refused create",
                refused(json!({"status": status, "message": "such a thing is not allowed"})),
                "project.refused",
                &[
                    "Neon refused to create project",
                    "such a thing is not allowed",
                    "[project]",
                ],
            )
        })
        .collect();
    rows.extend([
        Row::create(
            "revoked key",
            refused(json!({"status": 401})),
            "login.key-rejected",
            &["Neon rejects the API key", "neonup login"],
        ),
        Row::create(
            "weak key",
            refused(json!({"status": 403})),
            "login.key-scope",
            &["isn't allowed to create projects", "--project ID"],
        ),
        Row::create(
            "full plan",
            refused(json!({
                "status": 422, "code": "PROJECTS_LIMIT_EXCEEDED", "message": "user projects limit of 1 exceeded, got 1",
            })),
            "project.limit-reached",
            &["a plan limit is reached", "user projects limit of 1"],
        ),
        Row::create(
            "organization",
            refused(json!({
                "status": 400, "message": "org_id is required, you can find it on your organization settings page",
            })),
            "project.organization-needed",
            &["needs to know the organization"],
        ),
        // there is only one, which is named then
        Row::survived(
            "the only organization",
            json!({"organization_required": true}),
            1,
        ),
        Row::check(
            "an hour's pause",
            error(json!({"status": 429, "retry_after": "3600"})),
            &["asks to slow down", "in 3600 s (60 min)"],
        ),
        Row::create(
            "a pause to a date",
            refused(json!({"status": 429, "retry_after": "Fri, 31 Dec 2999 23:59:59 GMT"})),
            "project.not-ready",
            &["asks to slow down", "after 2999-12-31 23:59 UTC"],
        ),
        // nothing was done, and Neon says so: these alone are sent again
        Row::survived("short pause", refused(json!({"status": 503, "retry_after": "1", "count": 1})), 2),
        Row::survived("busy project", refused(json!({"status": 423, "count": 2})), 3),
        Row::survived("slow down", refused(json!({"status": 429, "count": 1})), 2),
    ]);
    rows
}

/// Creates whose outcome is unknown.
fn lost() -> Vec<Row> {
    let mut rows: Vec<_> = [500, 502, 504]
        .into_iter()
        .map(|status| {
            Row::create(
                "broken create",
                refused(json!({"status": status})),
                "project.not-ready",
                &["Neon had an internal error", "no project appeared"],
            )
        })
        .collect();
    rows.push(Row::survived("lost create", json!({"lost_creates": 1}), 1));
    for kind in ["truncated", "cut", "html", "lost"] {
        rows.push(Row::survived("damaged create", created_body(kind), 1));
    }
    rows
}

fn repository(home: &Home, project: &str) -> Repo {
    let config = format!(
        "[project]\n{project}\n\n[[env]]\nfile = \"backend/.env\"\nkeys.DATABASE_URL = {{ url = \"direct\" }}\n"
    );
    let repo = Repo::files(&[
        ("neonup.toml", config.as_str()),
        (".gitignore", ".env*\n*~\n"),
        ("backend/readme.txt", ""),
    ]);
    repo.git(home, &["init", "-q", "-b", "main"]);
    repo.commit(home, "first");
    repo
}

/// The titles, details and hints of a run.
fn told(run: &Run) -> String {
    let document = run.json();
    let mut told = Vec::new();
    for step in document["steps"].as_array().unwrap() {
        for finding in step["findings"].as_array().unwrap() {
            for field in ["title", "detail", "hint"] {
                told.push(finding[field].as_str().unwrap_or_default().to_owned());
            }
        }
    }
    told.join("\n")
}

fn is_create(request: &str) -> bool {
    request == "POST /api/v2/projects"
}

fn try_rows(rows: &[Row]) {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let mut wrong = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let project = format!("row-{number}");
        let repo = repository(&home, &format!("name = \"{project}\""));
        if row.name == "endless list" {
            // an empty list has an end
            let url = format!("{}/projects", sandbox.api_host);
            let other = json!({"project": {"name": "other"}}).to_string();
            exchange("POST", &url, &sandbox.api_key, &other);
        }
        let before = sandbox.requests().len();
        faults(&sandbox, &row.faults);
        let started = Instant::now();
        let run = repo.neonup(&home, &sandbox, row.arguments);
        let took = started.elapsed();
        faults(&sandbox, &json!({}));
        let asked = sandbox.requests().split_off(before);
        let asked: Vec<_> = asked
            .iter()
            .filter(|request| request.contains("/api/v2"))
            .collect();
        let creates = asked.iter().filter(|request| is_create(request)).count();
        let said = told(&run);
        let codes = run.codes();
        let mut fail = |what: String| wrong.push(format!("{} {}: {what}", row.name, row.faults));
        if run.code != row.exit
            || !(row.code.is_empty() || codes.iter().any(|code| code == row.code))
        {
            fail(format!("exit {} with {codes:?}: {said}", run.code));
        }
        for words in row.says.iter().filter(|words| !said.contains(**words)) {
            fail(format!("doesn't say `{words}`: {said}"));
        }
        if creates != row.creates || asked.len() > row.requests {
            fail(format!("{creates} creates, {} requests", asked.len()));
        }
        if took > row.limit {
            fail(format!("{took:?}"));
        }
        if run.output().contains(&sandbox.api_key) {
            fail("shows the key".to_owned());
        }
        if row.creates > 0 {
            let again = repo.neonup(
                &home,
                &sandbox,
                &["setup", "--yes", "--json", "login", "project"],
            );
            let found = projects(&sandbox, &project);
            if again.code != 0 || found != 1 {
                fail(format!(
                    "then exit {} with {found} projects: {}",
                    again.code,
                    told(&again)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    sandbox.stop();
}

/// How many projects have this name.
fn projects(sandbox: &Sandbox, name: &str) -> usize {
    let url = format!("{}/projects?limit=400", sandbox.api_host);
    let list: Value = serde_json::from_str(&exchange("GET", &url, &sandbox.api_key, "")).unwrap();
    let all = list["projects"].as_array().unwrap().iter();
    all.filter(|project| project["name"] == name).count()
}

/// How often a password was reset.
fn resets(sandbox: &Sandbox) -> usize {
    let requests = sandbox.requests();
    let resets = requests
        .iter()
        .filter(|request| request.ends_with("/reset_password"));
    resets.count()
}

#[test]
fn who_answers_in_neons_place_is_told_apart() {
    try_rows(&impostors());
}

#[test]
fn answers_without_an_end_are_bounded() {
    try_rows(&endless());
}

#[test]
fn refused_creates_are_told_at_once() {
    try_rows(&refusals());
}

#[test]
fn creates_without_an_answer_are_never_repeated() {
    try_rows(&lost());
}

/// Each fault of TLS has its own sentence, and a stall is none.
#[test]
fn bad_certificates_of_the_api_are_told_apart() {
    let home = Home::new();
    let repo = repository(&home, "name = \"tls\"");
    let dir = temp_dir();
    for (fault, words, hint) in [
        (
            BadTls::Expired,
            "expired on 2025-01-01",
            "this machine's clock",
        ),
        (
            BadTls::NotYetValid,
            "isn't valid before 2999-01-01",
            "set this machine's clock",
        ),
        (
            BadTls::WrongName,
            "for a different name: elsewhere.invalid",
            "check the address",
        ),
        (
            BadTls::Untrusted,
            "no certificate that this machine trusts",
            "--ca-file",
        ),
        (BadTls::Silent, "didn't answer in time", "--timeout"),
        (
            BadTls::PlainText,
            "doesn't support TLS",
            "http:// instead of https://",
        ),
    ] {
        let (port, pem) = tls::serve(fault);
        let file = dir.path().join("authority.pem");
        fs::write(&file, pem).unwrap();
        let started = Instant::now();
        let run = Run::of(
            home.neonup()
                .current_dir(&repo.root)
                .env("NEON_API_HOST", format!("https://localhost:{port}/api/v2"))
                .env(
                    "NEON_API_KEY",
                    "napi_canary0123456789abcdefghijklmnopqrstuvwxyz0123456789",
                )
                .arg("--ca-file")
                .arg(&file)
                .args(CHECK),
        );
        assert!(started.elapsed() < LIMIT, "{fault:?}");
        assert_eq!(run.code, 2, "{fault:?}: {run:#?}");
        assert!(
            run.codes().contains(&"login.unreachable".to_owned()),
            "{fault:?}: {run:#?}"
        );
        let said = told(&run);
        assert!(
            said.contains(words) && said.contains(hint),
            "{fault:?}: {said}"
        );
        let other = fault != BadTls::Untrusted && said.contains("trusts");
        assert!(!other, "{fault:?}: {said}");
        run.holds_none_of(&["napi_canary0123456789"]);
    }
}

/// The database: its certificate, its silence, its refusals. What is not answered is told within the limits of the checks.
#[test]
fn faults_of_the_database_are_told_apart() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = repository(&home, "name = \"database\"");
    let setup = ["setup", "--yes", "--json", "login", "project", "env"];
    let run = repo.neonup(&home, &sandbox, &setup);
    assert_eq!(run.code, 0, "{run:#?}");
    for (fault, code, words, hint) in [
        (
            json!({"certificate": "expired"}),
            "health.tls",
            "expired on 2025-01-01",
            "this machine's clock",
        ),
        (
            json!({"certificate": "not_yet_valid"}),
            "health.tls",
            "isn't valid before 2999-01-01",
            "set this machine's clock",
        ),
        (
            json!({"certificate": "wrong_name"}),
            "health.tls",
            "for a different name: another-host.invalid",
            "check the address",
        ),
        (
            json!({"certificate": "untrusted"}),
            "health.tls",
            "no certificate that this machine trusts",
            "--ca-file",
        ),
        (
            json!({"database": "refuse"}),
            "health.tcp",
            "no TCP connection",
            "start the sandbox",
        ),
        // the limit is the handshake's own
        (
            json!({"database": "stall"}),
            "health.query",
            "then sent nothing for 7.5 s",
            "VPN or firewall",
        ),
        (
            json!({"database": "cut"}),
            "health.query",
            "didn't answer a query",
            "Neon console",
        ),
    ] {
        faults(&sandbox, &fault);
        let started = Instant::now();
        let run = repo.neonup(&home, &sandbox, &["check", "--json", "health"]);
        let took = started.elapsed();
        faults(&sandbox, &json!({}));
        assert_eq!(run.code, 2, "{fault}: {run:#?}");
        assert!(run.codes().contains(&code.to_owned()), "{fault}: {run:#?}");
        let said = told(&run);
        assert!(
            said.contains(words) && said.contains(hint),
            "{fault}: {said}"
        );
        assert!(took < LIMIT, "{fault}: {took:?}");
        run.holds_none_of(&[&repo.password()]);
    }
    // a reset that could not be proved would lock everybody out
    for fault in [
        json!({"database": "stall"}),
        json!({"certificate": "wrong_name"}),
    ] {
        faults(&sandbox, &fault);
        let run = repo.neonup(&home, &sandbox, &["rotate", "--yes", "--json"]);
        faults(&sandbox, &json!({}));
        assert_eq!(run.code, 2, "{fault}: {run:#?}");
        assert!(told(&run).contains("the password wasn't reset"), "{run:#?}");
    }
    assert_eq!(resets(&sandbox), 0);
    let run = repo.neonup(&home, &sandbox, &["check", "--json", "health"]);
    assert_eq!(run.code, 0, "{run:#?}");
    sandbox.stop();
}

/// The service of temporary databases: it has no list, so that a create is sent once, whatever comes of it.
#[test]
fn faults_of_temporary_databases_are_told_apart() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &["--claimable"]);
    let repo = repository(&home, "name = \"temporary\"");
    for (fault, code, words) in [
        (
            error(json!({"status": 429, "retry_after": "3600"})),
            "login.unreachable",
            "in 3600 s (60 min)",
        ),
        (
            error(json!({"status": 403})),
            "project.not-ready",
            "refused the request (403",
        ),
        (
            error(json!({"status": 500})),
            "project.not-ready",
            "half-created",
        ),
        (
            error(json!({"status": 200, "page": true})),
            "project.not-ready",
            "a web page instead of",
        ),
        (
            error(json!({"status": 511, "page": true})),
            "login.unreachable",
            "in a browser",
        ),
        (
            error(json!({"status": 302, "location": "http://127.0.0.1:9/"})),
            "project.not-ready",
            "redirects to",
        ),
        (body("huge"), "project.not-ready", "longer than 8 MB"),
        (body("stall"), "project.not-ready", "didn't answer in time"),
    ] {
        let before = sandbox.requests().len();
        faults(&sandbox, &fault);
        let started = Instant::now();
        let run = repo.neonup_without_key(
            &home,
            &sandbox,
            &[
                "--timeout",
                "2",
                "setup",
                "--claimable",
                "--yes",
                "--json",
                "login",
                "project",
            ],
        );
        let took = started.elapsed();
        faults(&sandbox, &json!({}));
        assert_eq!(run.code, 2, "{fault}: {run:#?}");
        assert!(run.codes().contains(&code.to_owned()), "{fault}: {run:#?}");
        assert!(told(&run).contains(words), "{fault}: {run:#?}");
        assert!(took < LIMIT, "{fault}: {took:?}");
        let asked = sandbox.requests().split_off(before);
        let creates = asked
            .iter()
            .filter(|request| *request == "POST /api/v1/database");
        assert_eq!(creates.count(), 1, "{fault}: {asked:?}");
    }
    sandbox.stop();
}

/// A project that keeps no passwords: told as such, never reset unasked, and never sent to where there is no password to be had.
#[test]
fn project_without_stored_passwords_offers_a_reset() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let create = json!({"project": {"name": "unstored", "store_passwords": false}}).to_string();
    let url = format!("{}/projects", sandbox.api_host);
    let made: Value =
        serde_json::from_str(&exchange("POST", &url, &sandbox.api_key, &create)).unwrap();
    let id = made["project"]["id"].as_str().unwrap();
    let uri = made["connection_uris"][0]["connection_uri"]
        .as_str()
        .unwrap();
    let password = made["roles"][0]["password"].as_str().unwrap();
    let repo = repository(&home, &format!("name = \"unstored\"\nid = \"{id}\""));
    let run = repo.neonup(
        &home,
        &sandbox,
        &["setup", "--yes", "--json", "login", "project", "env"],
    );
    assert_eq!(run.code, 1, "{run:#?}");
    assert!(
        run.codes()
            .contains(&"project.password-not-stored".to_owned()),
        "{run:#?}"
    );
    assert!(
        !run.codes().contains(&"project.not-ready".to_owned()),
        "{run:#?}"
    );
    assert!(
        told(&run).contains("`neonup rotate` to set a new password"),
        "{run:#?}"
    );

    let old = uri.replace(password, "npg_anotherpassword1");
    fs::write(repo.path("backend/.env"), format!("DATABASE_URL='{old}'\n")).unwrap();
    let run = repo.neonup(
        &home,
        &sandbox,
        &["check", "--json", "project", "env", "health"],
    );
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.codes().contains(&"health.auth".to_owned()), "{run:#?}");
    let said = told(&run);
    assert!(
        said.contains("`neonup rotate` to set a new password"),
        "{said}"
    );
    assert!(!said.contains("neonup setup env"), "{said}");
    assert_eq!(resets(&sandbox), 0, "nobody asked for it");
    let run = repo.neonup(&home, &sandbox, &["rotate", "--yes", "--json"]);
    assert!(run.code <= 1, "{run:#?}");
    assert_eq!(resets(&sandbox), 1);
    let run = repo.neonup(
        &home,
        &sandbox,
        &["check", "--json", "project", "env", "health"],
    );
    assert_eq!(run.code, 0, "{run:#?}");
    sandbox.stop();
}

/// A compute that never wakes up is waited for, and the way to stop is told; after that, its project is joined.
#[cfg(unix)] // it is asked to end by a signal
#[test]
fn compute_that_never_wakes_can_be_stopped() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &["--fault", "never_wakes=true"]);
    let repo = repository(&home, "name = \"asleep\"");
    let setup = ["setup", "--yes", "--json", "login", "project"];
    let mut command = repo.command(&home, &sandbox, &setup);
    let mut child = spawn(
        command
            .env("NEON_API_KEY", &sandbox.api_key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    );
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
    let way_out = errors.find(|line| {
        line.as_ref()
            .is_ok_and(|line| line.contains("Ctrl-C stops"))
    });
    assert!(way_out.is_some(), "it ended without a word");
    crate::support::signal(child.id(), rustix::process::Signal::INT);
    let output = child.wait_with_output().unwrap();
    let run = Run::new(&output);
    assert_eq!(run.code, 130, "{run:#?}");
    // what a look saw before the create is not repeated
    assert!(run.codes().is_empty(), "{run:#?}");
    assert!(
        run.evidence("project")
            .starts_with("canceled while starting"),
        "{run:#?}"
    );
    faults(&sandbox, &json!({}));
    let again = repo.neonup(&home, &sandbox, &setup);
    assert_eq!(again.code, 0, "{again:#?}");
    assert_eq!(projects(&sandbox, "asleep"), 1);
    sandbox.stop();
}

//! Every call that a set-up makes, against everything that can come of it: what is said, what is kept, and that there is
//! never a second project.
//!
//! The Neon of these tests is a few lines below: it serves one account over real HTTP, and spoils one call in one way.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::{
    commands::setup::SetupArgs,
    core::{
        code::Code, event::EventKind, exit::Exit, failure::Failure, secret::Secret, step::StepId,
    },
    engine::Runtime,
    ports::neon::{BranchDatabase, Neon as _, NewBranch, error::NeonError, http::HttpNeon},
    project::settings::Flags,
    report::output::Output,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};

use crate::testing::world::{KEY, PASSWORD, World};

/// How many cases run at once: time limits are about Neon, not about a machine with too much to do.
static TURNS: Semaphore = Semaphore::const_new(32);

/// What comes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallOutcome {
    /// A refusal; nothing was done.
    Status(u16),
    /// Done, and then an internal error.
    ErrorAfter,
    /// Never answered; whether it was done is the second.
    Timeout { done: bool },
    /// The connection is closed instead of an answer.
    Reset { done: bool },
    /// Done; the JSON ends in the middle.
    Truncated,
    /// Done; a proxy answers with a page of its own.
    Html,
}

/// One call: a method, and what is in its path and query.
#[derive(Debug, Clone, Copy)]
struct ApiCall(&'static str, &'static str);

impl ApiCall {
    /// Whether only a set-up that joins a project asks for it: the answer to a create says it all.
    fn joins(self) -> bool {
        self.1.starts_with("/projects/made-1") && !self.1.contains("/operations/")
    }
}

/// What set-ups ask for, in this order.
const CALLS: [ApiCall; 14] = [
    ApiCall("GET", "/auth"),
    ApiCall("GET", "/users/me"),
    ApiCall("GET", "/users/me/organizations"),
    ApiCall("GET", "/projects?limit=400&org_id=org-a"),
    ApiCall("GET", "/projects?limit=400&org_id=org-a&cursor=crowd-399"),
    ApiCall("GET", "/projects/shared?limit=400"),
    ApiCall("POST", "/projects"),
    ApiCall("GET", "/projects/made-1/operations/op-1"),
    ApiCall("GET", "/projects/made-1"),
    ApiCall("GET", "/projects/made-1/branches?limit=1000"),
    ApiCall("GET", "/projects/made-1/branches/br-a-b-1/endpoints"),
    ApiCall("GET", "/projects/made-1/branches/br-a-b-1/databases"),
    ApiCall(
        "GET",
        "/projects/made-1/connection_uri?branch_id=br-a-b-1&database_name=neondb&role_name=neondb_owner",
    ),
    ApiCall(
        "GET",
        "/projects/made-1/connection_uri?branch_id=br-a-b-1&database_name=neondb&role_name=neondb_owner&pooled=true",
    ),
];

const OUTCOMES: [CallOutcome; 14] = [
    CallOutcome::Status(401),
    CallOutcome::Status(403),
    CallOutcome::Status(404),
    CallOutcome::Status(409),
    CallOutcome::Status(412),
    CallOutcome::Status(422),
    CallOutcome::Status(423),
    CallOutcome::Status(429),
    CallOutcome::Status(500),
    CallOutcome::Status(503),
    CallOutcome::Timeout { done: false },
    CallOutcome::Reset { done: false },
    CallOutcome::Truncated,
    CallOutcome::Html,
];

#[derive(Default)]
struct Account {
    /// Ids of the projects that were made.
    made: Vec<String>,
    /// `METHOD path?query`, as it came.
    requests: Vec<String>,
    /// How often the call is still spoilt.
    left: usize,
}

/// A Neon with 400 projects of one organization, and room for more.
struct FaultyNeon {
    base: String,
    account: Arc<Mutex<Account>>,
    task: JoinHandle<()>,
}

impl Drop for FaultyNeon {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FaultyNeon {
    async fn start(call: ApiCall, outcome: CallOutcome, times: usize) -> Self {
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}/api/v2", listener.local_addr().unwrap());
        let account = Arc::new(Mutex::new(Account {
            left: times,
            ..Account::default()
        }));
        let shared = Arc::clone(&account);
        let task = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(serve(stream, Arc::clone(&shared), call, outcome));
            }
        });
        Self {
            base,
            account,
            task,
        }
    }

    fn client(&self, timeout: Duration) -> HttpNeon {
        HttpNeon::new(self.base.clone(), None, timeout).retrying_after(Duration::from_millis(5))
    }

    fn count(&self, call: ApiCall) -> usize {
        let line = format!("{} {}", call.0, call.1);
        let account = self.account.lock().unwrap();
        account
            .requests
            .iter()
            .filter(|request| **request == line)
            .count()
    }

    fn made(&self) -> Vec<String> {
        self.account.lock().unwrap().made.clone()
    }
}

async fn serve(
    stream: TcpStream,
    account: Arc<Mutex<Account>>,
    call: ApiCall,
    outcome: CallOutcome,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let Some((method, path)) = read(&mut stream).await? else {
        return Ok(());
    };
    let spoilt = {
        let mut account = account.lock().unwrap();
        account.requests.push(format!("{method} {path}"));
        let hit = method == call.0 && path == call.1 && account.left > 0;
        account.left -= usize::from(hit);
        hit
    };
    let answer = |account: &Mutex<Account>| answer(&mut account.lock().unwrap(), &method, &path);
    if !spoilt {
        let (status, body) = answer(&account);
        return write(&mut stream, status, &body.to_string()).await;
    }
    match outcome {
        CallOutcome::Status(status) => {
            let body = json!({"code": "", "message": format!("words of Neon for {status}")});
            write(&mut stream, status, &body.to_string()).await
        }
        CallOutcome::ErrorAfter => {
            answer(&account);
            write(&mut stream, 500, "{}").await
        }
        CallOutcome::Timeout { done } => {
            if done {
                answer(&account);
            }
            // until the client has had enough
            let _gone = stream.read(&mut [0]).await?;
            Ok(())
        }
        CallOutcome::Reset { done } => {
            if done {
                answer(&account);
            }
            Ok(())
        }
        CallOutcome::Truncated => {
            let text = answer(&account).1.to_string();
            let half = text.get(..text.len() / 2).unwrap();
            write(&mut stream, 200, half).await
        }
        CallOutcome::Html => {
            answer(&account);
            write(&mut stream, 200, "<!DOCTYPE html><h1>Log in</h1>").await
        }
    }
}

/// The method and the path below the base, with the body read to its end.
async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<(String, String)>> {
    use tokio::io::AsyncBufReadExt as _;
    let mut first = String::new();
    if stream.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    stream.read_exact(&mut vec![0; length]).await?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    Ok(Some((method, path.replacen("/api/v2", "", 1))))
}

async fn write(stream: &mut BufReader<TcpStream>, status: u16, body: &str) -> std::io::Result<()> {
    let text = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-neon-ret-request-id: req-42\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

fn project(id: &str, name: &str) -> Value {
    json!({"id": id, "name": name, "region_id": "aws-us-east-2", "pg_version": 17, "created_at": "2026-01-01T00:00:00Z"})
}

fn operation(status: &str) -> Value {
    json!({"id": "op-1", "action": "start_compute", "status": status})
}

/// What Neon does and says.
fn answer(account: &mut Account, method: &str, path: &str) -> (u16, Value) {
    let (route, query) = path.split_once('?').unwrap_or((path, ""));
    let branch =
        json!({"id": "br-a-b-1", "name": "main", "default": true, "current_state": "ready"});
    let uri = |host: &str| {
        format!(
            "postgresql://neondb_owner:{PASSWORD}@{host}.us-east-2.aws.neon.tech/neondb?sslmode=require"
        )
    };
    let below = route.strip_prefix("/projects/made-");
    let inner = below
        .and_then(|rest| rest.split_once('/'))
        .map(|(_, rest)| rest);
    let body = match (method, route, inner) {
        ("GET", "/auth", _) => json!({"account_id": "ada", "auth_method": "api_key_user"}),
        ("GET", "/users/me", _) => json!({"email": "ada@example.org"}),
        ("GET", "/users/me/organizations", _) => {
            json!({"organizations": [{"id": "org-a", "name": "A", "managed_by": "console"}]})
        }
        ("GET", "/projects", _) if !query.contains("org_id=") => {
            let message = "org_id is required, you can find it on your organization settings page";
            return (400, json!({"code": "", "message": message}));
        }
        ("GET", "/projects", _) if query.contains("cursor=") => {
            let made: Vec<_> = account.made.iter().map(|id| project(id, "todo")).collect();
            json!({"projects": made, "pagination": {"cursor": "the-last"}})
        }
        ("GET", "/projects", _) => {
            let crowd: Vec<_> = (0..400)
                .map(|number| project(&format!("crowd-{number}"), "crowd"))
                .collect();
            json!({"projects": crowd, "pagination": {"cursor": "crowd-399"}})
        }
        ("GET", "/projects/shared", _) => json!({"projects": []}),
        ("POST", "/projects", _) => {
            let id = format!("made-{}", account.made.len() + 1);
            account.made.push(id.clone());
            let body = json!({
                "project": project(&id, "todo"), "branch": branch, "operations": [operation("running")],
                "connection_uris": [{"connection_uri": uri("ep-a-b-1"), "connection_parameters": {"pooler_host": ""}}],
            });
            return (201, body);
        }
        ("GET", _, Some("operations")) => json!({"operations": [operation("finished")]}),
        ("GET", _, Some("operations/op-1")) => json!({"operation": operation("finished")}),
        ("GET", _, Some("branches")) => json!({"branches": [branch]}),
        ("GET", _, Some("branches/br-a-b-1/endpoints")) => json!({"endpoints": [{
            "id": "ep-a-b-1", "host": "ep-a-b-1.us-east-2.aws.neon.tech", "branch_id": "br-a-b-1",
            "type": "read_write", "current_state": "active",
        }]}),
        ("GET", _, Some("branches/br-a-b-1/databases")) => {
            json!({"databases": [{"name": "neondb", "owner_name": "neondb_owner"}]})
        }
        ("GET", _, Some("connection_uri")) => {
            let pooled = query.contains("pooled=true");
            json!({"uri": uri(if pooled { "ep-a-b-1-pooler" } else { "ep-a-b-1" })})
        }
        ("GET", _, None) if below.is_some() => {
            let id = route.trim_start_matches("/projects/");
            if account.made.iter().any(|made| made == id) {
                json!({"project": project(id, "todo")})
            } else {
                return (404, json!({"code": "", "message": "project not found"}));
            }
        }
        _ => return (404, json!({"code": "", "message": "no such route"})),
    };
    (200, body)
}

const ENV: &str = "# mine\nDATABASE_URL=\nOTHER=1\n";
const CONFIG: &str = "[project]\nname = \"todo\"\n\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = { url = \"direct\", driver = \"libpq\" }\n";

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Text {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A repository in memory, whose set-up asks a real server.
struct Clone {
    world: World,
}

impl Clone {
    fn new() -> Self {
        let world = World::default();
        world.with(|state| {
            let mut put = |path: &str, text: &str| {
                state.files.insert(path.into(), text.as_bytes().to_vec());
            };
            put("/repo/neonup.toml", CONFIG);
            put("/repo/.env", ENV);
        });
        Self { world }
    }

    /// `neonup setup --yes --json login project env`.
    async fn setup(&self, neon: &FaultyNeon, timeout: Duration) -> (Exit, Value, String) {
        let mut settings = World::settings_of(
            &self.world.file("/repo/neonup.toml").unwrap(),
            &[("NEON_API_KEY", KEY)],
            Flags::default(),
        );
        settings.api_host.clone_from(&neon.base);
        let mut ports = self.world.ports();
        ports.neon = Arc::new(neon.client(timeout));
        let (out, err) = (Text::default(), Text::default());
        let mut output = Output::captured(Box::new(out.clone()), Box::new(err.clone()), true);
        let setup = SetupArgs::yes(&[StepId::Login, StepId::Project, StepId::Env]);
        let running = setup.run_unasked(settings, ports, None, &mut output);
        let exit = Box::pin(running).await.unwrap();
        let text = |text: &Text| String::from_utf8(text.0.lock().unwrap().clone()).unwrap();
        let (out, err) = (text(&out), text(&err));
        let document = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
        (exit, document, out + &err)
    }
}

/// Which code a set-up ends with; `None`: it is done all the same.
fn expected(call: ApiCall, outcome: CallOutcome) -> Option<Code> {
    // who the user is, is nice to know
    if call.1 == "/users/me" {
        return None;
    }
    // an organization's key has no shared projects, and is told so by a refusal
    if call.1.starts_with("/projects/shared") && matches!(outcome, CallOutcome::Status(403 | 404)) {
        return None;
    }
    // a create that is refused for good is told with what was asked for
    if call.0 == "POST" && matches!(outcome, CallOutcome::Status(404 | 409 | 412 | 422)) {
        return Some(Code::ProjectRefused);
    }
    Some(match outcome {
        CallOutcome::Status(401) => Code::LoginKeyRejected,
        CallOutcome::Status(403) => Code::LoginKeyScope,
        CallOutcome::Status(404) => Code::ProjectDeleted,
        CallOutcome::Status(409 | 412 | 422 | 423) => Code::ProjectNotReady,
        // a create whose outcome is not known was looked for, and did not appear
        CallOutcome::Status(_)
        | CallOutcome::ErrorAfter
        | CallOutcome::Timeout { .. }
        | CallOutcome::Reset { .. }
        | CallOutcome::Truncated
        | CallOutcome::Html => {
            if call.0 == "POST" {
                Code::ProjectNotReady
            } else {
                Code::LoginUnreachable
            }
        }
    })
}

async fn one(call: ApiCall, outcome: CallOutcome) {
    let _turn = TURNS.acquire().await.unwrap();
    let what = format!("{call:?} {outcome:?}");
    let timeout = if matches!(outcome, CallOutcome::Timeout { .. }) {
        Duration::from_secs(2)
    } else {
        Duration::from_mins(1)
    };
    let neon = FaultyNeon::start(call, outcome, usize::MAX).await;
    if call.joins() {
        let mut account = neon.account.lock().unwrap();
        account.made.push("made-1".to_owned());
    }
    let clone = Clone::new();
    let (exit, document, text) = clone.setup(&neon, timeout).await;
    assert!(neon.count(call) > 0, "{what}: was not asked");
    assert!(
        !text.contains(KEY) && !text.contains(PASSWORD),
        "{what}: a secret"
    );
    let env = clone.world.file("/repo/.env").unwrap();
    // a create that was done is found again, whatever became of its answer
    let adopted = call.0 == "POST" && matches!(outcome, CallOutcome::Truncated | CallOutcome::Html);
    let Some(code) = expected(call, outcome).filter(|_| !adopted) else {
        assert_eq!(exit, Exit::Done, "{what}: {text}");
        assert!(env.contains(PASSWORD), "{what}: {env}");
        assert_eq!(neon.made(), ["made-1"], "{what}");
        return;
    };
    assert_ne!(exit, Exit::Done, "{what}: {text}");
    assert_eq!(env, ENV, "{what}: .env was touched");
    let steps = document["steps"].as_array().unwrap().iter();
    let findings: Vec<_> = steps
        .flat_map(|step| step["findings"].as_array().unwrap())
        .collect();
    let found = findings
        .iter()
        .find(|finding| finding["code"] == code.as_str())
        .unwrap_or_else(|| panic!("{what}: no {code} in {document:#}"));
    assert!(!found["hint"].as_str().unwrap().is_empty(), "{what}");
    // a recorded project that is gone is a fact, not a failure
    let told = !(call.1 == "/projects/made-1" && outcome == CallOutcome::Status(404));
    if told
        && !matches!(
            outcome,
            CallOutcome::Timeout { .. } | CallOutcome::Reset { .. }
        )
    {
        let detail = found["detail"].as_str().unwrap();
        assert!(detail.contains("req-42"), "{what}: no request id: {found}");
    }
    let posts = neon.count(ApiCall("POST", "/projects"));
    if call.0 == "POST" {
        let safe = matches!(outcome, CallOutcome::Status(423 | 429 | 503));
        assert_eq!(posts, if safe { 3 } else { 1 }, "{what}: creates sent");
    } else {
        let most = usize::from(!call.joins());
        assert!(posts <= most, "{what}: {posts} creates");
    }
    assert!(neon.made().len() <= 1, "{what}: a second project");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_outcome_of_each_call_has_its_code_and_nothing_is_created_twice() {
    let mut cases = JoinSet::new();
    for call in CALLS {
        for outcome in OUTCOMES {
            cases.spawn(one(call, outcome));
        }
    }
    let mut passed = 0;
    while let Some(case) = cases.join_next().await {
        case.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        passed += 1;
    }
    assert_eq!(passed, 14 * 14);
}

/// 100 creates, each of whose answers is lost: run until it succeeds, as a person would.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_lost_creates_end_with_one_project_each() {
    let ways = [
        CallOutcome::ErrorAfter,
        CallOutcome::Timeout { done: true },
        CallOutcome::Timeout { done: false },
        CallOutcome::Reset { done: true },
        CallOutcome::Reset { done: false },
        CallOutcome::Truncated,
        CallOutcome::Html,
        CallOutcome::Status(500),
    ];
    let mut runs = JoinSet::new();
    for outcome in ways.into_iter().cycle().take(100) {
        runs.spawn(async move {
            let _turn = TURNS.acquire().await.unwrap();
            let neon = FaultyNeon::start(ApiCall("POST", "/projects"), outcome, 1).await;
            let clone = Clone::new();
            let timeout = Duration::from_secs(3);
            let mut runs = 0;
            loop {
                let (exit, _, text) = clone.setup(&neon, timeout).await;
                runs += 1;
                if exit == Exit::Done {
                    break;
                }
                assert!(runs < 3, "{outcome:?}: {text}");
            }
            assert_eq!(neon.made().len(), 1, "{outcome:?}");
            let config = clone.world.file("/repo/neonup.toml").unwrap();
            assert!(config.contains("id = \"made-1\""), "{outcome:?}: {config}");
            assert!(clone.world.file("/repo/.env").unwrap().contains(PASSWORD));
        });
    }
    let results = runs.join_all().await;
    assert_eq!(results.len(), 100);
}

/// Which call is tried again, why, and after how long, while it happens.
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_reported_at_once() {
    let neon = FaultyNeon::start(ApiCall("GET", "/auth"), CallOutcome::Status(503), 2).await;
    let mut ports = World::default().ports();
    ports.neon = Arc::new(neon.client(Duration::from_mins(1)));
    let (runtime, mut events) = Runtime::new(World::settings(Flags::default()), ports);
    runtime.probe(StepId::Login);
    let mut said = Vec::new();
    loop {
        match events.recv().await.unwrap().kind {
            EventKind::Progress(progress) => said.push(progress.label),
            EventKind::Finished(outcome) => break assert!(outcome.result.is_ok(), "{outcome:?}"),
            EventKind::Started(_)
            | EventKind::Facts(_)
            | EventKind::Activity(_)
            | EventKind::App(_)
            | EventKind::Bug(_) => {}
        }
    }
    runtime.shutdown().await;
    let again: Vec<_> = said
        .iter()
        .filter(|label| label.contains("GET /auth again in 0.0 s"))
        .collect();
    assert_eq!(again.len(), 2, "{said:?}");
    assert!(again[0].contains("503") && again[0].ends_with("attempt 2 of 3"));
    assert!(again[1].ends_with("attempt 3 of 3"));
}

/// The calls that a set-up makes only sometimes, and those of a rotation.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_write_are_sent_once_unless_nothing_was_done() {
    let calls = [
        ApiCall("POST", "/projects/p-1/branches"),
        ApiCall("POST", "/projects/p-1/endpoints"),
        ApiCall("POST", "/projects/p-1/branches/br-1/databases"),
        ApiCall(
            "POST",
            "/projects/p-1/branches/br-1/roles/owner/reset_password",
        ),
        ApiCall("POST", "/api_keys"),
        ApiCall("DELETE", "/api_keys/7"),
        ApiCall("GET", "/api_keys"),
        ApiCall("GET", "/projects/p-1/endpoints"),
        ApiCall("GET", "/projects/p-1/operations?limit=20"),
    ];
    let mut cases = JoinSet::new();
    for (number, call) in calls.into_iter().enumerate() {
        for outcome in OUTCOMES {
            cases.spawn(async move {
                let _turn = TURNS.acquire().await.unwrap();
                let what = format!("{call:?} {outcome:?}");
                let neon = FaultyNeon::start(call, outcome, usize::MAX).await;
                let timeout = if matches!(outcome, CallOutcome::Timeout { .. }) {
                    Duration::from_secs(2)
                } else {
                    Duration::from_mins(1)
                };
                let result = ask(&neon.client(timeout), number).await;
                let revoked = call.0 == "DELETE" && outcome == CallOutcome::Status(404);
                let Err(failure) = result.map_err(Failure::from) else {
                    assert!(revoked, "{what}: succeeded");
                    return;
                };
                let unanswered = matches!(
                    outcome,
                    CallOutcome::Timeout { .. } | CallOutcome::Reset { .. }
                );
                assert_eq!(
                    failure.request_id.is_some(),
                    !unanswered,
                    "{what}: {failure}"
                );
                // only creating a project is settled by the step
                let code = expected(ApiCall("GET", ""), outcome).unwrap();
                assert_eq!(failure.code, code, "{what}: {failure}");
                let safe = matches!(outcome, CallOutcome::Status(423 | 429 | 503));
                let unknown = unanswered
                    || matches!(
                        outcome,
                        CallOutcome::Status(500) | CallOutcome::Truncated | CallOutcome::Html
                    );
                let sent = if safe || (unknown && call.0 == "GET") {
                    3
                } else {
                    1
                };
                assert_eq!(neon.count(call), sent, "{what}");
            });
        }
    }
    assert_eq!(cases.join_all().await.len(), 9 * 14);
}

async fn ask(client: &HttpNeon, number: usize) -> Result<(), NeonError> {
    let key = Secret::new(KEY);
    let branch = NewBranch {
        name: "dev".to_owned(),
        parent: "br-1".to_owned(),
        expires_at: None,
    };
    let database = BranchDatabase {
        name: "shop".to_owned(),
        owner_name: "owner".to_owned(),
    };
    match number {
        0 => client.create_branch(&key, "p-1", &branch).await.map(drop),
        1 => client.create_endpoint(&key, "p-1", "br-1").await.map(drop),
        2 => client
            .create_database(&key, "p-1", "br-1", &database)
            .await
            .map(drop),
        3 => client
            .reset_password(&key, "p-1", "br-1", "owner")
            .await
            .map(drop),
        4 => client.create_api_key(&key, "mine").await.map(drop),
        5 => client.revoke_api_key(&key, 7).await,
        6 => client.api_keys(&key).await.map(drop),
        7 => client.project_endpoints(&key, "p-1").await.map(drop),
        _ => client.operations(&key, "p-1").await.map(drop),
    }
}

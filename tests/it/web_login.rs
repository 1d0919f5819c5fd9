//! `neonup login --web` against the sandbox's issuer; the test plays the browser.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Stdio},
    sync::mpsc,
    time::Duration,
};

use serde_json::json;

use crate::support::{Home, Repo, Run, Sandbox, faults, spawn};

/// A program that waits for the browser.
struct Waiting {
    child: Child,
    lines: mpsc::Receiver<String>,
    address: String,
    said: String,
}

impl Waiting {
    fn start(repo: &Repo, home: &Home, sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let mut child = spawn(
            repo.command(home, sandbox, arguments)
                .env_remove("NEON_API_KEY")
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped()),
        );
        let (sender, lines) = mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                sender.send(line).ok();
            }
        });
        let mut waiting = Self {
            child,
            lines,
            address: String::new(),
            said: String::new(),
        };
        waiting.address = waiting.line_with("/oauth2/auth?");
        waiting
    }

    fn line_with(&mut self, part: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(20)).unwrap();
            self.said.push_str(&line);
            if line.contains(part) {
                return line;
            }
        }
    }

    /// The port at which it listens.
    fn port(&self) -> u16 {
        let url = url::Url::parse(&self.address).unwrap();
        let redirect = url.query_pairs().find(|(name, _)| name == "redirect_uri");
        let redirect = url::Url::parse(&redirect.unwrap().1).unwrap();
        redirect.port().unwrap()
    }

    fn end(mut self) -> Run {
        let mut stderr = String::new();
        let mut pipe = self.child.stderr.take().unwrap();
        pipe.read_to_string(&mut stderr).unwrap();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let rest: String = self.lines.iter().map(|line| line + "\n").collect();
        let port = self.port();
        assert!(
            TcpStream::connect(("127.0.0.1", port)).is_err(),
            "something still listens"
        );
        Run {
            code,
            stdout: format!("{}{rest}", self.said),
            stderr,
        }
    }
}

/// What a browser does with an address: the whole answer.
fn visit(address: &str) -> String {
    let url = url::Url::parse(address).unwrap();
    let (host, port) = (url.host_str().unwrap(), url.port().unwrap());
    let target = &url[url::Position::BeforePath..];
    let mut stream = TcpStream::connect((host, port)).unwrap();
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\nSec-Fetch-Site: none\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The address that an answer redirects to.
fn location(answer: &str) -> String {
    let line = answer.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("location").then_some(value)
    });
    line.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Agrees in the browser, and returns the page at the end and the address that it had.
fn agree(waiting: &Waiting) -> (String, String) {
    let callback = location(&visit(&waiting.address));
    (visit(&callback), callback)
}

/// The file with the login.
fn stored(home: &Home) -> PathBuf {
    let keys = home.dir.path().join("config/neonup/keys");
    let files = std::fs::read_dir(keys).unwrap().flatten();
    let mut logins = files.map(|file| file.path()).filter(|path| {
        path.extension()
            .is_none_or(|end| end != "lock" && end != "note")
    });
    logins.next().unwrap()
}

fn tokens(home: &Home) -> Vec<String> {
    let text = std::fs::read_to_string(stored(home)).unwrap();
    let stored: serde_json::Value = serde_json::from_str(&text).unwrap();
    ["access_token", "refresh_token"]
        .iter()
        .filter_map(|name| Some(stored[name].as_str()?.to_owned()))
        .collect()
}

const LOGIN: [&str; 4] = ["login", "--web", "--store", "file"];

#[test]
fn a_login_in_the_browser_works_is_renewed_and_ends() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    let run = |arguments: &[&str]| {
        Run::of(
            repo.command(&home, &sandbox, arguments)
                .env_remove("NEON_API_KEY"),
        )
    };
    faults(&sandbox, &json!({"login_seconds": 2}));
    let waiting = Waiting::start(&repo, &home, &sandbox, &LOGIN);
    // whoever else comes gets nothing
    let base = format!("http://127.0.0.1:{}", waiting.port());
    assert!(visit(&format!("{base}/")).starts_with("HTTP/1.1 404"));
    let (page, callback) = agree(&waiting);
    assert!(page.contains("You can close this page"), "{page}");
    let ended = waiting.end();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(
        ended.output().contains("a browser login from"),
        "{ended:#?}"
    );
    let first = tokens(&home);
    let code = url::Url::parse(&callback).unwrap();
    let code = code.query_pairs().find(|(name, _)| name == "code").unwrap();
    for secret in first.iter().map(String::as_str).chain([&*code.1]) {
        ended.holds_none_of(&[secret]);
        assert!(!page.contains(secret), "a secret in the page");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = stored(&home).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // its access token is over at once by our margin: the next commands renew it, each with the refresh token of the one before
    for _ in 0..2 {
        let status = run(&["status", "--json"]);
        assert!(
            status.evidence("login").contains("a browser login"),
            "{status:#?}"
        );
        status.holds_none_of(&[&tokens(&home)[0], &tokens(&home)[1]]);
    }
    let renewed = tokens(&home);
    assert!(first.iter().all(|token| !renewed.contains(token)));
    // two at a time spend no refresh token twice, which would end the login
    let mut both: Vec<_> = (0..2)
        .map(|_| {
            spawn(
                repo.command(&home, &sandbox, &["check", "login"])
                    .env_remove("NEON_API_KEY")
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null()),
            )
        })
        .collect();
    assert!(both.iter_mut().all(|child| child.wait().unwrap().success()));
    let rotated = run(&["rotate", "--api-key", "--yes"]);
    assert!(
        rotated.output().contains("no API key to rotate"),
        "{rotated:#?}"
    );
    let last = tokens(&home);
    let logout = run(&["logout", "--json"]);
    assert_eq!(logout.code, 0, "{logout:#?}");
    assert_eq!(logout.json()["revoked"], json!([true]));
    let gone = run(&["check", "login", "--json"]);
    assert!(
        gone.codes().contains(&"login.missing-key".to_owned()),
        "{gone:#?}"
    );
    let sent = sandbox.requests();
    assert!(sent.iter().any(|request| request == "POST /oauth2/revoke"));
    for token in first.iter().chain(&last) {
        assert!(!sent.iter().any(|request| request.contains(token)));
    }
    sandbox.stop();
}

#[test]
fn each_way_to_fail_says_so_and_keeps_nothing() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    for (fault, what) in [
        ("denied", "declined in the browser"),
        ("wrong_state", "belongs to another login"),
        ("code_refused", "code wasn't accepted"),
    ] {
        faults(&sandbox, &json!({"login": fault}));
        let waiting = Waiting::start(&repo, &home, &sandbox, &LOGIN);
        agree(&waiting);
        let run = waiting.end();
        assert_eq!(run.code, 2, "{run:#?}");
        assert!(run.output().contains(what), "{run:#?}");
        assert!(run.output().contains("neonup login --web"), "{run:#?}");
    }
    // somebody who is tired of waiting
    #[cfg(unix)]
    {
        faults(&sandbox, &json!({"login": "slow"}));
        let waiting = Waiting::start(&repo, &home, &sandbox, &LOGIN);
        crate::support::signal(waiting.child.id(), rustix::process::Signal::INT);
        let run = waiting.end();
        assert_eq!(run.code, 130, "{run:#?}");
    }
    // an issuer that is not there, and one that may not be used
    let elsewhere = |host: &str| {
        Run::of(
            repo.command(&home, &sandbox, &LOGIN)
                .env_remove("NEON_API_KEY")
                .env("NEON_OAUTH_HOST", host),
        )
    };
    let nobody = elsewhere("http://127.0.0.1:9");
    assert_eq!(nobody.code, 2);
    assert!(
        nobody.output().contains("nothing is listening"),
        "{nobody:#?}"
    );
    let plain = elsewhere("http://oauth.example.test");
    assert_eq!(plain.code, 64, "{plain:#?}");
    assert!(plain.output().contains("plain http"), "{plain:#?}");
    let keys = home.dir.path().join("config/neonup/keys");
    let kept = std::fs::read_dir(keys).map_or(0, |files| {
        let logins = files.flatten().filter(|file| {
            let name = file.file_name();
            !name.to_string_lossy().ends_with(".lock")
        });
        logins.count()
    });
    assert_eq!(kept, 0);
    sandbox.stop();
}

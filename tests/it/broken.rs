//! FastAPI projects with common faults, started for real: the finding names the cause.

use std::{fs, net::TcpListener, path::Path};

use serde_json::Value;

use crate::support::{Home, Repo, Run, Sandbox, free_port, python, skip, spawn, until};

/// The sample with a virtual environment, set up but for the health step.
struct Project {
    home: Home,
    sandbox: Sandbox,
    repo: Repo,
}

impl Project {
    fn new(python: &Path) -> Self {
        let home = Home::new();
        let sandbox = Sandbox::start(&home, &[]);
        let repo = Repo::sample(&home);
        repo.link_venv(python, "backend/.venv");
        repo.skip_nothing();
        let project = Self {
            home,
            sandbox,
            repo,
        };
        let run = project.run(&[
            "setup", "--yes", "--json", "login", "project", "env", "backend", "schema",
        ]);
        assert_eq!(run.code, 0, "{run:#?}");
        project
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.repo.neonup(&self.home, &self.sandbox, arguments)
    }

    /// Starts the application; returns the finding about it.
    fn health(&self) -> Value {
        // a changed env file makes setup start the application again
        fs::remove_file(self.repo.path("backend/.env")).unwrap();
        let run = self.run(&["setup", "--yes", "--json", "env", "health"]);
        run.holds_none_of(&[&self.sandbox.api_key]);
        let document = run.json();
        let steps = document["steps"].as_array().unwrap();
        steps
            .iter()
            .flat_map(|step| step["findings"].as_array().unwrap())
            .find(|finding| finding["code"].as_str().unwrap().starts_with("health.app"))
            .unwrap_or_else(|| panic!("no finding about the application: {document:#}"))
            .clone()
    }

    fn session(&self, from: &str, to: &str) {
        let path = self.repo.path("backend/src/db/session.py");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }
}

fn assert_says(finding: &Value, title: &str, hint: &str) {
    assert!(
        finding["title"].as_str().unwrap().contains(title)
            && finding["hint"].as_str().unwrap().contains(hint),
        "{finding:#}"
    );
}

#[test]
fn each_cause_of_a_failed_start_has_its_own_finding() {
    let Some(python) = python() else {
        return skip("NEONUP_TEST_PYTHON names no Python with the sample's packages");
    };
    let project = Project::new(&python);
    let session = project.repo.read("backend/src/db/session.py");
    let restore = || fs::write(project.repo.path("backend/src/db/session.py"), &session).unwrap();

    project.session("{\"connect_timeout\": 10}", "{\"timeout\": 10}");
    assert_says(
        &project.health(),
        "psycopg doesn't support the connection argument `timeout`",
        "connect_timeout",
    );
    restore();

    project.session("load_dotenv(ENV_FILE)\n", "");
    project.session("if not DATABASE_URL:", "if False:");
    project.session(
        "engine = create_engine(",
        "engine = create_engine(  # before the env file is loaded\n   ",
    );
    let text = project.repo.read("backend/src/db/session.py") + "\nload_dotenv(ENV_FILE)\n";
    fs::write(project.repo.path("backend/src/db/session.py"), text).unwrap();
    assert_says(
        &project.health(),
        "the engine is created before DATABASE_URL is known",
        "load_dotenv() above",
    );
    restore();

    let main = project.repo.read("backend/src/main.py");
    let requirements = project.repo.read("backend/requirements.txt");
    fs::write(
        project.repo.path("backend/src/main.py"),
        format!("import a_package_that_nobody_has\n{main}"),
    )
    .unwrap();
    fs::write(
        project.repo.path("backend/requirements.txt"),
        format!("{requirements}\na-package-that-nobody-has\n"),
    )
    .unwrap();
    assert_says(
        &project.health(),
        "can't find the package `a_package_that_nobody_has`",
        "pip install -r backend/requirements.txt",
    );
    fs::write(project.repo.path("backend/src/main.py"), &main).unwrap();

    // the application's own URL, with a password that is not the role's
    project.session(
        "DATABASE_URL = os.environ.get(\"DATABASE_URL\")\n",
        "DATABASE_URL = os.environ[\"DATABASE_URL\"].replace(\":npg_\", \":npg_X\")\n",
    );
    assert_says(
        &project.health(),
        "the database rejects the password that the application sends",
        "neonup check env",
    );
    restore();

    let config = project.repo.read("neonup.toml");
    let (before, _) = config.split_once("/health\"").unwrap();
    let port: u16 = before.rsplit_once(':').unwrap().1.parse().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    fs::remove_file(project.repo.path("backend/.env")).unwrap();
    let run = project.run(&["setup", "--yes", "--json", "env", "health"]);
    assert_eq!(run.code, 0, "it goes to another port: {run:#?}");
    assert!(
        run.evidence("health").contains("the app is healthy"),
        "{run:#?}"
    );
    assert!(
        run.stdout
            .contains(&format!("port {port} is already in use")),
        "{run:#?}"
    );
    drop(listener);
    project.sandbox.stop();
}

/// A running application, which ends with the test.
struct App(std::process::Child);

impl Drop for App {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The status line of the health route; `None` while nothing answers.
fn status(port: u16) -> Option<String> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    text.lines().next().map(str::to_owned)
}

#[test]
fn edited_application_answers_503_when_the_database_is_gone() {
    let Some(python) = python() else {
        return skip("NEONUP_TEST_PYTHON names no Python with the sample's packages");
    };
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    repo.link_venv(&python, "backend/.venv");
    // an application that does not mention a database
    let mine = "\"\"\"My API.\"\"\"\n\nfrom fastapi import FastAPI\n\napp = FastAPI(title=\"mine\")\n\n\n@app.get(\"/\")\ndef root() -> dict[str, str]:\n    return {\"hello\": \"world\"}\n";
    fs::write(repo.path("backend/src/main.py"), mine).unwrap();
    let shown = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(
        repo.read("backend/src/main.py"),
        mine,
        "only shown: {shown:#?}"
    );
    let run = repo.neonup(
        &home,
        &sandbox,
        &["setup", "--yes", "--json", "--edit-code"],
    );
    assert_eq!(run.code, 0, "{run:#?}");
    let main = repo.read("backend/src/main.py");
    assert!(
        main.contains("create_all") && main.contains("return {\"hello\": \"world\"}"),
        "{main}"
    );

    let port = free_port();
    let child = spawn(
        home.command(&python)
            .current_dir(repo.path("backend"))
            .args(["-m", "uvicorn", "src.main:app", "--port", &port.to_string()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null()),
    );
    let _app = App(child);
    until("the application healthy", || {
        status(port).is_some_and(|line| line.contains(" 200 "))
    });
    // with the sandbox, the connections in the application's pool end as well
    sandbox.stop();
    until("503 without a database", || {
        status(port).is_some_and(|line| line.contains(" 503 "))
    });
}

//! Real FastAPI projects that are broken in a common way, started for real: each cause is named in one sentence.

use std::{fs, net::TcpListener, path::Path};

use serde_json::Value;

use crate::support::{Home, Repo, Run, Sandbox, free_port, python, skip, spawn, until};

/// The sample with the project's own virtual environment, set up but for the application.
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
        let venv = python.parent().unwrap().parent().unwrap();
        std::os::unix::fs::symlink(venv, repo.path("backend/.venv")).unwrap();
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

    /// Starts the application, and gives the finding that says why it does not run.
    fn health(&self) -> Value {
        // what was written anew is what the application is started for
        fs::remove_file(self.repo.path("backend/.env")).unwrap();
        let run = self.run(&["setup", "--yes", "--json", "env", "health"]);
        run.holds_none_of(&[&self.sandbox.api_key]);
        let document = run.json();
        let steps = document["steps"].as_array().unwrap();
        steps
            .iter()
            .flat_map(|step| step["findings"].as_array().unwrap())
            .find(|finding| finding["code"].as_str().unwrap().starts_with("health.app"))
            .unwrap_or_else(|| panic!("nothing is said of the application: {document:#}"))
            .clone()
    }

    fn session(&self, from: &str, to: &str) {
        let path = self.repo.path("backend/src/db/session.py");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }
}

fn says(finding: &Value, title: &str, hint: &str) {
    assert!(
        finding["title"].as_str().unwrap().contains(title)
            && finding["hint"].as_str().unwrap().contains(hint),
        "{finding:#}"
    );
}

#[test]
fn the_causes_of_a_failed_start_are_named() {
    let Some(python) = python() else {
        return skip("NEONUP_TEST_PYTHON names no Python with the sample's packages");
    };
    let project = Project::new(&python);
    let session = project.repo.read("backend/src/db/session.py");
    let restore = || fs::write(project.repo.path("backend/src/db/session.py"), &session).unwrap();

    project.session("{\"connect_timeout\": 10}", "{\"timeout\": 10}");
    says(
        &project.health(),
        "psycopg does not know the connection argument `timeout`",
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
    says(
        &project.health(),
        "the engine is made before DATABASE_URL is known",
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
    says(
        &project.health(),
        "has no package `a_package_that_nobody_has`",
        "pip install -r backend/requirements.txt",
    );
    fs::write(project.repo.path("backend/src/main.py"), &main).unwrap();

    // the application's own URL, with a password that is not the role's
    project.session(
        "DATABASE_URL = os.environ.get(\"DATABASE_URL\")\n",
        "DATABASE_URL = os.environ[\"DATABASE_URL\"].replace(\":npg_\", \":npg_X\")\n",
    );
    says(
        &project.health(),
        "the database refuses the password that the application sends",
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
            .contains(&format!("port {port} is in use by something else")),
        "{run:#?}"
    );
    drop(listener);
    project.sandbox.stop();
}

/// A running application; it ends with the test, however that ends.
struct App(std::process::Child);

impl Drop for App {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The status line of a GET, or nothing while nobody answers.
fn status(port: u16) -> Option<String> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    text.lines().next().map(str::to_owned)
}

#[test]
fn the_proposed_main_serves_health_and_says_503_when_the_database_is_gone() {
    let Some(python) = python() else {
        return skip("NEONUP_TEST_PYTHON names no Python with the sample's packages");
    };
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    let venv = python.parent().unwrap().parent().unwrap();
    std::os::unix::fs::symlink(venv, repo.path("backend/.venv")).unwrap();
    // somebody's own application, without a word of a database
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

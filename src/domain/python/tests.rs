use crate::domain::{python::*, url::Driver};

fn app() -> PythonApp {
    PythonApp::new("backend", "src.main", "app")
}

#[test]
fn dependencies_are_read_from_every_kind_of_file() {
    for (file, text) in [
        (
            "requirements.txt",
            "FastAPI>=0.1 # web\nSQLModel\npsycopg[binary]>=3.1\npython_dotenv\n-r other.txt\n",
        ),
        (
            "pyproject.toml",
            "[project]\nname = \"x\"\ndependencies = [\n  \"fastapi>=0.1\",\n  \"sqlmodel\", \"psycopg[binary]>=3.1\",\n  \"python-dotenv\",\n]\n",
        ),
        (
            "pyproject.toml",
            "[tool.poetry.dependencies]\nfastapi = \"^0.1\"\nsqlmodel = \"*\"\npsycopg = { extras = [\"binary\"], version = \"^3\" }\npython-dotenv = \"*\"\n",
        ),
        (
            "Pipfile",
            "[packages]\nfastapi = \"*\"\nsqlmodel = \"*\"\npsycopg = \"*\"\npython-dotenv = \"*\"\n",
        ),
    ] {
        let read = |path: &str| (path == format!("backend/{file}")).then(|| text.to_owned());
        let found = Dependencies::read(&read, "backend");
        assert!(found.has("fastapi"), "{text}");
        assert_eq!(found.driver(), Driver::Psycopg);
        assert_eq!(found.missing(Driver::Psycopg, true), [""; 0], "{text}");
        assert_eq!(
            found.missing(Driver::Asyncpg, true),
            ["asyncpg>=0.29", "greenlet>=3.0"]
        );
    }
}

#[test]
fn a_new_session_module_finds_the_env_file_in_any_layout() {
    for (dir, env, expression) in [
        (
            "backend",
            "backend/.env",
            "Path(__file__).resolve().parents[2] / \".env\"",
        ),
        (
            "backend",
            ".env",
            "Path(__file__).resolve().parents[3] / \".env\"",
        ),
        ("", ".env", "Path(__file__).resolve().parents[2] / \".env\""),
        (
            "backend",
            "config/.env.local",
            "Path(__file__).resolve().parents[3] / \"config\" / \".env.local\"",
        ),
    ] {
        let app = PythonApp::new(dir, "src.main", "app");
        let files = session_files(&app, Driver::Psycopg, "DATABASE_URL", env, true);
        assert!(files[0].1.contains(expression), "{}", files[0].1);
        assert!(!files[0].1.contains('@'), "{}", files[0].1);
        assert_eq!(
            judge_session(&files[0].1, Driver::Psycopg, "DATABASE_URL", false),
            []
        );
    }
    for driver in [Driver::Asyncpg, Driver::Pg8000, Driver::Psycopg2] {
        let files = session_files(&app(), driver, "DATABASE_URL", "backend/.env", false);
        assert_eq!(
            judge_session(&files[0].1, driver, "DATABASE_URL", false),
            [],
            "{driver}"
        );
    }
}

#[test]
fn mistakes_in_session_modules_are_found() {
    let good = "from dotenv import load_dotenv\nload_dotenv()\nurl = os.environ[\"DATABASE_URL\"]\nengine = create_engine(url, pool_pre_ping=True";
    for (text, driver, line, words) in [
        (
            "engine = create_engine(os.environ[\"DATABASE_URL\"], pool_pre_ping=True)\nload_dotenv()\n".to_owned(),
            Driver::Psycopg,
            Some(1),
            "read before the .env is loaded",
        ),
        (format!("{good}, connect_args={{\"timeout\": 10}})\n"), Driver::Psycopg, Some(4), "`timeout`"),
        (format!("{good},\n    connect_args={{\n        \"connect_timeout\": 10,\n        \"check_same_thread\": False,\n    }},\n)\n"), Driver::Psycopg, Some(7), "`check_same_thread`"),
        (format!("{good}, connect_args=dict(sslmode=\"require\"))\n"), Driver::Asyncpg, Some(4), "`sslmode`"),
        (format!("{good})\nX = \"postgresql://u:hunter2@h.example.org/d\"\n"), Driver::Psycopg, Some(5), "stands in the source"),
        ("x = 1\n".to_owned(), Driver::Psycopg, None, "no engine"),
    ] {
        let issues = judge_session(&text, driver, "DATABASE_URL", false);
        assert_eq!(issues.len(), 1, "{text}: {issues:?}");
        assert!(issues[0].title.contains(words) && issues[0].breaks, "{issues:?}");
        assert_eq!(issues[0].line, line, "{text}");
        assert!(!format!("{issues:?}").contains("hunter2"));
    }
    // the application has loaded it already
    let text = "engine = create_engine(os.environ[\"DATABASE_URL\"], pool_pre_ping=True)\n";
    assert_eq!(
        judge_session(text, Driver::Psycopg, "DATABASE_URL", true),
        []
    );
}

const BARE: &str = "\"\"\"API.\"\"\"\nfrom fastapi import FastAPI\n\nfrom src.models import Task\n\napp = FastAPI(title=\"x\")\n\n\n@app.get(\"/\")\ndef root():\n    return {}\n";

#[test]
fn a_bare_main_gets_tables_and_a_health_route() {
    let facts = judge_main(BARE, None, "/health");
    assert!(!facts.create_all && facts.health.is_none());
    let new = propose_main(BARE, &app(), &facts, "/health", Some("src.models")).unwrap();
    let after = judge_main(&new, None, "/health");
    assert!(after.create_all && after.health_queries, "{new}");
    assert!(
        new.contains("app = FastAPI(lifespan=lifespan, title=\"x\")"),
        "{new}"
    );
    assert_eq!(
        new.matches("import").count(),
        BARE.matches("import").count() + 6,
        "{new}"
    );
    assert_eq!(propose_main(&new, &app(), &after, "/health", None), None);
    for line in BARE.lines().filter(|line| !line.starts_with("app =")) {
        assert!(new.contains(line), "{line}");
    }
}

#[test]
fn an_existing_lifespan_and_health_route_are_reused() {
    let text = BARE
        .replace("app = FastAPI(title=\"x\")", "@asynccontextmanager\nasync def lifespan(app):\n    print(1)\n    yield\n\n\napp = FastAPI(\n    title=\"x\",\n    lifespan=lifespan,\n)")
        + "\n\n@app.get(\"/health\")\nasync def health(\n    x: int = 0,\n):\n    return {\"status\": \"healthy\"}\n\n\nif __name__ == \"__main__\":\n    pass\n";
    let facts = judge_main(&text, None, "/health");
    assert!(facts.health.is_some() && !facts.health_queries);
    let new = propose_main(&text, &app(), &facts, "/health", None).unwrap();
    assert!(
        new.contains("    print(1)\n    SQLModel.metadata.create_all(engine)\n    yield"),
        "{new}"
    );
    assert_eq!(new.matches("\"/health\"").count(), 1, "{new}");
    assert!(!new.contains("async def health("), "{new}");
    assert!(
        new.ends_with("if __name__ == \"__main__\":\n    pass\n"),
        "{new}"
    );
}

#[test]
fn tables_may_be_created_by_a_function_of_the_session_module() {
    let session = "def init_db():\n    SQLModel.metadata.create_all(engine)\n";
    let facts = judge_main(&format!("{BARE}\ninit_db()\n"), Some(session), "/health");
    assert!(facts.create_all);
    assert!(!judge_main(BARE, Some(session), "/health").create_all);
}

#[test]
fn apps_are_found_by_the_start_command_or_by_their_usual_file() {
    let words: Vec<String> = [
        "python",
        "-m",
        "uvicorn",
        "api.web:create",
        "--port",
        "8000",
    ]
    .map(str::to_owned)
    .into();
    let found = PythonApp::from_command("backend", &words).unwrap();
    assert_eq!(
        (found.file.as_str(), found.package.as_str()),
        ("backend/api/web.py", "api")
    );
    let read =
        |path: &str| (path == "app/main.py").then(|| "api: FastAPI = FastAPI()\n".to_owned());
    let found = find_app(&read, "").unwrap();
    assert_eq!(
        (found.module.as_str(), found.variable.as_str()),
        ("app.main", "api")
    );
}

//! The change that is proposed for the application's module.

use super::*;

const BARE: &str = "\"\"\"API.\"\"\"\nfrom fastapi import FastAPI\n\nfrom app.models import Plant\n\napp = FastAPI(title=\"x\")\n\n\n@app.get(\"/\")\ndef root():\n    return {}\n";

fn proposed(main: &str, modules: Modules<'_>, new_session: bool) -> Option<(String, Judgement)> {
    let mut all = vec![
        ("app/__init__.py", ""),
        ("app/models.py", MODELS),
        ("app/main.py", main),
    ];
    all.extend(modules);
    let entry = entry(&all, "uvicorn app.main:app").unwrap();
    let judgement = judge(&entry, Driver::Psycopg, "DATABASE_URL", Some("/health"));
    let wanted = WantedCode {
        tables: !creates(&judgement),
        health: (!asks(&judgement)).then_some("/health"),
        sqlmodel: true,
        models: None,
        new_session: new_session.then(|| "app.db".to_owned()),
    };
    let new = propose_main(&entry, &judgement, &wanted)?;
    let mut after = vec![
        ("app/__init__.py", ""),
        ("app/models.py", MODELS),
        ("app/main.py", new.as_str()),
        ("app/db.py", DATABASE),
    ];
    after.extend(modules);
    let judgement = judge_as(&after, "uvicorn app.main:app", Driver::Psycopg);
    Some((new, judgement))
}

#[test]
fn a_bare_module_gets_tables_and_a_health_route() {
    for text in [
        BARE.to_owned(),
        BARE.replace('\n', "\r\n"),
        format!("\u{feff}{BARE}"),
    ] {
        let (new, after) = proposed(&text, &[], true).unwrap();
        assert!(creates(&after) && asks(&after), "{new}");
        assert!(
            new.contains("app = FastAPI(lifespan=lifespan, title=\"x\")"),
            "{new}"
        );
        assert_eq!(
            new.matches('\n').count() == new.matches("\r\n").count(),
            text.contains('\r'),
            "{new:?}"
        );
        for line in text.lines().filter(|line| !line.starts_with("app =")) {
            assert!(new.contains(line), "{line}");
        }
    }
}

#[test]
fn an_existing_lifespan_and_health_route_are_reused() {
    let text = BARE.replace(
        "app = FastAPI(title=\"x\")",
        "@asynccontextmanager\nasync def lifespan(app):\n    print(1)\n    yield\n\n\napp = FastAPI(\n    title=\"x\",\n    lifespan=lifespan,\n)",
    ) + "\n\n@app.get(\n    \"/health\",\n)\nasync def health(\n    x: int = 0,\n):\n    return {\"status\": \"healthy\"}\n\n\nif __name__ == \"__main__\":\n    pass\n";
    let (new, after) = proposed(&text, &[], true).unwrap();
    assert!(creates(&after) && asks(&after), "{new}");
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
fn the_engine_is_imported_from_where_it_is() {
    let text = BARE.replace("from app.models", "import app.store\nfrom app.models");
    let store = "import os\nfrom dotenv import load_dotenv\nfrom sqlmodel import create_engine\nload_dotenv()\nplant_engine = create_engine(os.environ[\"DATABASE_URL\"], pool_pre_ping=True)\n";
    let (new, after) = proposed(&text, &[("app/store.py", store)], false).unwrap();
    assert!(creates(&after) && asks(&after), "{new}");
    assert!(new.contains("from app.store import plant_engine"), "{new}");
    assert!(
        new.contains("with plant_engine.connect() as connection:"),
        "{new}"
    );
}

#[test]
fn a_declarative_base_is_used_where_there_is_one() {
    let modules = [(
        "app/base.py",
        "from sqlalchemy.orm import DeclarativeBase\nclass Model(DeclarativeBase):\n    pass\nclass Leaf(Model):\n    __tablename__ = \"leaf\"\n",
    )];
    let text = BARE.replace("from app.models import Plant", "from app.base import Leaf");
    let (new, after) = proposed(&text, &modules, true).unwrap();
    assert!(creates(&after), "{new}");
    assert!(
        new.contains("Model.metadata.create_all(engine)")
            && new.contains("from app.base import Model"),
        "{new}"
    );
    assert_eq!(
        after.tables,
        Some(Symbol {
            module: "app.base".to_owned(),
            name: "Model".to_owned()
        })
    );
}

#[test]
fn nothing_is_proposed_where_there_is_no_safe_place() {
    for text in [
        BARE.replace(
            "app = FastAPI(title=\"x\")",
            "def make():\n    return FastAPI()\napp = make()",
        ),
        BARE.replace(
            "app = FastAPI(title=\"x\")",
            "from app.start import lifespan\napp = FastAPI(lifespan=lifespan)",
        ),
        BARE.replace(
            "@app.get",
            "@app.on_event(\"startup\")\ndef start():\n    pass\n@app.get",
        ),
    ] {
        assert!(
            proposed(
                &text,
                &[("app/start.py", "def lifespan(app):\n    yield\n")],
                true
            )
            .is_none(),
            "{text}"
        );
    }
}

//! What an application does on start-up, and what its health route asks and promises.

use super::*;

#[test]
fn tables_are_made_on_start_up_in_every_usual_way() {
    let create = "SQLModel.metadata.create_all(engine)";
    for (main, helper) in [
        (format!("@asynccontextmanager\nasync def lifespan(app):\n    {create}\n    yield\napp = FastAPI(lifespan=lifespan)\n"), ""),
        ("from app.helper import lifespan\napp = FastAPI(lifespan=lifespan)\n".to_owned(), "LIFESPAN"),
        ("from app.helper import lifespan as start\napp = FastAPI(\n    title=\"x\",\n    lifespan=start,\n)\n".to_owned(), "LIFESPAN"),
        ("from app.helper import make_tables\n@asynccontextmanager\nasync def lifespan(app):\n    make_tables()\n    yield\napp = FastAPI(lifespan=lifespan)\n".to_owned(), "HELPER"),
        ("from app.helper import make_tables\napp = FastAPI()\n@app.on_event(\"startup\")\ndef start():\n    make_tables()\n".to_owned(), "HELPER"),
        ("from app.helper import make_tables\napp = FastAPI()\napp.add_event_handler(\"startup\", make_tables)\n".to_owned(), "HELPER"),
        ("from app.helper import make_tables\napp = FastAPI(on_startup=[make_tables])\n".to_owned(), "HELPER"),
        ("from app.helper import make_tables\nmake_tables()\napp = FastAPI()\n".to_owned(), "HELPER"),
        (format!("{create}\napp = FastAPI()\n"), ""),
        ("class Lifespan:\n    def __init__(self, app):\n        pass\n    async def __aenter__(self):\n        SQLModel.metadata.create_all(engine)\n    async def __aexit__(self, *rest):\n        pass\napp = FastAPI(lifespan=Lifespan)\n".to_owned(), ""),
        ("async def start():\n    async with engine.begin() as connection:\n        await connection.run_sync(SQLModel.metadata.create_all)\n@asynccontextmanager\nasync def lifespan(app):\n    await start()\n    yield\napp = FastAPI(lifespan=lifespan)\n".to_owned(), ""),
        ("import asyncio\nfrom app.helper import make_tables\n@asynccontextmanager\nasync def lifespan(app):\n    await asyncio.to_thread(make_tables)\n    yield\napp = FastAPI(lifespan=lifespan)\n".to_owned(), "HELPER"),
        (format!("def create_app():\n    @asynccontextmanager\n    async def lifespan(app):\n        {create}\n        yield\n    return FastAPI(lifespan=lifespan)\napp = create_app()\n"), ""),
        (format!("def make(extra):\n    @asynccontextmanager\n    async def lifespan(app):\n        {create}\n        yield\n    return lifespan\napp = FastAPI(lifespan=make(1))\n"), ""),
        ("from app.helper import Manager\nmanager = Manager()\n@asynccontextmanager\nasync def lifespan(app):\n    await manager.create()\n    yield\napp = FastAPI(lifespan=lifespan)\n".to_owned(), "CLASS"),
    ] {
        let helper = match helper {
            "LIFESPAN" => "from contextlib import asynccontextmanager\nfrom sqlmodel import SQLModel\nfrom app.database import engine\n@asynccontextmanager\nasync def lifespan(app):\n    SQLModel.metadata.create_all(engine)\n    yield\n",
            "CLASS" => "from sqlmodel import SQLModel\nfrom app.database import engine\nclass Manager:\n    async def create(self):\n        SQLModel.metadata.create_all(engine)\n",
            _ => "from sqlmodel import SQLModel\nfrom app.database import engine\ndef make_tables():\n    SQLModel.metadata.create_all(engine)\n",
        };
        let judgement = judged(&[("app/main.py", &main_with(&main)), ("app/helper.py", helper)]);
        assert!(creates(&judgement), "{main}: {:?}", judgement.creates);
        assert!(judgement.has_models);
    }
}

#[test]
fn what_only_looks_like_it_makes_no_tables() {
    for main in [
        "# SQLModel.metadata.create_all(engine)\napp = FastAPI()\n",
        "app = FastAPI(description=\"SQLModel.metadata.create_all(engine)\")\n",
        "def unused():\n    SQLModel.metadata.create_all(engine)\napp = FastAPI()\n",
        "app = FastAPI()\nif __name__ == \"__main__\":\n    SQLModel.metadata.create_all(engine)\n",
        "app = FastAPI()\n@app.post(\"/reset\")\ndef reset():\n    SQLModel.metadata.create_all(engine)\n",
        "\"\"\"Call\n    SQLModel.metadata.create_all(engine)\n\"\"\"\napp = FastAPI()\n",
    ] {
        let judgement = judged(&[("app/main.py", &main_with(main))]);
        assert_eq!(judgement.creates, Deduction::No, "{main}");
    }
    let unknown = "@asynccontextmanager\nasync def lifespan(app):\n    app.state.boot()\n    yield\napp = FastAPI(lifespan=lifespan)\n";
    let judgement = judged(&[("app/main.py", &main_with(unknown))]);
    assert!(matches!(judgement.creates, Deduction::Unknown(_)));
    // code of a package may do anything with an engine, or with what it is named after
    for (import, call) in [
        ("from acme_core import prepare", "prepare(engine)"),
        ("from acme_core import prepare", "prepare(bind=engine)"),
        ("import acme", "acme.start(SQLModel.metadata)"),
        ("from acme_core import init_db", "init_db()"),
        ("from acme_core.database import prepare", "await prepare()"),
        ("import acme", "acme.Setup().create_tables()"),
    ] {
        let main = format!(
            "{import}\n@asynccontextmanager\nasync def lifespan(app):\n    {call}\n    yield\napp = FastAPI(lifespan=lifespan)\n"
        );
        let judgement = judged(&[("app/main.py", &main_with(&main))]);
        let unknown = matches!(judgement.creates, Deduction::Unknown(_));
        assert!(unknown, "{call}: {:?}", judgement.creates);
    }
    for (import, call) in [
        ("from sqladmin import Admin", "Admin(app, engine)"),
        ("import redis", "redis.Redis().ping()"),
        ("import logging", "logging.getLogger(\"db\").info(engine)"),
        ("from acme_core import warm_up", "warm_up(app)"),
    ] {
        let main = format!(
            "{import}\n@asynccontextmanager\nasync def lifespan(app):\n    {call}\n    yield\napp = FastAPI(lifespan=lifespan)\n"
        );
        let judgement = judged(&[("app/main.py", &main_with(&main))]);
        assert_eq!(judgement.creates, Deduction::No, "{call}");
    }
    let moved = "app = FastAPI(lifespan=missing_name)\n";
    let judgement = judged(&[("app/main.py", &main_with(moved))]);
    assert!(!creates(&judgement));
}

#[test]
fn health_routes_of_every_form_ask_the_database() {
    let ask =
        "    session.connection().execute(text(\"SELECT 1\"))\n    return {\"status\": \"ok\"}\n";
    let function = format!("def health(session: Session = Depends(get_session)):\n{ask}");
    let router = |prefix: &str, path: &str| {
        format!(
            "from fastapi import APIRouter, Depends\nfrom sqlalchemy import text\nfrom sqlmodel import Session\nfrom app.database import get_session\nrouter = APIRouter({prefix})\n@router.get({path})\n{function}"
        )
    };
    for (main, other) in [
        (format!("app = FastAPI()\n@app.get(\"/health\")\n{function}"), String::new()),
        (format!("app = FastAPI()\n@app.get(\n    \"/health\",\n    tags=[\"x\"],\n)\n{function}"), String::new()),
        (format!("app = FastAPI()\n@app.get(path='/health', summary='x')\n{function}"), String::new()),
        (format!("app = FastAPI()\n@app.get(\"/health/\")\n{function}"), String::new()),
        (format!("PATH = \"/health\"\napp = FastAPI()\n@app.api_route(PATH, methods=[\"GET\"])\n{function}"), String::new()),
        (format!("app = FastAPI()\n{function}app.add_api_route(\"/health\", health)\n"), String::new()),
        (format!("app = FastAPI()\n{function}app.get(\"/health\")(health)\n"), String::new()),
        ("from app import other\napp = FastAPI()\napp.include_router(other.router)\n".to_owned(), router("", "\"/health\"")),
        ("from app.other import router as r\napp = FastAPI()\napp.include_router(r, prefix=\"/health\")\n".to_owned(), router("", "\"\"")),
        ("from app.other import router\napi = APIRouter()\napi.include_router(router)\napp = FastAPI()\napp.include_router(api)\n".to_owned(), router("prefix=\"/health\"", "\"/\"")),
        ("from app.other import router\napp = FastAPI()\nfor each in [router]:\n    app.include_router(each)\n".to_owned(), router("", "\"/health\"")),
        ("from app.other import router\ndef routes(app: FastAPI):\n    app.include_router(router)\ndef create_app():\n    app = FastAPI()\n    routes(app)\n    return app\napp = create_app()\n".to_owned(), router("", "\"/health\"")),
        ("def create_app():\n    app = FastAPI()\n    @app.get(\"/health\")\n    def health():\n        with Session(engine) as session:\n            session.exec(text(\"SELECT 1\"))\n        return {}\n    return app\napp = create_app()\n".to_owned(), String::new()),
        ("from typing import Annotated\nDb = Annotated[Session, Depends(get_session)]\napp = FastAPI()\n@app.get(\"/health\")\nasync def health(session: Db):\n    await session.execute(text(\"SELECT 1\"))\n    return {}\n".to_owned(), String::new()),
        ("from app.other import check\napp = FastAPI()\n@app.get(\"/health\", dependencies=[Depends(check)])\ndef health():\n    return {}\n".to_owned(), "from app.database import engine\ndef check():\n    with engine.connect() as c:\n        c.exec_driver_sql(\"SELECT 1\")\n".to_owned()),
        ("from app.other import Service\napp = FastAPI()\n@app.get(\"/health\")\ndef health(service: Service = Depends()):\n    return service.status()\n".to_owned(), "from sqlmodel import Session\nfrom app.database import engine\nclass Service:\n    def __init__(self):\n        self.session = Session(engine)\n    def status(self):\n        return {\"up\": self.session.scalar(1)}\n".to_owned()),
        ("app = FastAPI()\n@app.get(\"/health\")\nasync def health(request):\n    await request.app.state.pool.fetchval(\"SELECT 1\")\n    return {}\n".to_owned(), String::new()),
    ] {
        let judgement = judged(&[("app/main.py", &main_with(&main)), ("app/other.py", &other)]);
        assert!(asks(&judgement), "{main}: {:?}", judgement.health);
    }
}

#[test]
fn a_health_route_that_does_not_ask_or_is_elsewhere_is_told_from_one_that_asks() {
    let silent = "app = FastAPI()\n@app.get(\"/health\")\ndef health():\n    print(\"SELECT 1\")\n    return {\"status\": \"ok\"}\n";
    let judgement = judged(&[("app/main.py", &main_with(silent))]);
    assert_eq!(
        judgement.health.as_ref().map(|health| &health.asks),
        Some(&Deduction::No)
    );
    let session_only = "app = FastAPI()\n@app.get(\"/health\")\ndef health(session: Session = Depends(get_session)):\n    return {\"status\": \"ok\"}\n";
    let judgement = judged(&[("app/main.py", &main_with(session_only))]);
    assert_eq!(
        judgement.health.map(|health| health.asks),
        Some(Deduction::No)
    );
    let redis = "import redis\nclient = redis.Redis()\napp = FastAPI()\n@app.get(\"/health\")\ndef health():\n    client.ping()\n    return {}\n";
    let judgement = judged(&[("app/main.py", &main_with(redis))]);
    assert_eq!(
        judgement.health.map(|health| health.asks),
        Some(Deduction::No)
    );
    for (import, call) in [
        ("from acme_core import ping", "ping(session)"),
        ("from acme_core import check_db", "check_db()"),
    ] {
        let elsewhere = format!(
            "{import}\napp = FastAPI()\n@app.get(\"/health\")\ndef health(session: Session = Depends(get_session)):\n    {call}\n    return {{}}\n"
        );
        let judgement = judged(&[("app/main.py", &main_with(&elsewhere))]);
        let asks = judgement.health.map(|health| health.asks);
        let unknown = matches!(asks, Some(Deduction::Unknown(_)));
        assert!(unknown, "{call}: {asks:?}");
    }
    let prefixed = "api = APIRouter(prefix=\"/api\")\n@api.get(\"/health\")\ndef health():\n    engine.connect()\n    return {}\napp = FastAPI()\napp.include_router(api)\n";
    let judgement = judged(&[("app/main.py", &main_with(prefixed))]);
    assert_eq!(judgement.health, None);
    assert_eq!(
        judgement.other_health.map(|health| health.path).as_deref(),
        Some("/api/health")
    );
    let unused = "api = APIRouter()\n@api.get(\"/health\")\ndef health():\n    engine.connect()\n    return {}\napp = FastAPI()\n";
    assert_eq!(judged(&[("app/main.py", &main_with(unused))]).health, None);
    let unknown = "app = FastAPI()\n@app.get(\"/health\")\ndef health(request):\n    return request.app.state.checker.run()\n";
    let judgement = judged(&[("app/main.py", &main_with(unknown))]);
    assert!(matches!(
        judgement.health.map(|health| health.asks),
        Some(Deduction::Unknown(_))
    ));
}

#[test]
fn promises_are_the_literal_texts_of_a_good_answer() {
    let pairs = |text: &[(&str, &str)]| -> Vec<(String, String)> {
        text.iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    for (body, promised) in [
        (
            "    return {\"status\": \"healthy\", \"database\": \"connected\"}\n",
            pairs(&[("status", "healthy"), ("database", "connected")]),
        ),
        (
            "    return {\"status\": \"ok\", \"version\": VERSION, \"up\": True}\n",
            pairs(&[("status", "ok")]),
        ),
        (
            "    try:\n        engine.connect()\n    except Exception:\n        return {\"status\": \"bad\"}\n    return {\"status\": \"ok\"}\n",
            pairs(&[("status", "ok")]),
        ),
        (
            "    if x:\n        return JSONResponse({\"status\": \"bad\"}, status_code=503)\n    return JSONResponse(content={\"status\": \"ok\"})\n",
            pairs(&[("status", "ok")]),
        ),
        (
            "    if x:\n        return {\"status\": \"ok\", \"a\": \"1\"}\n    return {\"status\": \"ok\", \"a\": \"2\"}\n",
            pairs(&[("status", "ok")]),
        ),
        (
            "    return {\"database\": \"up\" if x else \"down\"}\n",
            pairs(&[]),
        ),
        ("    result = check()\n    return result\n", pairs(&[])),
    ] {
        let main = main_with(&format!(
            "from fastapi.responses import JSONResponse\napp = FastAPI()\n@app.get(\"/health\")\ndef health():\n{body}"
        ));
        let judgement = judged(&[("app/main.py", &main)]);
        assert_eq!(judgement.health.unwrap().promises, promised, "{body}");
    }
    let model = main_with(
        "from pydantic import BaseModel\nclass Health(BaseModel):\n    status: str\napp = FastAPI()\n@app.get(\"/health\", response_model=Health)\ndef health():\n    return {\"status\": \"ok\", \"secret\": \"x\"}\n",
    );
    let judgement = judged(&[("app/main.py", &model)]);
    assert_eq!(
        judgement.health.unwrap().promises,
        pairs(&[("status", "ok")])
    );
}

#[test]
fn the_likeliest_route_is_proposed_with_its_path_and_promises() {
    let files: Modules<'_> = &[
        (
            "app/main.py",
            "from fastapi import FastAPI\nfrom app.config import settings\nfrom app.routes import router\napp = FastAPI()\napp.include_router(router, prefix=settings.API)\n",
        ),
        (
            "app/config.py",
            "from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n    API: str = \"/api/v1\"\nsettings = Settings()\n",
        ),
        (
            "app/routes.py",
            "from fastapi import APIRouter\nrouter = APIRouter(prefix=\"/utils\")\n@router.get(\"/health-check/\")\nasync def health() -> dict[str, str]:\n    return {\"state\": \"fine\"}\n",
        ),
    ];
    let read = |path: &str| find(files, path).map(str::to_owned);
    let app = find_app(&read, "").unwrap();
    let (path, promised) = promised_health(&read, "", &app).unwrap();
    assert_eq!(path, "/api/v1/utils/health-check/");
    assert_eq!(promised, [("state".to_owned(), "fine".to_owned())]);
}

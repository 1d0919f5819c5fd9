//! Where the application and its modules are found.

use super::*;

#[test]
fn the_application_is_found_by_every_usual_command() {
    let plain = "from fastapi import FastAPI\napi = FastAPI()\n";
    let modules: Modules<'_> = &[
        ("app/__init__.py", ""),
        ("app/main.py", plain),
        (
            "main.py",
            "import uvicorn\nif __name__ == \"__main__\":\n    uvicorn.run(\"app.main:api\", reload=True)\n",
        ),
        (
            "serve.py",
            "import uvicorn\nfrom app.main import api\nuvicorn.run(api)\n",
        ),
        (
            "app/__main__.py",
            "import uvicorn\nfrom app.main import api\nuvicorn.run(api, port=1)\n",
        ),
        (
            "factory.py",
            "from fastapi import FastAPI\ndef create_app():\n    app = FastAPI()\n    return app\n",
        ),
        ("src/shop/__init__.py", ""),
        ("src/shop/web.py", plain),
    ];
    for (command, file) in [
        ("uvicorn app.main:api --port 8000", "app/main.py"),
        ("python -m uvicorn app.main:api", "app/main.py"),
        (
            "uv run uvicorn app.main:api --host 0.0.0.0:80",
            "app/main.py",
        ),
        ("uvicorn --app-dir app main:api", "app/main.py"),
        ("uvicorn --app-dir=src shop.web:api", "src/shop/web.py"),
        ("uvicorn shop.web:api", "src/shop/web.py"),
        (
            "gunicorn -b 0.0.0.0:8000 -k uvicorn.workers.UvicornWorker app.main:api",
            "app/main.py",
        ),
        ("fastapi run app/main.py", "app/main.py"),
        ("fastapi dev", "main.py"),
        ("python main.py", "app/main.py"),
        ("python serve.py", "serve.py"),
        ("poetry run python -m app", "app/__main__.py"),
        ("uvicorn factory:create_app --factory", "factory.py"),
        ("uvicorn factory:create_app()", "factory.py"),
    ] {
        let found = entry(modules, command).unwrap_or_else(|| panic!("{command}"));
        assert_eq!(found.app.file, file, "{command}");
        if file != "main.py" {
            let judgement = judge(&found, Driver::Psycopg, "DATABASE_URL", None);
            assert_eq!(judgement.kind, AppKind::FastApi, "{command}");
        }
    }
    assert!(entry(modules, "uvicorn app.web:api").is_none());
    assert!(entry(modules, "docker compose up").is_none());
}

#[test]
fn other_frameworks_are_known_as_such() {
    for (text, package) in [
        ("from flask import Flask\napp = Flask(__name__)\n", "flask"),
        (
            "from starlette.applications import Starlette\napp = Starlette()\n",
            "starlette",
        ),
        (
            "from django.core.asgi import get_asgi_application\napp = get_asgi_application()\n",
            "django",
        ),
    ] {
        let judgement = judged(&[("app/main.py", text)]);
        assert_eq!(judgement.kind, AppKind::Other(package.to_owned()));
    }
    let wrapped = "from fastapi import FastAPI\nfrom mangum import Wrapper\napi = FastAPI()\napp = Wrapper(api)\n";
    assert_eq!(judged(&[("app/main.py", wrapped)]).kind, AppKind::FastApi);
}

#[test]
fn imports_of_every_form_lead_to_the_engine() {
    for imports in [
        "from app.database import engine",
        "from .database import engine",
        "from . import database as db",
        "import app.database as db",
        "import app.database",
        "from app import database",
        "from app.deps import *",
        "from app.again import engine",
        "try:\n    from app.database import engine\nexcept ImportError:\n    engine = None",
        "def later():\n    from app.database import engine\n    return engine",
        "import importlib\nimportlib.import_module(\"app.database\")",
    ] {
        let main = format!("from fastapi import FastAPI\n{imports}\napp = FastAPI()\n");
        let judgement = judged(&[
            ("app/main.py", &main),
            ("app/deps.py", "from .database import *\n"),
            ("app/again.py", "from app.deps import engine as engine\n"),
        ]);
        let session = judgement.session.as_ref().map(|spot| spot.file.as_str());
        assert_eq!(session, Some("app/database.py"), "{imports}");
        assert_eq!(breaking(&judgement), [""; 0], "{imports}");
    }
    let types = "from typing import TYPE_CHECKING\nfrom fastapi import FastAPI\nif TYPE_CHECKING:\n    from app.database import engine\napp = FastAPI()\n";
    assert_eq!(judged(&[("app/main.py", types)]).session, None);
}

#[test]
fn circular_imports_end() {
    let judgement = judged(&[
        (
            "app/main.py",
            "from app.a import x\nfrom fastapi import FastAPI\napp = FastAPI()\n",
        ),
        (
            "app/a.py",
            "from app.b import x\nfrom app.main import app\n",
        ),
        (
            "app/b.py",
            "from app.a import x\nfrom app.database import engine\n",
        ),
    ]);
    assert_eq!(judgement.kind, AppKind::FastApi);
    assert!(judgement.session.is_some() && judgement.coverage.is_complete());
}

#[test]
fn what_is_not_there_is_named() {
    let main = "from fastapi import FastAPI\nfrom app.db import engine\nimport numpy.linalg\napp = FastAPI()\n";
    let judgement = judged(&[("app/main.py", main)]);
    let missing: Vec<_> = judgement.missing.keys().collect();
    assert_eq!(missing, ["app.db"]);
    let foreign =
        "from fastapi import FastAPI\nfrom acme_core.db import get_session\napp = FastAPI()\n";
    let judgement = judged(&[("app/main.py", foreign)]);
    assert_eq!(judgement.foreign_session.as_deref(), Some("acme_core"));
}

#[test]
fn files_of_every_kind_are_read_or_named() {
    let main = main_with("app = FastAPI()\n");
    let crlf = main.replace('\n', "\r\n");
    let mark = format!("\u{feff}{main}");
    let tabs = main_with("def make():\n\tif True:\n\t\treturn FastAPI()\napp = make()\n");
    for text in [&crlf, &mark, &tabs] {
        let judgement = judged(&[("app/main.py", text)]);
        assert_eq!(judgement.kind, AppKind::FastApi, "{text:?}");
        assert!(judgement.coverage.is_complete(), "{text:?}");
    }
    let latin = b"# -*- coding: latin-1 -*-\nfrom fastapi import FastAPI\nNAME = \"caf\xe9\"\napp = FastAPI()\n";
    let broken = b"from fastapi import FastAPI\nNAME = \"caf\xe9\"\napp = FastAPI()\n";
    let command = ["uvicorn", "main:app"].map(str::to_owned);
    for (bytes, read) in [(&latin[..], true), (&broken[..], false)] {
        let files = |path: &str| Ok((path == "main.py").then(|| bytes.to_vec()));
        let entry = read_entry(&files, "", &AppStart::read("", &command)).unwrap();
        let judgement = judge(&entry, Driver::Psycopg, "DATABASE_URL", None);
        assert_eq!(judgement.coverage.is_complete(), read);
    }
    let loops = |path: &str| match path {
        "main.py" => Ok(Some(
            b"from fastapi import FastAPI\nimport db\napp = FastAPI()\n".to_vec(),
        )),
        "db.py" => Err("too many levels of symbolic links".to_owned()),
        _ => Ok(None),
    };
    let entry = read_entry(&loops, "", &AppStart::read("", &command)).unwrap();
    let judgement = judge(&entry, Driver::Psycopg, "DATABASE_URL", None);
    let unread: Vec<_> = judgement
        .coverage
        .unread()
        .iter()
        .map(|unread| unread.what.as_str())
        .collect();
    assert_eq!(unread, ["db.py"]);
}

#[test]
fn a_generated_file_of_megabytes_matters_only_where_it_may() {
    let plain = "ROWS = [\n".to_owned() + &"    (1, \"abc\", 2.5),\n".repeat(250_000) + "]\n";
    let telling = format!("import os\n{plain}app.mount(create_engine())\n");
    for (text, complete) in [(&plain, true), (&telling, false)] {
        let judgement = judged(&[
            (
                "app/main.py",
                &main_with("from app import rows\napp = FastAPI()\n"),
            ),
            ("app/rows.py", text),
        ]);
        assert_eq!(judgement.coverage.is_complete(), complete);
    }
}

#[test]
fn broken_syntax_is_read_as_far_as_it_matters() {
    let fine = "def report(:\n    x = [1, 2\n";
    let telling = "engine = create_engine(os.environ[\n\ndef x(:\n  pass\n";
    for (text, complete) in [(fine, true), (telling, false)] {
        let judgement = judged(&[
            (
                "app/main.py",
                &main_with("from app import other\napp = FastAPI()\n"),
            ),
            ("app/other.py", text),
        ]);
        assert_eq!(judgement.coverage.is_complete(), complete, "{text}");
        assert!(judgement.session.is_some());
    }
    let deep = format!(
        "from sqlmodel import create_engine\nx = {}create_engine(1){}\n",
        "(".repeat(5000),
        ")".repeat(5000)
    );
    let judgement = judged(&[
        (
            "app/main.py",
            &main_with("from app import other\napp = FastAPI()\n"),
        ),
        ("app/other.py", &deep),
    ]);
    assert!(!judgement.coverage.is_complete());
    let long = format!("x = \"\"{}\n", " + \"engine\"".repeat(20_000));
    let judgement = judged(&[
        (
            "app/main.py",
            &main_with("from app import other\napp = FastAPI()\n"),
        ),
        ("app/other.py", &long),
    ]);
    assert!(judgement.coverage.is_complete());
}

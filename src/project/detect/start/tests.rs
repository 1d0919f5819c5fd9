use super::*;
use crate::domain::reading::Route;

fn reader<'a>(files: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    move |path| {
        let found = files.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| (*text).to_owned())
    }
}

fn names(files: &[(&str, &str)]) -> Vec<String> {
    files.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn told(start: Option<Start>) -> String {
    start.map_or_else(String::new, |start| {
        format!("{} @{}", start.command.join(" "), start.port)
    })
}

const APP: &str = "from fastapi import FastAPI\napp = FastAPI()\n";

#[test]
fn fastapi_is_given_a_module_that_can_be_imported() {
    let own = "from fastapi import FastAPI\nfrom shopping import TITLE\napp = FastAPI()\n";
    let whole = "from fastapi import FastAPI\nfrom src.db import x\napp = FastAPI()\n";
    let beside = "from fastapi import FastAPI\nfrom db import x\napp = FastAPI()\n";
    let factory = "from fastapi import FastAPI\ndef make():\n    return FastAPI()\n";
    for (files, dir, command) in [
        (
            vec![("main.py", APP)],
            "",
            "python -m uvicorn main:app --port 8000 @8000",
        ),
        (
            vec![
                ("src/shopping/__init__.py", ""),
                ("src/shopping/main.py", own),
            ],
            "",
            "python -m uvicorn shopping.main:app --app-dir src --port 8000 @8000",
        ),
        (
            vec![("src/main.py", whole), ("src/db.py", "")],
            "",
            "python -m uvicorn src.main:app --port 8000 @8000",
        ),
        (
            vec![("src/main.py", beside), ("src/db.py", "")],
            "",
            "python -m uvicorn main:app --app-dir src --port 8000 @8000",
        ),
        // no import says it: the src layout does
        (
            vec![("src/shop/__init__.py", ""), ("src/shop/service.py", APP)],
            "",
            "python -m uvicorn shop.service:app --app-dir src --port 8000 @8000",
        ),
        (
            vec![
                ("backend/shop/web.py", factory),
                ("backend/shop/__init__.py", ""),
                ("tests/app.py", APP),
            ],
            "backend",
            "python -m uvicorn shop.web:make --factory --port 8000 @8000",
        ),
        // the Procfile knows it, and its port is the host's
        (
            vec![
                (
                    "Procfile",
                    "web: uvicorn core.asgi:api --host 0.0.0.0 --port $PORT\n",
                ),
                ("core/asgi.py", "api = build()\n"),
                ("main.py", APP),
            ],
            "",
            "python -m uvicorn core.asgi:api --port 8000 @8000",
        ),
        (
            vec![
                (
                    "Makefile",
                    "dev:\n\t@uvicorn app.main:app --reload --port 9000\n",
                ),
                ("app/main.py", APP),
            ],
            "",
            "python -m uvicorn app.main:app --port 9000 @9000",
        ),
        (
            vec![("main.py", APP), ("uv.lock", "")],
            "",
            "uv run python -m uvicorn main:app --port 8000 @8000",
        ),
        (vec![("main.py", "import os\n")], "", ""),
    ] {
        let start = fastapi(&reader(&files), &names(&files), dir);
        assert_eq!(told(start), command, "{files:?}");
    }
}

#[test]
fn flask_is_told_its_application_where_it_would_not_find_it() {
    let app = "from flask import Flask\napp = Flask(__name__)\n";
    let factory = "from flask import Flask\ndef create_app():\n    return Flask(__name__)\n";
    for (files, command) in [
        (
            vec![("app.py", app)],
            "python -m flask run --port 8000 @8000",
        ),
        (
            vec![("shop.py", app)],
            "python -m flask --app shop:app run --port 8000 @8000",
        ),
        (
            vec![("shop/__init__.py", factory)],
            "python -m flask --app shop:create_app run --port 8000 @8000",
        ),
        (
            vec![
                (".flaskenv", "FLASK_APP=manage.py\n"),
                ("shop/__init__.py", factory),
            ],
            "python -m flask --app manage.py run --port 8000 @8000",
        ),
        (
            vec![("src/shop/__init__.py", factory), ("poetry.lock", "")],
            "poetry run python -m flask --app src/shop:create_app run --port 8000 @8000",
        ),
        (vec![], "python -m flask run --port 8000 @8000"),
    ] {
        let start = flask(&reader(&files), &names(&files), "");
        assert_eq!(told(Some(start)), command, "{files:?}");
    }
}

#[test]
fn django_is_started_without_a_second_process() {
    let files = [
        ("uv.lock", ""),
        ("web/pyproject.toml", ""),
        ("web/manage.py", ""),
    ];
    let start = django(&reader(&files), "web");
    assert_eq!(
        told(Some(start)),
        "uv run python manage.py runserver 8000 --noreload @8000"
    );
}

#[test]
fn node_is_started_by_the_script_that_needs_no_build() {
    let server = "app.listen(process.env.PORT || 4000)\n";
    for (package, more, command) in [
        (
            r#"{"scripts":{"start":"node server.js"}}"#,
            vec![("server.js", server)],
            "npm run start @4000",
        ),
        // the example says which port the code gets
        (
            r#"{"scripts":{"start":"node server.js"}}"#,
            vec![("server.js", server), (".env.example", "PORT=5050\n")],
            "npm run start @5050",
        ),
        (
            r#"{"scripts":{"start":"node dist/index.js","build":"tsc","dev":"tsx watch src/index.ts"}}"#,
            vec![
                (
                    "src/index.ts",
                    "const port = Number(process.env.PORT ?? '3001');\n",
                ),
                ("pnpm-lock.yaml", ""),
            ],
            "pnpm run dev @3001",
        ),
        (
            r#"{"scripts":{"dev":"next dev -p 3100","start":"next start"},"dependencies":{"next":"15"}}"#,
            vec![],
            "npm run dev @3100",
        ),
        (
            r#"{"scripts":{"dev":"next dev --turbopack","build":"next build","start":"next start"},"dependencies":{"next":"15"}}"#,
            vec![],
            "npm run dev @3000",
        ),
        (
            r#"{"scripts":{"start":"nest start","start:dev":"nest start --watch","start:prod":"node dist/main"},"dependencies":{"@nestjs/core":"11"}}"#,
            vec![
                (
                    "src/main.ts",
                    "await app.listen(process.env.PORT ?? 3333);\n",
                ),
                ("yarn.lock", ""),
            ],
            "yarn run start @3333",
        ),
        (
            r#"{"main":"./index.js"}"#,
            vec![("index.js", "require('express')().listen(8081)\n")],
            "node index.js @8081",
        ),
        (
            r#"{"devDependencies":{"tsx":"4"}}"#,
            vec![("src/server.ts", "serve({ fetch: app.fetch, port: 8787 })\n")],
            "npx --no-install tsx src/server.ts @8787",
        ),
        // nobody but Docker answers there, and a library has nothing to start
        (r#"{"scripts":{"start":"docker compose up"}}"#, vec![], ""),
        (
            r#"{"scripts":{"test":"jest"},"main":"index.js"}"#,
            vec![("index.js", "module.exports = 1\n")],
            "",
        ),
        ("not json", vec![], ""),
    ] {
        let mut files = vec![("package.json", package)];
        files.extend(more);
        assert_eq!(told(node(&reader(&files), "")), command, "{files:?}");
    }
}

#[test]
fn go_rust_and_rails_are_started_by_their_own_tools() {
    let gin = "package main\nfunc main() { r.Run(\":9090\") }\n";
    let env = "port := os.Getenv(\"PORT\")\nhttp.ListenAndServe(\":8081\", nil)\n";
    for (files, command) in [
        (vec![("go.mod", ""), ("main.go", gin)], "go run . @9090"),
        (
            vec![
                ("go.mod", ""),
                ("cmd/tool/main.go", ""),
                ("cmd/api/main.go", env),
            ],
            "go run ./cmd/api @8081",
        ),
        (
            vec![("go.mod", ""), ("cmd/a/main.go", ""), ("cmd/b/main.go", "")],
            "",
        ),
        (
            vec![
                ("Cargo.toml", "axum"),
                ("src/main.rs", "bind(\"0.0.0.0:3456\")"),
            ],
            "cargo run @3456",
        ),
        (
            vec![("Cargo.toml", "actix-web"), ("src/main.rs", "")],
            "cargo run @8080",
        ),
        (
            vec![
                ("Cargo.toml", ""),
                ("src/bin/seed.rs", ""),
                ("src/bin/server.rs", "([127, 0, 0, 1], 4001)"),
            ],
            "cargo run --bin server @4001",
        ),
        (
            vec![("config/application.rb", ""), ("bin/rails", "")],
            "bin/rails server -p 3000 @3000",
        ),
    ] {
        let (read, list) = (reader(&files), names(&files));
        let start = go(&read, &list, "")
            .or_else(|| rust(&read, &list, ""))
            .or_else(|| rails(&read, ""));
        assert_eq!(told(start), command, "{files:?}");
    }
}

#[test]
fn what_a_file_names_is_started_where_it_needs_no_shell() {
    for (file, text, command) in [
        (
            "Procfile",
            "release: x\nweb: gunicorn shop.wsgi --bind 0.0.0.0:$PORT\n",
            "gunicorn shop.wsgi --bind 0.0.0.0:8000 @8000",
        ),
        (
            "Makefile",
            "PORT := 1\nrun: build\n\t@sanic app --port 9001\n",
            "make run @9001",
        ),
        (
            "pyproject.toml",
            "[tool.taskipy.tasks]\ntest = \"pytest\"\nstart = \"litestar run --port 8100\"\n",
            "litestar run --port 8100 @8100",
        ),
        (
            "compose.yaml",
            "services:\n  db:\n    image: postgres\n    command: postgres -c fsync=off\n  api:\n    build: .\n    command: [\"sanic\", \"app\", \"--port\", \"8200\"]\n",
            "sanic app --port 8200 @8200",
        ),
        (
            "compose.yaml",
            "services:\n  db:\n    image: postgres\n    command: postgres -c fsync=off\n",
            "",
        ),
        ("Procfile", "web: cd x && npm start\n", ""),
        ("Procfile", "web: bash -c 'evil'\n", ""),
        ("Makefile", "run:\n\tdocker compose up\n", ""),
        ("Dockerfile", "CMD [\"/app/server\"]\n", ""),
    ] {
        let files = [(file, text)];
        assert_eq!(told(declared_start(&reader(&files), "")), command, "{text}");
    }
}

#[test]
fn the_health_path_is_what_the_project_says_or_a_route_of_it() {
    let route = |path: &str| Route {
        path: path.to_owned(),
        at: spot("a.py", 3),
    };
    let routes = [
        "/",
        "/status",
        "/api/healthz",
        "/items/:id/health",
        "/health/deep",
    ]
    .map(route);
    for (file, text, path) in [
        ("x", "", "/api/healthz a.py:3"),
        (
            "fly.toml",
            "[[http_service.checks]]\n  path = \"/fit\"\n",
            "/fit fly.toml:2",
        ),
        (
            "render.yaml",
            "    healthCheckPath: /ok\n",
            "/ok render.yaml:1",
        ),
        (
            "railway.json",
            "{\n\"healthcheckPath\": \"/api/up\"}",
            "/api/up railway.json:2",
        ),
        (
            "Dockerfile",
            "HEALTHCHECK CMD curl -f http://localhost:8000/live || exit 1\n",
            "/live Dockerfile:1",
        ),
        (
            "compose.yaml",
            "services:\n  kc:\n    image: kc\n    healthcheck:\n      test: curl http://localhost:1/kc\n  api:\n    build: .\n    healthcheck:\n      test: [\"CMD\", \"curl\", \"http://localhost:8000/mine\"]\n",
            "/mine compose.yaml:9",
        ),
        // that something answers at `/` says nothing of its health
        (
            "render.yaml",
            "    healthCheckPath: /\n",
            "/api/healthz a.py:3",
        ),
    ] {
        let files = [(file, text)];
        let asked = health(&reader(&files), "", &routes).unwrap();
        let told = format!("{} {}:{}", asked.path, asked.seen.file, asked.seen.line);
        assert_eq!(told, path, "{text}");
    }
    assert_eq!(
        health(&reader(&[]), "", &[route("/"), route("/items")]),
        None
    );
    let rails = health(&reader(&[]), "", &[route("/up")]).unwrap();
    assert_eq!(rails.path, "/up");
}

#[test]
fn an_application_without_a_health_route_is_asked_wherever_it_listens() {
    let start = Start::new("api", words("go run ."), 8080, None);
    assert_eq!(start.clone().backend(None).health, None);
    let asked = ProposedPath {
        path: "/healthz".to_owned(),
        seen: spot("main.go", 1),
    };
    let backend = start.backend(Some(&asked));
    assert_eq!(
        backend.health.as_deref(),
        Some("http://localhost:8080/healthz")
    );
    assert_eq!(backend.dir, "api");
}

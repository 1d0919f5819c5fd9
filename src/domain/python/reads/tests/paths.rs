use super::reading_in;

fn routes(modules: &[(&str, &str)]) -> Vec<String> {
    let found = reading_in("", modules).routes;
    found.into_iter().map(|route| route.path).collect()
}

#[test]
fn the_paths_of_each_framework_are_found() {
    let fastapi = [
        ("app/__init__.py", ""),
        (
            "app/main.py",
            "from fastapi import FastAPI\nfrom app.api import router\napp = FastAPI()\napp.include_router(router, prefix='/api')\n@app.get('/health')\ndef health(): return 1\n@app.post('/make')\ndef make(): return 1\n",
        ),
        (
            "app/api.py",
            "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/items')\ndef items(): return 1\n@router.get('/items/{id}')\ndef item(id): return 1\n",
        ),
    ];
    assert_eq!(routes(&fastapi), ["/api/items", "/health"]);
    let flask = [
        (
            "app.py",
            "from flask import Flask\nfrom views import bp\ndef create_app():\n    app = Flask(__name__)\n    app.register_blueprint(bp, url_prefix='/v1')\n    @app.route('/ping')\n    def ping(): return 'x'\n    @app.route('/x', methods=['POST'])\n    def x(): return 'x'\n    @app.route('/u/<name>')\n    def u(name): return 'x'\n    app.add_url_rule('/ready', view_func=ping)\n    return app\n",
        ),
        (
            "views.py",
            "from flask import Blueprint\nbp = Blueprint('x', __name__, url_prefix='/old')\n@bp.route('/list')\ndef list(): return 'x'\n",
        ),
    ];
    assert_eq!(routes(&flask), ["/ping", "/ready", "/v1/list"]);
    let django = [
        ("config/settings.py", "ROOT_URLCONF = 'config.urls'\n"),
        (
            "config/urls.py",
            "from django.contrib import admin\nfrom django.urls import include, path, re_path\nurlpatterns = [path('admin/', admin.site.urls), path('health/', view), path('api/', include('api.urls')), re_path(r'^old/$', view), re_path(r'^y/(?P<x>.*)$', view)]\nurlpatterns += [path('', home)]\n",
        ),
        (
            "api/urls.py",
            "from django.urls import path\nurlpatterns = [path('list/', view), path('<int:id>/', view)]\n",
        ),
    ];
    assert_eq!(routes(&django), ["/", "/api/list/", "/health/", "/old/"]);
}

#[test]
fn only_packages_from_outside_that_are_needed_are_named() {
    let found = reading_in(
        "backend",
        &[
            (
                "backend/app.py",
                "import os, json\nimport numpy as np\nfrom fastapi import FastAPI\nfrom .models import x\nfrom models import y\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas\ntry:\n    import uvloop\nexcept ImportError:\n    pass\ndef late():\n    import torch\nimport shared.tools\nfrom tests.helpers import z\n'''\nimport django\n'''\n",
            ),
            ("backend/models.py", "import numpy\nimport sqlalchemy.orm\n"),
            ("shared/tools.txt", ""),
            ("backend/tests/helpers.txt", ""),
        ],
    );
    let names: Vec<_> = found
        .packages
        .iter()
        .map(|(name, at)| format!("{name} {}:{}", at.file, at.line))
        .collect();
    assert_eq!(
        names,
        [
            "numpy backend/app.py:2",
            "fastapi backend/app.py:3",
            "shared backend/app.py:15",
            "tests backend/app.py:16",
            "sqlalchemy backend/models.py:2",
        ]
    );
}

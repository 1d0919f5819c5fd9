"""Packs a stand-in for the program, installs it with pip and npm, and compares what the packages say with Cargo.toml."""

import argparse
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import zipfile
from pathlib import Path

from . import archive, build, node, project
from .targets import TARGETS

# prints what it was given, and ends as it was told
STAND_IN = b"""#!/bin/sh
for word; do printf '[%s]' "$word"; done
case $1 in
exit) exit "$2" ;;
wait) trap 'echo asked; exit 7' TERM; echo ready; while :; do sleep 0.05; done ;;
esac
"""
PAGES = {name: name.encode() for name in ["man/neonup.1", "man/neonup-check.1", "completions/neonup.bash", "completions/_neonup", "completions/neonup.fish"]}
SHOWN = "[a b][][$c]"


def run(packages):
    build.sbom = lambda target: b"{}"
    options = argparse.Namespace(url="https://example.invalid/v", maintainer="A <a@example.invalid>")
    made = packages({target: STAND_IN for target in TARGETS}, PAGES, options)
    assert made == packages({target: STAND_IN for target in TARGETS}, PAGES, options), "the same input gave other bytes"
    says_what_cargo_says(made)
    names_every_target()
    with tempfile.TemporaryDirectory() as folder:
        for name, data in made.items():
            Path(folder, name).write_bytes(data)
        tools = [installs_with_pip(Path(folder)), installs_with_npm(Path(folder))]
    print(f"{len(made)} packages say what Cargo.toml says; {', '.join(filter(None, tools))}")


def says_what_cargo_says(made):
    pyproject = tomllib.loads((project.ROOT / "pyproject.toml").read_text())
    assert pyproject["project"]["name"] == project.NAME
    assert "version" in pyproject["project"]["dynamic"], "pyproject.toml must take the version from Cargo.toml"
    for name, data in made.items():
        if name.endswith(".whl"):
            wheel = zipfile.ZipFile(io.BytesIO(data))
            info = wheel.read(f"{project.NAME}-{project.VERSION}.dist-info/METADATA").decode()
            for line in [f"Name: {project.NAME}", f"Version: {project.VERSION}", f"Summary: {project.DESCRIPTION}"]:
                assert line in info.splitlines(), f"{name} lacks `{line}`"
        elif name.endswith(".tgz"):
            package = json.load(tarfile.open(fileobj=io.BytesIO(data)).extractfile("package/package.json"))
            assert package["version"] == project.VERSION, name
            for other, version in package.get("optionalDependencies", {}).items():
                assert version == project.VERSION and f"{other.lstrip('@').replace('/', '-')}-{version}.tgz" in made, other
            assert "scripts" not in package, "nothing may run at the installation"
        elif name.endswith(".deb"):
            assert f"_{project.VERSION}_" in name and data.startswith(b"!<arch>\n"), name
    for manifest in ["neonup.rb", "neonup.json"]:
        text = made[manifest].decode()
        urls = re.findall(r'"https://example\.invalid/v/([^"]+)"', text)
        assert urls and all(url in made for url in urls), f"{manifest} points to what is not made: {urls}"
        assert all(project.sha256(made[url]) in text for url in urls), f"{manifest} has another checksum"


def names_every_target():
    """The README's table, and what cargo-deny and cargo-binstall are told."""
    for file in ["README.md", "deny.toml"]:
        text = (project.ROOT / file).read_text()
        for target in TARGETS:
            assert target.triple in text, f"{file} lacks {target.triple}"
    binstall = tomllib.loads((project.ROOT / "Cargo.toml").read_text())["package"]["metadata"]["binstall"]
    windows = binstall["overrides"]["x86_64-pc-windows-msvc"]["pkg-url"]
    for target in TARGETS:
        template = windows if target.windows else binstall["pkg-url"]
        for word, value in {"name": project.NAME, "version": project.VERSION, "target": target.triple}.items():
            template = template.replace(f"{{ {word} }}", value)
        assert template.endswith("/" + archive.name(target)), f"cargo-binstall would ask for {template}"


def installs_with_pip(folder):
    python = os.environ.get("NEONUP_TEST_PYTHON", sys.executable)
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode:
        return lacks("pip")
    into = folder / "python"
    command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--root-user-action=ignore", "--no-index", "--find-links", folder]
    subprocess.run([*command, "--target", into, project.NAME], check=True)
    output = subprocess.run([into / "bin/neonup", "a b", "", "$c"], check=True, capture_output=True, text=True)
    assert output.stdout == SHOWN, output.stdout
    return "pip installs them"


def installs_with_npm(folder):
    if not shutil.which("npm"):
        return lacks("npm")
    app = folder / "app"
    app.mkdir()
    (app / "package.json").write_text("{}")
    here = next(target for target in TARGETS if target.node == node_platform())
    launcher, program = (f"{name.lstrip('@').replace('/', '-')}-{project.VERSION}.tgz" for name in (project.NAME, here.npm))
    npm = ["npm", "install", "--offline", "--no-audit", "--no-fund", "--loglevel=error", "--cache", folder / "cache"]
    subprocess.run([*npm, folder / launcher, folder / program], cwd=app, check=True)
    start = [app / "node_modules/.bin/neonup"]
    output = subprocess.run([*start, "a b", "", "$c"], check=True, capture_output=True, text=True)
    assert output.stdout == SHOWN, output
    assert subprocess.run([*start, "exit", "3"], capture_output=True).returncode == 3
    with subprocess.Popen([*start, "wait"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as child:
        assert child.stdout.readline().endswith("ready\n")
        child.send_signal(signal.SIGTERM)
        assert child.stdout.readline() == "asked\n", "a signal did not reach the program"
        assert child.wait(10) == 7
    shutil.rmtree(app / "node_modules" / here.npm)
    output = subprocess.run(start, capture_output=True, text=True)
    assert output.returncode == 2 and here.npm in output.stderr, output
    return "npm installs them, and the launcher hands on words, exit code and signals"


def node_platform():
    query = ["node", "-p", "process.platform + ' ' + process.arch"]
    return tuple(subprocess.run(query, check=True, capture_output=True, text=True).stdout.split())


def lacks(tool):
    assert not os.environ.get("NEONUP_TEST_REQUIRE_ALL"), f"{tool} is missing"
    return f"{tool} is missing"

"""Packs a stand-in for the program, installs it with pip and npm, and compares what the packages say with Cargo.toml."""

import argparse
import io
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import zipfile
from pathlib import Path

from . import archive, build, macos, node, project, windows
from .targets import TARGETS, by_triple

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
    refuses_what_a_system_does_not_start()
    with tempfile.TemporaryDirectory() as folder:
        for name, data in made.items():
            Path(folder, name).write_bytes(data)
        tools = [installs_with_pip(Path(folder)), installs_with_npm(Path(folder)), reads_as_ruby(made["neonup.rb"])]
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
        for url in urls:
            installs = re.findall(r'\.install "([^"]+)"', text) or [json.loads(text)["bin"]]
            lacking = {f"{project.NAME}-{project.VERSION}/{file}" for file in installs} - set(files_of(url, made[url]))
            assert not lacking, f"{manifest} installs {lacking}, which {url} lacks"
    assert json.loads(made["neonup.json"])["extract_dir"] == f"{project.NAME}-{project.VERSION}"


def files_of(name, data):
    """The files in an archive."""
    if name.endswith(".zip"):
        return zipfile.ZipFile(io.BytesIO(data)).namelist()
    return tarfile.open(fileobj=io.BytesIO(data)).getnames()


def reads_as_ruby(formula):
    """Ruby's own word on the formula's syntax."""
    if not shutil.which("ruby"):
        return "ruby is missing, so the formula's syntax wasn't checked"
    subprocess.run(["ruby", "-c"], input=formula, check=True, stdout=subprocess.DEVNULL)
    return "ruby reads the formula"


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


def refuses_what_a_system_does_not_start():
    """Programs that Windows and macOS start pass, and each fault of one is seen."""

    def mac(cpu=0x0100000C, flags=macos.MH_PIE, oldest=0x000B0000, loads=("/usr/lib/libSystem.B.dylib",), signed=True):
        named = [struct.pack("<3I", 12, 12 + len(name) + 1, 12) + name.encode() + b"\0" for name in loads]
        commands = [struct.pack("<6I", 0x32, 24, 1, oldest, 0, 0), *named, *([struct.pack("<4I", 0x1D, 16, 0, 0)] if signed else [])]
        return struct.pack("<8I", macos.MH_MAGIC_64, cpu, 0, macos.MH_EXECUTE, len(commands), 0, flags, 0) + b"".join(commands)

    def pe(*loads, cpu=windows.AMD64):
        names, table = b"", b""
        for name in loads:
            table += struct.pack("<12x2I", 0x1000 + 20 * (len(loads) + 1) + len(names), 1)
            names += name.encode() + b"\0"
        data = table + b"\0" * 20 + names
        head = b"PE\0\0" + struct.pack("<HH12xHH", cpu, 1, 240, 0) + b"\0" * 120 + struct.pack("<2I", 0x1000, len(data)) + b"\0" * 112
        head += struct.pack("<8s4I16x", b".idata", len(data), 0x1000, len(data), 64 + len(head) + 40)
        return b"MZ" + b"\0" * 58 + struct.pack("<I", 64) + head + data

    arm = by_triple("aarch64-apple-darwin")
    macos.check(arm, mac())
    macos.check(by_triple("x86_64-apple-darwin"), mac(cpu=0x01000007, oldest=0x000A0C00, signed=False))
    windows.check(pe("KERNEL32.dll", "ntdll.dll"))
    faults = [
        lambda: macos.check(arm, mac(cpu=0x01000007)),
        lambda: macos.check(arm, mac(flags=0)),
        lambda: macos.check(arm, mac(oldest=0x000C0000)),
        lambda: macos.check(arm, mac(loads=["/usr/lib/libSystem.B.dylib", "/opt/homebrew/lib/libgit2.dylib"])),
        lambda: macos.check(arm, mac(signed=False)),
        lambda: windows.check(pe("kernel32.dll", "libgcc_s_seh-1.dll")),
        lambda: windows.check(pe("kernel32.dll", cpu=0x14C)),
        lambda: windows.check(mac()),
    ]
    for number, fault in enumerate(faults):
        try:
            fault()
        except AssertionError:
            continue
        raise AssertionError(f"fault {number} of a program was not seen")


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

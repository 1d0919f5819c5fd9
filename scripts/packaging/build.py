"""Builds the program for a target, or says why this machine can't."""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

from . import macos, project, windows


ET_DYN, PT_INTERP = 3, 3
# how zig is installed
ZIG = "cargo-zigbuild isn't installed (pip install ziglang cargo-zigbuild)"


class Missing(Exception):
    """What this machine lacks."""


def missing(target):
    """What a build for a target needs and this machine doesn't have."""
    if target.windows:
        if not shutil.which(windows.LINKER):
            return f"{windows.LINKER} isn't installed (Debian: gcc-mingw-w64-x86-64-win32)"
    elif not native(target) and not shutil.which("cargo-zigbuild"):
        return ZIG
    query = ["rustc", "--print", "target-libdir", "--target", target.triple]
    folder = Path(subprocess.run(query, check=True, capture_output=True, text=True).stdout.strip())
    if not list(folder.glob("libstd-*.rlib")):
        return f"Rust has no standard library for it (rustup target add {target.triple})"
    return None


def native(target):
    """Whether the system's own tools build for it."""
    return target.node[0] == "darwin" and sys.platform == "darwin"


def environment(folder):
    """The environment of a build whose bytes don't depend on where it runs."""
    home = os.environ.get("CARGO_HOME") or str(Path.home() / ".cargo")
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True).stdout.strip()
    places = {str(project.ROOT): "/neonup", home: "/cargo", sysroot: "/rust"}
    rust = [f"--remap-path-prefix={place}={name}" for place, name in places.items()]
    c = " ".join(f"-ffile-prefix-map={place}={name}" for place, name in places.items())
    return {
        **os.environ,
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(rust),
        "CFLAGS": c,
        "CARGO_INCREMENTAL": "0",
        "CARGO_TARGET_DIR": str(folder),
        # clock and locale of the machine
        "SOURCE_DATE_EPOCH": str(project.epoch()),
        "TZ": "UTC",
        "LC_ALL": "C",
        # the system's zlib would be a library that is missing elsewhere
        "LIBZ_SYS_STATIC": "1",
    }


def build(target, folder, profile):
    """The program's bytes."""
    if lacks := missing(target):
        raise Missing(lacks)
    variables = environment(folder)
    options = []
    cargo = "cargo" if target.windows or native(target) else "cargo-zigbuild"
    if "linux-musl" in target.triple:
        # zig brings the C library with its start files, and drops the word by which Rust asks for a position-independent program
        options = ["-C", "link-self-contained=no", "-C", "link-arg=-pie"]
    elif target.node[0] == "darwin":
        variables["MACOSX_DEPLOYMENT_TARGET"] = macos.oldest(target)
        if not native(target):
            options = macos.options(macos.stubs(target, folder / "stubs"))
    command = [cargo, "rustc", "--profile", profile, "--locked", "--bin", "neonup", "--target", target.triple, "--", *options]
    subprocess.run(command, cwd=project.ROOT, env=variables, check=True)
    place = {"dev": "debug"}.get(profile, profile)
    program = (folder / target.triple / place / target.program).read_bytes()
    if target.windows:
        windows.check(program)
    elif target.node[0] == "darwin":
        macos.check(target, program)
    else:
        assert is_static_pie(program), "the program is not static, or not position-independent"
    return program


def is_static_pie(program):
    """Whether a 64-bit ELF program is loaded anywhere, and by no loader."""
    kind, headers, size, count = struct.unpack_from("<16xH14xQ14xHH", program)
    segments = {struct.unpack_from("<I", program, headers + size * number)[0] for number in range(count)}
    return kind == ET_DYN and PT_INTERP not in segments


def pages(target, program):
    """The man pages and the completions, which the program prints itself: under Cargo's runner for its target, if there is one."""
    runner = os.environ.get(f"CARGO_TARGET_{target.triple.upper().replace('-', '_')}_RUNNER", "").split()
    run = lambda *words: subprocess.run([*runner, program, *words], check=True, capture_output=True).stdout
    # `neonup-hook-install.1` is the page of `hook install`
    words = {page: page.removesuffix(".1").split("-")[1:] for page in run("man", "--list").decode().split()}
    return {
        **{f"man/{page}": run("man", *command) for page, command in words.items()},
        "completions/neonup.bash": run("completions", "bash"),
        "completions/_neonup": run("completions", "zsh"),
        "completions/neonup.fish": run("completions", "fish"),
        "completions/_neonup.ps1": run("completions", "powershell"),
        "completions/neonup.elv": run("completions", "elvish"),
    }


def sbom(target):
    command = [str(project.ROOT / "scripts/sbom"), target.triple]
    return subprocess.run(command, check=True, capture_output=True).stdout

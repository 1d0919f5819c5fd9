"""What all packages say of the program, from Cargo.toml and the pages beside it."""

import hashlib
import os
import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_package = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]
NAME = _package["name"]
VERSION = _package["version"]
DESCRIPTION = _package["description"]
LICENSE = _package["license"]
KEYWORDS = _package["keywords"]
REPOSITORY = _package.get("repository")
LICENSES = {path.name: path.read_bytes() for path in sorted((ROOT / "assets/licenses").iterdir())}


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def epoch():
    """The time that every file in a package gets: the commit's."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return int(given or git("log", "-1", "--format=%ct"))


def readme():
    """README.md for a page that has none of the files beside it."""
    text = (ROOT / "README.md").read_text()
    text = re.sub(r"!\[[^\]]*\]\((?!https?:)[^)]*\)\n+", "", text)
    return re.sub(r"\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", text)


def sha256(data):
    return hashlib.sha256(data).hexdigest()

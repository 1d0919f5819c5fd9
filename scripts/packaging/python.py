"""Wheels: the program, as a script that pip and uv put beside Python."""

import base64
import hashlib

from . import project
from .files import zipped


def metadata():
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project.NAME}",
        f"Version: {project.VERSION}",
        f"Summary: {project.DESCRIPTION}",
        f"Keywords: {','.join(project.KEYWORDS)}",
        f"License-Expression: {project.LICENSE}",
        *(f"License-File: {name}" for name in project.LICENSES),
        "Classifier: Environment :: Console",
        "Classifier: Intended Audience :: Developers",
        "Classifier: Programming Language :: Rust",
        "Classifier: Topic :: Database",
        "Requires-Python: >=3.8",
        *([f"Project-URL: Source, {project.REPOSITORY}"] if project.REPOSITORY else []),
        "Description-Content-Type: text/markdown; charset=UTF-8",
    ]
    return "\n".join(lines) + "\n\n" + project.readme()


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def wheel(target, program, epoch):
    """The name and the bytes of a target's wheel."""
    stem = f"{project.NAME}-{project.VERSION}"
    info = f"{stem}.dist-info"
    tags = "".join(f"Tag: py3-none-{tag}\n" for tag in target.wheel.split("."))
    files = {
        f"{stem}.data/scripts/{target.program}": (program, True),
        **{f"{info}/licenses/{name}": (text, False) for name, text in project.LICENSES.items()},
        f"{info}/WHEEL": (f"Wheel-Version: 1.0\nGenerator: scripts/release\nRoot-Is-Purelib: false\n{tags}".encode(), False),
        f"{info}/METADATA": (metadata().encode(), False),
    }
    record = "".join(f"{path},sha256={digest(data)},{len(data)}\n" for path, (data, _) in files.items())
    files[f"{info}/RECORD"] = (f"{record}{info}/RECORD,,\n".encode(), False)
    return f"{stem}-py3-none-{target.wheel}.whl", zipped(files, epoch)

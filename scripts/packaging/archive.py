"""Archives for those who have no package manager: the program with its pages; a zip for Windows."""

from . import project
from .files import gz, tar, zipped


def name(target):
    return f"{project.NAME}-{project.VERSION}-{target.triple}.{'zip' if target.windows else 'tar.gz'}"


def archive(target, program, pages, sbom, epoch):
    """Its name and bytes. `pages` are the man pages and the completions."""
    files = {
        target.program: (program, True),
        "README.md": (project.readme().encode(), False),
        "SETUP.md": ((project.ROOT / "SETUP.md").read_bytes(), False),
        "neonup.cdx.json": (sbom, False),
        **{f"licenses/{file}": (text, False) for file, text in project.LICENSES.items()},
        **{path: (text, False) for path, text in pages.items()},
    }
    folder = f"{project.NAME}-{project.VERSION}"
    files = {f"{folder}/{path}": file for path, file in sorted(files.items())}
    return name(target), zipped(files, epoch) if target.windows else gz(tar(files, epoch))

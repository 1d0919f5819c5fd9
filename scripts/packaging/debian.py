"""A Debian package. The program is static, so it depends on no library."""

from . import project
from .files import ar, gz, tar, xz

# where Debian keeps what the archives have
PAGES = {
    "completions/neonup.bash": "usr/share/bash-completion/completions/neonup",
    "completions/_neonup": "usr/share/zsh/vendor-completions/_neonup",
    "completions/neonup.fish": "usr/share/fish/vendor_completions.d/neonup.fish",
}


def copyright_page():
    text = b"".join(
        f"{name}\n{'=' * len(name)}\n\n".encode() + text + b"\n" for name, text in project.LICENSES.items()
    )
    return f"{project.NAME} is licensed under {project.LICENSE}.\n\n".encode() + text


def package(target, program, pages, epoch, maintainer):
    """Its name and bytes."""
    files = {"usr/bin/neonup": (program, True), "usr/share/doc/neonup/copyright": (copyright_page(), False)}
    for page, path in PAGES.items():
        files[path] = (pages[page], False)
    for page in pages:
        folder, name = page.split("/")
        if folder == "man":
            files[f"usr/share/man/man1/{name}.gz"] = (gz(pages[page]), False)
    size = sum(-(-len(data) // 1024) for data, _ in files.values())
    control = (
        f"Package: {project.NAME}\nVersion: {project.VERSION}\nArchitecture: {target.deb}\nMaintainer: {maintainer}\n"
        f"Installed-Size: {size}\nRecommends: ca-certificates, git\nSection: devel\nPriority: optional\n"
        f"Description: {project.DESCRIPTION.rstrip('.')}\n"
        " neonup sets up a repository that uses Neon Postgres: project, env files, schema\n"
        " and application, and proves each step.\n"
    )
    data = tar({f"./{path}": file for path, file in files.items()}, epoch, folders=True)
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": gz(tar({"./control": (control.encode(), False)}, epoch)),
        "data.tar.xz": xz(data),
    }
    return f"{project.NAME}_{project.VERSION}_{target.deb}.deb", ar(parts, epoch)

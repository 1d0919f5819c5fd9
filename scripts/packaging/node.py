"""npm packages: the program in one package for each platform, and a launcher that depends on all of them.

npm installs the one that fits. No script runs at the installation.
"""

import json
from pathlib import Path

from . import project
from .files import gz, tar

LAUNCHER = Path(__file__).with_name("launcher.js")


def common(name, description):
    return {
        "name": name,
        "version": project.VERSION,
        "description": description,
        "license": f"({project.LICENSE})",
        **({"repository": project.REPOSITORY} if project.REPOSITORY else {}),
    }


def launcher_package(targets):
    return {
        **common(project.NAME, project.DESCRIPTION),
        "keywords": project.KEYWORDS,
        "bin": {project.NAME: "bin/neonup.js"},
        "engines": {"node": ">=18"},
        "optionalDependencies": {target.npm: project.VERSION for target in targets},
    }


def platform_package(target):
    system, processor = target.node
    return {
        **common(target.npm, f"The program of {project.NAME} for {system} on {processor}: install {project.NAME} instead"),
        "os": [system],
        "cpu": [processor],
        # Yarn would leave it in an archive, where it cannot be run
        "preferUnplugged": True,
    }


def packed(package, files, epoch):
    manifest = json.dumps(package, indent=2, ensure_ascii=False).encode() + b"\n"
    files = {"package.json": (manifest, False), **files, **{name: (text, False) for name, text in project.LICENSES.items()}}
    name = package["name"].lstrip("@").replace("/", "-")
    archive = gz(tar({f"package/{path}": file for path, file in files.items()}, epoch))
    return f"{name}-{package['version']}.tgz", archive


def launcher(targets, epoch):
    files = {
        "bin/neonup.js": (LAUNCHER.read_bytes(), True),
        "README.md": (project.readme().encode(), False),
    }
    return packed(launcher_package(targets), files, epoch)


def platform(target, program, epoch):
    return packed(platform_package(target), {f"bin/{target.program}": (program, True)}, epoch)

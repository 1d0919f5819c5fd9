"""A Homebrew formula and a Scoop manifest, from the archives that were made and the address where they will be."""

import json

from . import archive, project

# Homebrew's words for a system and a processor
BREW = {"darwin": "macos", "linux": "linux", "arm64": "arm", "x64": "intel"}


def formula(hashes, url):
    """The formula for the archives in {target: SHA-256}."""
    blocks = []
    for system in ("darwin", "linux"):
        inner = [
            f"    on_{BREW[target.node[1]]} do\n"
            f'      url "{url}/{archive.name(target)}"\n'
            f'      sha256 "{checksum}"\n'
            "    end\n"
            for target, checksum in hashes.items()
            if target.node[0] == system
        ]
        if inner:
            blocks.append(f"  on_{BREW[system]} do\n{''.join(inner)}  end\n")
    licenses = ", ".join(f'"{name}"' for name in project.LICENSE.split(" OR "))
    return (
        f"class {project.NAME.capitalize()} < Formula\n"
        f'  desc "{project.DESCRIPTION.rstrip(".")}"\n'
        f'  homepage "{project.REPOSITORY or url}"\n'
        f'  version "{project.VERSION}"\n'
        f"  license any_of: [{licenses}]\n\n" + "\n".join(blocks) + "\n"
        "  def install\n"
        '    bin.install "neonup"\n'
        '    man1.install Dir["man/*.1"]\n'
        '    bash_completion.install "completions/neonup.bash" => "neonup"\n'
        '    zsh_completion.install "completions/_neonup"\n'
        '    fish_completion.install "completions/neonup.fish"\n'
        "  end\n\n"
        "  test do\n"
        '    assert_match version.to_s, shell_output("#{bin}/neonup --version")\n'
        "  end\n"
        "end\n"
    )


def scoop(hashes, url):
    """Scoop's manifest, or nothing without an archive for Windows."""
    for target, checksum in hashes.items():
        if target.windows:
            manifest = {
                "version": project.VERSION,
                "description": project.DESCRIPTION,
                "homepage": project.REPOSITORY or url,
                "license": project.LICENSE.replace(" OR ", "|"),
                "architecture": {"64bit": {"url": f"{url}/{archive.name(target)}", "hash": checksum}},
                "extract_dir": f"{project.NAME}-{project.VERSION}",
                "bin": "neonup.exe",
            }
            return json.dumps(manifest, indent=4) + "\n"
    return None

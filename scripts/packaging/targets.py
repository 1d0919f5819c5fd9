"""The systems that there are packages for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    # Rust's name
    triple: str
    # what node calls its system and processor
    node: tuple[str, str]
    # what pip looks for
    wheel: str
    # Debian's architecture
    deb: str | None = None

    @property
    def windows(self):
        return self.node[0] == "win32"

    @property
    def program(self):
        return "neonup.exe" if self.windows else "neonup"

    @property
    def npm(self):
        return f"@neonup/{self.node[0]}-{self.node[1]}"


def linux(arch):
    return f"manylinux_2_17_{arch}.manylinux2014_{arch}.musllinux_1_1_{arch}"


# A static program runs with every C library, so one for each processor is enough for Linux.
TARGETS = [
    Target("x86_64-unknown-linux-musl", ("linux", "x64"), linux("x86_64"), "amd64"),
    Target("aarch64-unknown-linux-musl", ("linux", "arm64"), linux("aarch64"), "arm64"),
    Target("aarch64-apple-darwin", ("darwin", "arm64"), "macosx_11_0_arm64"),
    Target("x86_64-apple-darwin", ("darwin", "x64"), "macosx_10_12_x86_64"),
    Target("x86_64-pc-windows-gnu", ("win32", "x64"), "win_amd64"),
]


def by_triple(triple):
    for target in TARGETS:
        if target.triple == triple:
            return target
    raise KeyError(f"{triple} isn't a target: {', '.join(target.triple for target in TARGETS)}")

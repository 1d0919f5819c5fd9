"""What links a program for macOS on another system: stubs of Apple's frameworks, made from the declarations in our crates.

Nothing of Apple's SDK is in them: a stub is a list of names, and where the system will have what is called so. zig brings the C library.
"""

import json
import re
import struct
import subprocess
from pathlib import Path

from . import project

# the crates that declare what is in the frameworks
CRATES = ["core-foundation-sys", "security-framework-sys", "system-configuration-sys"]
# a framework, and how names of it begin
FRAMEWORKS = {
    "CoreFoundation": r"_*k?CF",
    "Security": r"k?(Sec|SSL|CMS|Auth)",
    "SystemConfiguration": r"k?(SC|DHCP)",
}
DECLARED = re.compile(r"\b(?:pub\s+)?(?:fn|static)\s+(?:mut\s+)?(\w+)\s*[(:]")
# what each Mac has
SYSTEM = ("/usr/lib/", "/System/Library/Frameworks/")

LC_LOAD_DYLIB, LC_CODE_SIGNATURE, LC_VERSION_MIN, LC_BUILD_VERSION = 0xC, 0x1D, 0x24, 0x32
MH_MAGIC_64, MH_EXECUTE, MH_PIE = 0xFEEDFACF, 2, 0x200000
CPUS = {0x0100000C: "arm64", 0x01000007: "x86_64"}


def declared(target):
    """The names that our crates declare."""
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", target.triple]
    metadata = json.loads(subprocess.run(command, cwd=project.ROOT, check=True, capture_output=True).stdout)
    names = set()
    for crate in metadata["packages"]:
        if crate["name"] in CRATES:
            for file in Path(crate["manifest_path"]).parent.glob("src/**/*.rs"):
                names.update(DECLARED.findall(file.read_text()))
    return names


def stubs(target, folder):
    """Writes the stubs, and returns the folder for the linker."""
    names = declared(target)
    for framework, begin in FRAMEWORKS.items():
        symbols = sorted(name for name in names if re.match(begin, name))
        place = folder / f"{framework}.framework"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{framework}.tbd").write_text(
            "--- !tapi-tbd\n"
            "tbd-version: 4\n"
            "targets: [ arm64-macos, x86_64-macos ]\n"
            f"install-name: '/System/Library/Frameworks/{framework}.framework/Versions/A/{framework}'\n"
            "exports:\n"
            "  - targets: [ arm64-macos, x86_64-macos ]\n"
            f"    symbols: [ {', '.join(f'_{name}' for name in symbols)} ]\n"
            "...\n"
        )
    return folder


def read(program):
    """What a Mach-O program says of itself: its processor, the oldest macOS, what it loads, whether it is signed."""
    magic, cpu, _, kind, count, _, flags, _ = struct.unpack_from("<8I", program)
    assert magic == MH_MAGIC_64 and kind == MH_EXECUTE, "the program is none for macOS"
    found = {"cpu": CPUS.get(cpu), "pie": bool(flags & MH_PIE), "loads": [], "signed": False, "oldest": None}
    place = 32
    for _ in range(count):
        command, size = struct.unpack_from("<2I", program, place)
        if command & 0x7FFFFFFF in (LC_LOAD_DYLIB, 0x18, 0x1F):
            start = place + struct.unpack_from("<I", program, place + 8)[0]
            found["loads"].append(program[start : place + size].split(b"\0")[0].decode())
        elif command == LC_CODE_SIGNATURE:
            found["signed"] = True
        elif command in (LC_BUILD_VERSION, LC_VERSION_MIN):
            version = struct.unpack_from("<I", program, place + (12 if command == LC_BUILD_VERSION else 8))[0]
            found["oldest"] = (version >> 16, version >> 8 & 0xFF)
        place += size
    return found


def oldest(target):
    """The oldest macOS that the wheel's tag promises."""
    _, major, minor, _ = target.wheel.split("_", 3)
    return f"{major}.{minor}"


def options(folder):
    """What the linker is told: where the stubs are, and to leave the symbols out. Rust would strip the program after it was signed."""
    return ["-C", f"link-arg=-F{folder}", "-C", "strip=none", "-C", "link-arg=-Wl,-s"]


def check(target, program):
    """Whether every Mac of the wheel's tag can start the program: an ARM one starts none without a signature."""
    found = read(program)
    cpu = target.wheel.split("_", 3)[3]
    newest = tuple(int(part) for part in oldest(target).split("."))
    assert found["cpu"] == cpu, f"the program is for {found['cpu']}"
    assert found["pie"], "the program is not position-independent"
    assert found["oldest"] and found["oldest"] <= newest, f"the program needs macOS {found['oldest']}"
    foreign = [name for name in found["loads"] if not name.startswith(SYSTEM)]
    assert found["loads"] and not foreign, f"the program needs {foreign}, which no Mac has"
    assert found["signed"] or cpu != "arm64", "the program is not signed, not even by itself"

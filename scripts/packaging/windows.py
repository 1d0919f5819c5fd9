"""What a program for Windows asks of the system."""

import struct

LINKER = "x86_64-w64-mingw32-gcc"
AMD64 = 0x8664
# mingw's own libraries: no Windows has them
FOREIGN = ("libgcc", "libstdc++", "libwinpthread", "zlib")


def loads(program):
    """The libraries that a PE program names, in lower case."""
    head = struct.unpack_from("<I", program, 0x3C)[0]
    assert program[:2] == b"MZ" and program[head : head + 4] == b"PE\0\0", "the program is none for Windows"
    cpu, sections, optional = struct.unpack_from("<HH12xH", program, head + 4)
    assert cpu == AMD64, "the program is for another processor"
    start = head + 24
    # the second of the directories
    table = struct.unpack_from("<I", program, start + 112 + 8)[0]
    parts = [struct.unpack_from("<8x4I", program, start + optional + 40 * number) for number in range(sections)]

    def at(address):
        for size, begin, raw_size, raw in parts:
            if begin <= address < begin + max(size, raw_size):
                return address - begin + raw
        raise AssertionError(f"no part of the program has the address {address:#x}")

    found, place = [], at(table)
    while name := struct.unpack_from("<12xI", program, place)[0]:
        begin = at(name)
        found.append(program[begin : program.index(b"\0", begin)].decode().lower())
        place += 20
    return found


def check(program):
    """Whether every Windows has what the program needs."""
    found = loads(program)
    foreign = [name for name in found if name.startswith(FOREIGN)]
    assert "kernel32.dll" in found and not foreign, f"the program needs {foreign}, which Windows doesn't have"

"""Archives whose bytes depend on nothing but what is in them."""

import gzip
import io
import lzma
import tarfile
import time
import zipfile

# A file in an archive: its bytes, and whether it is a program.
File = tuple[bytes, bool]


def tar(files, epoch, folders=False):
    """A tar of {path: File} in the order of the paths; with folders, each gets an entry of its own, as dpkg wants it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:

        def add(path, kind, mode, data=b""):
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode, entry.size, entry.mtime = kind, mode, len(data), epoch
            entry.uname = entry.gname = "root"
            archive.addfile(entry, io.BytesIO(data))

        made = set()
        for path, (data, program) in sorted(files.items()):
            parts = path.split("/")[:-1]
            for depth in range(1, len(parts) + 1) if folders else []:
                folder = "/".join(parts[:depth])
                if folder not in made:
                    made.add(folder)
                    add(folder + "/", tarfile.DIRTYPE, 0o755)
            add(path, tarfile.REGTYPE, 0o755 if program else 0o644, data)
    return buffer.getvalue()


def gz(data):
    # without a name and a time in its header
    return gzip.compress(data, 9, mtime=0)


def xz(data):
    return lzma.compress(data, preset=9)


def zipped(files, epoch):
    """A zip of {path: File}, in the order given: a wheel's metadata come last."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, (data, program) in files.items():
            entry = zipfile.ZipInfo(path, time.gmtime(epoch)[:6])
            entry.create_system, entry.compress_type = 3, zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if program else 0o100644) << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def ar(files, epoch):
    """The archive that a Debian package is, of {name: bytes}."""
    parts = [b"!<arch>\n"]
    for name, data in files.items():
        parts.append(f"{name:<16}{epoch:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode())
        parts.append(data + b"\n" * (len(data) % 2))
    return b"".join(parts)

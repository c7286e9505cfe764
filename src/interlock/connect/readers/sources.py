"""Where records come from: a file, a folder, or an archive of a folder, none of it unpacked under names of its own."""

import gzip
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import BufferedReader, RawIOBase
from pathlib import Path, PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import re2

from interlock.connect.readers import limits
from interlock.connect.readers.refusal import Refusal

# Signatures of what people send by mistake, and what to do instead.
SIGNATURES = {
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file: save it as CSV",
    b"%PDF": "a PDF: export the data instead",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"SQLite format 3\0": "a database",
    b"BZh": "a bzip2 archive: send it as zip or tar.gz",
    b"\xfd7zXZ": "an xz archive: send it as zip or tar.gz",
    b"7z\xbc\xaf": "a 7-Zip archive: send it as zip or tar.gz",
    b"Rar!": "a RAR archive: send it as zip or tar.gz",
}


class Source(ABC):
    """Files by their paths, in an order that can be read through without going back."""

    label: str

    @abstractmethod
    def names(self) -> list[str]: ...

    @abstractmethod
    def size(self, name: str) -> int: ...

    @abstractmethod
    def open(self, name: str) -> IO[bytes]: ...

    def matching(self, patterns: list[str], leaving: list[str]) -> list[str]:
        wanted, unwanted = _globs(tuple(patterns)), _globs(tuple(leaving))
        return [name for name in self.names() if _fits(wanted, name) and not _fits(unwanted, name)]


@dataclass(frozen=True)
class SingleFile(Source):
    path: Path
    label: str

    def names(self) -> list[str]:
        return [self.label]

    def size(self, name: str) -> int:
        return self.path.stat().st_size

    def open(self, name: str) -> IO[bytes]:
        return self.path.open("rb")

    def matching(self, patterns: list[str], leaving: list[str]) -> list[str]:
        """A file that is sent alone is meant, whatever it is called."""
        return self.names()


class Folder(Source):
    def __init__(self, path: Path, label: str, at_most: int = 0) -> None:
        self.path, self.label = path, label
        root = path.resolve()
        self._sizes: dict[str, int] = {}
        total = 0
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for file in sorted(name for name in files if not name.startswith(".")):
                found = Path(folder, file)
                name = found.relative_to(path).as_posix()
                if not found.resolve().is_relative_to(root):
                    raise Refusal("it is a link that leads out of the folder.", file=name)
                self._sizes[name] = found.stat().st_size
                total += self._sizes[name]
                _refuse_bulk(label, len(self._sizes), total, at_most=at_most)

    def names(self) -> list[str]:
        return list(self._sizes)

    def size(self, name: str) -> int:
        return self._sizes[name]

    def open(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb")


class Zip(Source):
    def __init__(self, path: Path, label: str, at_most: int = 0) -> None:
        self.path, self.label = path, label
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise Refusal(f"{label} is not a readable zip archive ({error}).") from error
        self._entries: dict[str, zipfile.ZipInfo] = {}
        _refuse_bulk(label, len(self._archive.infolist()), 0)
        total = sum(entry.file_size for entry in self._archive.infolist())
        _refuse_bulk(label, 0, total, packed=path.stat().st_size, at_most=at_most)
        for entry in self._archive.infolist():
            _refuse_escape(label, entry.filename)
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise Refusal(f"{label} holds a link ({entry.filename}). Pack the files themselves.")
            if entry.flag_bits & 0x1:
                raise Refusal(f"{label} is encrypted. Send it without a password.")
            # Other methods let the archive choose how much memory they take.
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Refusal(f"{label} packs {entry.filename} in an unusual way. Use plain zip compression.")
            if entry.filename in self._entries:
                raise Refusal(f"{label} holds {entry.filename} twice.")
            if not entry.is_dir():
                self._entries[entry.filename] = entry

    def names(self) -> list[str]:
        return [name for name in sorted(self._entries) if not _hidden(name)]

    def size(self, name: str) -> int:
        return self._entries[name].file_size

    def open(self, name: str) -> IO[bytes]:
        return BufferedReader(_Guarded(self._archive.open(self._entries[name]), name))  # type: ignore[type-var]


class _Guarded(RawIOBase):
    """A damaged or lying archive is only found out while it is read."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream, self._name = stream, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise Refusal(f"is damaged in the archive ({error}).", file=self._name) from error
        buffer[: len(data)] = data
        return len(data)


class Tar(Source):
    """A tar archive, packed or not; read in its own order, since going back means unpacking anew."""

    def __init__(self, path: Path, label: str) -> None:
        self.path, self.label = path, label
        self._sizes: dict[str, int] = {}
        with self._opened() as archive:
            for member in archive:
                _refuse_bulk(label, len(self._sizes) + 1, 0)
                _refuse_escape(label, member.name)
                if member.isdir():
                    continue
                if not member.isreg() or member.issparse():
                    raise Refusal(f"{label} holds a link or device ({member.name}). Pack the files themselves.")
                if member.name in self._sizes:
                    raise Refusal(f"{label} holds {member.name} twice.")
                self._sizes[member.name] = member.size
        self._reading: Iterator[tuple[str, IO[bytes]]] | None = None

    @contextmanager
    def _opened(self) -> Iterator[tarfile.TarFile]:
        with self.path.open("rb") as packed:
            squeezed = packed.read(2) == b"\x1f\x8b"
            packed.seek(0)
            plain = gzip.GzipFile(fileobj=packed) if squeezed else packed
            counted = _Counted(plain, self.label, self.path.stat().st_size)
            try:
                with tarfile.open(fileobj=counted, mode="r|", tarinfo=_Member) as archive:  # type: ignore[call-overload]
                    yield archive
            except (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, OverflowError) as error:
                raise Refusal(f"{self.label} is not a readable tar archive ({error}).") from error

    def names(self) -> list[str]:
        return [name for name in self._sizes if not _hidden(name)]

    def size(self, name: str) -> int:
        return self._sizes[name]

    def open(self, name: str) -> IO[bytes]:
        """Goes on from the file opened last; from the start where the file lies before it."""
        for _ in range(2):
            if self._reading is None:
                self._reading = self._read_through()
            for found, file in self._reading:
                if found == name:
                    # Readers look at a file twice; within a packed archive it can be read once.
                    copy = SpooledTemporaryFile(max_size=limits.RECORD)  # noqa: SIM115
                    shutil.copyfileobj(file, copy)
                    copy.seek(0)
                    return copy
            self._reading = None
        raise Refusal(f"{self.label} no longer holds {name}.")

    def _read_through(self) -> Iterator[tuple[str, IO[bytes]]]:
        with self._opened() as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isreg() else None
                if file is not None:
                    yield member.name, file


class _Member(tarfile.TarInfo):
    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        # Long names and extended headers are read whole into memory, however long they claim to be.
        if self.type not in tarfile.REGULAR_TYPES and self.size > limits.CELL:
            raise tarfile.ReadError("a header of more than 1 MB")
        return super()._proc_member(archive)  # type: ignore[misc]


class _Counted:
    """Stops an archive that unpacks to more than it may, while it is read and not after."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, label: str, packed: int) -> None:
        self._stream, self._label, self._packed, self._total = stream, label, packed, 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(min(size, limits.SOURCE_BYTES) if size >= 0 else limits.SOURCE_BYTES)
        self._total += len(data)
        _refuse_bulk(self._label, 0, self._total, packed=self._packed)
        return data


def opened(path: Path, label: str = "") -> Source:
    """The source at that path, whatever it is, looked over and found harmless."""
    label = label or path.name
    if path.is_dir():
        return Folder(path, label)
    if not path.is_file():
        raise Refusal(f"There is no file or folder at {path}.")
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        archive = Zip(path, label)
        if "[Content_Types].xml" in archive._entries:
            raise Refusal(f"{label} is an Excel or Word file. Save it as CSV.")
        return archive
    if head.startswith(b"\x1f\x8b") or head[257:262] == b"ustar":
        return Tar(path, label)
    for signature, meaning in SIGNATURES.items():
        if head.startswith(signature):
            raise Refusal(f"{label} is {meaning}.")
    _refuse_bulk(label, 0, path.stat().st_size, at_most=limits.SOURCE_BYTES)
    return SingleFile(path, label)


def _refuse_bulk(label: str, entries: int, size: int, *, packed: int = 0, at_most: int = 0) -> None:
    at_most = at_most or limits.SOURCE_BYTES
    if entries > limits.ENTRIES:
        raise Refusal(f"{label} holds more than {limits.ENTRIES:,} files.")
    if size > at_most:
        raise Refusal(f"{label} holds more than {at_most // 1_000_000:,} MB.")
    if packed and size > limits.RATIO_MATTERS_FROM and size > packed * limits.RATIO:
        raise Refusal(f"{label} unpacks to more than {limits.RATIO} times its size.")


def _refuse_escape(label: str, name: str) -> None:
    path = PurePosixPath(name)
    drive = len(name) > 1 and name[1] == ":"
    if len(name) > limits.NAME:
        raise Refusal(f"{label} holds a file whose name has more than {limits.NAME:,} characters ({name[:80]!r}).")
    if path.is_absolute() or ".." in path.parts or "\\" in name or drive or "\0" in name:
        raise Refusal(f"{label} holds a file that would lie outside of it ({name[:80]!r}).")


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


@lru_cache(maxsize=256)
def _globs(patterns: tuple[str, ...]) -> Any:
    """`*` stays within a folder, `**/` crosses folders; all of them at once, in time that grows with the name alone."""
    if len(patterns) > limits.PATTERNS or any(len(pattern) > limits.PATTERN for pattern in patterns):
        raise Refusal(
            f"The mapping may name files by {limits.PATTERNS} patterns of at most {limits.PATTERN} characters."
        )
    options = re2.Options()
    options.log_errors = False
    return re2.compile("|".join(_glob(pattern) for pattern in patterns), options)


def _glob(pattern: str) -> str:
    escaped = re.escape(pattern).replace(r"\*\*/", "(?:[^/]+/)*")
    return re.sub(r"(?:\\\*)+", "[^/]*", escaped).replace(r"\?", "[^/]")


def _fits(patterns: Any, name: str) -> bool:
    # Names that are no UTF-8 come with halves of characters, which RE2 does not take.
    return bool(patterns.pattern and patterns.fullmatch(name.encode(errors="replace").decode()))

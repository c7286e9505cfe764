"""From bytes to lines of text: the encoding is found, never guessed past evidence against it."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from typing import IO

from interlock.connect.readers import limits
from interlock.connect.readers.refusal import Refusal
from interlock.connect.readers.sources import Source

CHUNK = 1 << 20
# The longer mark first: UTF-32's starts with UTF-16's.
MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    "latin-1": "ISO 8859-1",
}
# Bytes that mean nothing in Windows-1252.
NOT_WINDOWS = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
# No text of any encoding here holds these; tab, line feed, form feed, return and escape are let through.
CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class Text:
    """One file, read as text."""

    source: Source
    name: str
    encoding: str

    @property
    def encoding_name(self) -> str:
        return NAMES.get(self.encoding, self.encoding)

    def opened(self) -> TextIOWrapper:
        return TextIOWrapper(self.source.open(self.name), encoding=self.encoding, newline="")

    def lines(self, *, longest: int = limits.RECORD) -> Iterator[str]:
        """Line by line with their ends; a line without end cannot fill the memory."""
        number = 0
        with self.opened() as text:
            while line := self._line(text, longest, number + 1):
                number += 1
                if CONTROL.search(line):
                    raise Refusal("holds control characters: this is not text.", file=self.name, line=number)
                yield line

    def _line(self, text: TextIOWrapper, longest: int, number: int) -> str:
        try:
            line = text.readline(longest + 1)
        except UnicodeError as error:
            raise Refusal(f"is not valid {self.encoding_name}.", file=self.name, line=number) from error
        if len(line) > longest:
            raise Refusal(f"is longer than {longest:,} characters.", file=self.name, line=number)
        return line

    def chunks(self, size: int = 65_536) -> Iterator[str]:
        with self.opened() as text:
            while chunk := self._chunk(text, size):
                yield chunk

    def _chunk(self, text: TextIOWrapper, size: int) -> str:
        try:
            return text.read(size)
        except UnicodeError as error:
            raise Refusal(f"is not valid {self.encoding_name}.", file=self.name) from error

    def whole(self) -> str:
        if self.source.size(self.name) > limits.DOCUMENT_BYTES:
            raise Refusal(f"is larger than {limits.DOCUMENT_BYTES // 1_000_000} MB.", file=self.name)
        text = "".join(self.chunks())
        if found := CONTROL.search(text):
            line = text.count("\n", 0, found.start()) + 1
            raise Refusal("holds control characters: this is not text.", file=self.name, line=line)
        return text


def text_of(source: Source, name: str, encoding: str = "") -> Text:
    """The file as text; `encoding` is what the mapping says, else it is found out."""
    if encoding:
        return Text(source, name, codecs.lookup(encoding).name)
    with source.open(name) as file:
        return Text(source, name, _detect(file, name))


def _detect(file: IO[bytes], name: str) -> str:
    head = file.read(CHUNK)
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    if b"\0" in head[:4096]:
        return _without_mark(head, name)
    return _utf8_or_older(head, file, name)


def _without_mark(head: bytes, name: str) -> str:
    """UTF-16 without its mark: in Latin letters every other byte is zero."""
    start = head[:4096]
    even, odd = start[::2].count(0), start[1::2].count(0)
    for zeros, others, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros > 0.4 * len(start) / 2 and others == 0:
            return encoding
    raise Refusal("is not text: it holds zero bytes.", file=name)


def _utf8_or_older(head: bytes, file: IO[bytes], name: str) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, foreign, windows, chunk = 1, False, True, head
    while True:
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            good = error.object[: error.start]
            if foreign or not good.isascii():
                line += good.count(b"\n")
                raise Refusal(
                    "is UTF-8 up to here and then no longer. Save it as UTF-8, or name its encoding in the mapping.",
                    file=name,
                    line=line,
                ) from error
            break
        if not chunk:
            return "utf-8"
        foreign = foreign or not text.isascii()
        line += text.count("\n")
        chunk = file.read(CHUNK)
    while chunk:
        if found := CONTROL_BYTES.search(chunk):
            line += chunk.count(b"\n", 0, found.start())
            raise Refusal("is not text: it holds control characters.", file=name, line=line)
        windows = windows and not NOT_WINDOWS.search(chunk)
        line += chunk.count(b"\n")
        chunk = file.read(CHUNK)
    return "cp1252" if windows else "latin-1"

"""From files to records, streaming: memory does not grow with the file."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from interlock.connect.readers.json_documents import read_json, read_json_lines
from interlock.connect.readers.markdown import read_front_matter, read_tables
from interlock.connect.readers.records import Malformed, Record, Remarks
from interlock.connect.readers.refusal import Refusal, Unreadable
from interlock.connect.readers.sources import Source, opened
from interlock.connect.readers.tables import read_table
from interlock.connect.readers.text import Text, text_of
from interlock.connect.readers.yaml_documents import read_yaml

FORMATS = {
    "csv": "A table as CSV: any delimiter, the first row names the columns.",
    "json": "One JSON document.",
    "jsonl": "JSON Lines: a record on every line.",
    "yaml": "YAML, one document or several.",
    "front-matter": "Markdown with YAML above it; the text is `$body`.",
    "markdown-table": "The rows of the tables in a Markdown file.",
    "project-xml": "A plan of Microsoft Project as XML: `departments[]`, `tasks[]` and `links[]`.",
}
ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".md": "front-matter",
    ".markdown": "front-matter",
    ".xml": "project-xml",
}


@dataclass(frozen=True)
class Reading:
    """Which files to read, as what, and where in them the records are."""

    files: list[str] = field(default_factory=lambda: ["**/*"])
    leaving: list[str] = field(default_factory=list)
    format: str = ""
    steps: list[str] = field(default_factory=list)
    encoding: str = ""
    delimiter: str = ""
    skip: int = 0
    heading: str = ""

    def names(self, source: Source) -> list[str]:
        found = source.matching(self.files, self.leaving)
        return found if self.format else [name for name in found if format_of(name) or len(found) == 1]

    def records(self, source: Source, name: str, remarks: Remarks) -> Iterator[Record]:
        """The records of one file. One file among many that makes no sense is a record that says why."""
        text = text_of(source, name, self.encoding)
        try:
            yield from self._read(text, remarks)
        except Unreadable as error:
            if len(source.names()) == 1:
                raise
            yield Record(Malformed(error.reason), name, error.line)

    def _read(self, text: Text, remarks: Remarks) -> Iterator[Record]:
        match self.format or format_of(text.name):
            case "csv":
                return read_table(text, remarks, delimiter=self.delimiter, skip=self.skip)
            case "json":
                return read_json(text, self.steps, remarks)
            case "jsonl":
                return read_json_lines(text, self.steps, remarks)
            case "yaml":
                return read_yaml(text, self.steps, remarks)
            case "front-matter":
                return read_front_matter(text, self.steps, remarks)
            case "markdown-table":
                return read_tables(text, self.heading, remarks)
            case "project-xml":
                # Only now, since few files are any.
                from interlock.connect.readers.project_xml import read_project

                return read_project(text, self.steps, remarks)
        endings = ", ".join(sorted(ENDINGS))
        raise Refusal(f"ends in none of {endings}: say its format in the mapping.", file=text.name)


def format_of(name: str) -> str:
    return ENDINGS.get(PurePosixPath(name).suffix.lower(), "")


__all__ = [
    "FORMATS",
    "Malformed",
    "Reading",
    "Record",
    "Refusal",
    "Remarks",
    "Source",
    "Unreadable",
    "format_of",
    "opened",
    "text_of",
]

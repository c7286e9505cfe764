import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.connect.readers import Malformed, Reading, Refusal, Remarks, opened
from interlock.connect.readers.sources import SingleFile
from interlock.connect.tests.sources import files, read, values

TABLE = "Title,Owner\nRefunds,Ada\nExports,Zoë\n"
ROWS = [{"Title": "Refunds", "Owner": "Ada"}, {"Title": "Exports", "Owner": "Zoë"}]


def table(tmp_path: Path, content: str | bytes) -> Path:
    return files(tmp_path, {"plan.csv": content}) / "plan.csv"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, delimiter):
    assert values(table(tmp_path, TABLE.replace(",", delimiter))) == ROWS


def test_commas_inside_texts_do_not_hide_the_semicolons(tmp_path):
    content = "Title;Notes\nRefunds;first, second, third\nExports;one, two\n"
    assert values(table(tmp_path, content))[0] == {"Title": "Refunds", "Notes": "first, second, third"}


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"]
)
def test_the_encoding_is_found(tmp_path, encoding):
    assert values(table(tmp_path, TABLE.encode(encoding))) == ROWS


def test_windows_quotes_are_read_as_quotes(tmp_path):
    assert values(table(tmp_path, "Title\n“Refunds” – now\n".encode("cp1252"))) == [{"Title": "“Refunds” – now"}]


def test_a_file_that_stops_being_utf8_is_refused_with_the_line(tmp_path):
    broken = TABLE.encode() + b"Gr\xfc\xdfe,Ben\n"
    with pytest.raises(Refusal, match=r"plan\.csv, line 4: is UTF-8 up to here"):
        values(table(tmp_path, broken))


def test_the_mapping_may_name_the_encoding(tmp_path):
    assert values(table(tmp_path, "Owner\nJosé\n".encode("mac-roman")), encoding="mac-roman") == [{"Owner": "José"}]


def test_a_wrong_encoding_in_the_mapping_is_refused(tmp_path):
    with pytest.raises(Refusal, match="not valid UTF-8"):
        values(table(tmp_path, "Owner\nJosé\n".encode("latin-1")), encoding="utf-8")


def test_records_know_the_line_on_which_they_begin(tmp_path):
    content = 'Title,Notes\nRefunds,"two\nlines"\n\nExports,one\n'
    assert read(table(tmp_path, content)) == [
        ("plan.csv", 2, {"Title": "Refunds", "Notes": "two\nlines"}),
        ("plan.csv", 5, {"Title": "Exports", "Notes": "one"}),
    ]


def test_lines_before_the_heading_can_be_skipped(tmp_path):
    content = "Meeting,Planning\nHeld,Monday\nTitle;Owner\nRefunds;Ada\n"
    assert read(table(tmp_path, content), skip=2) == [("plan.csv", 4, {"Title": "Refunds", "Owner": "Ada"})]


def test_a_line_that_names_the_separator_is_no_heading(tmp_path):
    assert values(table(tmp_path, "sep=;\nTitle;Owner\nRefunds, all;Ada\n")) == [
        {"Title": "Refunds, all", "Owner": "Ada"}
    ]


def test_a_repeated_heading_gathers_its_cells(tmp_path):
    content = "Summary,Labels,Labels\nRefunds,money,urgent\nExports,money,\n"
    assert values(table(tmp_path, content)) == [
        {"Summary": "Refunds", "Labels": ["money", "urgent"]},
        {"Summary": "Exports", "Labels": ["money"]},
    ]


def test_a_short_row_is_read_and_remarked_on(tmp_path):
    path, remarks = table(tmp_path, "Title,Owner,Team\nRefunds\n"), Remarks()
    assert [r.data for r in Reading().records(opened(path), "plan.csv", remarks)] == [{"Title": "Refunds"}]
    assert remarks.short_rows == [("plan.csv", 2, 1, 3)]


def test_a_row_with_more_cells_than_headings_is_a_bad_row(tmp_path):
    bad, good = values(table(tmp_path, "Title,Owner\nRefunds,Ada,?\nExports,Ben,\n"))
    assert isinstance(bad, Malformed)
    assert bad == "has 3 cells where the heading has 2."
    assert good == {"Title": "Exports", "Owner": "Ben"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b",,\n1,2,3\n", "empty heading row"),
        (b"Title\n\x00\x00\x01\n", "zero bytes"),
        (b"Title\nRefunds\x01\n", "control characters"),
        (b"\x89PNG\r\n\x1a\n", "is a picture"),
        (b"%PDF-1.7", "is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as CSV"),
        (b"Title\n" + b"x" * 1_000_001 + b"\n", "more than 1,000,000 characters"),
        (b'Title\n"' + b"line\n" * 250_000 + b'"\n', "more than 1,000,000 characters"),
        (b"Title\n" + b"x" * 2_000_001, "line 2: is longer than 2,000,000 characters"),
        (b",".join(b"c%d" % n for n in range(5_001)) + b"\n1\n", "more than 5,000 columns"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path, content, reason):
    with pytest.raises(Refusal, match=reason):
        values(table(tmp_path, content))


CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from('",;\n\t '), max_size=12
)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, st.just("end")), min_size=1, max_size=8),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_was_written_as_csv_is_read_back(tmp_path_factory, rows, delimiter, encoding):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([("first", "second", "third"), *rows])
    path = tmp_path_factory.mktemp("csv") / "plan.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    source = SingleFile(path, "plan.csv")
    read_back = [tuple(r.data.values()) for r in Reading(delimiter=delimiter).records(source, "plan.csv", Remarks())]
    assert read_back == rows

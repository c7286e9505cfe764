import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.connect.readers import Malformed, Refusal
from interlock.connect.tests.sources import files, read, values


def document(tmp_path: Path, content: str | bytes, name: str = "plan.json") -> Path:
    return files(tmp_path, {name: content}) / name


def test_a_list_is_read_item_by_item_with_lines(tmp_path):
    path = document(tmp_path, '[\n  {"id": 1},\n\n  {"id": 2}\n]\n')
    assert read(path, steps=["[]"]) == [("plan.json", 2, {"id": 1}), ("plan.json", 4, {"id": 2})]


def test_records_are_found_along_a_path(tmp_path):
    path = document(tmp_path, json.dumps({"skip": [[1], {"issues": []}], "data": {"issues": [{"id": 1}]}, "rest": 2}))
    assert values(path, steps=["data", "issues", "[]"]) == [{"id": 1}]


def test_a_map_of_records_is_read_value_by_value(tmp_path):
    path = document(tmp_path, '{"posts": {"a": {"id": 1}, "b": {"id": 2}}}')
    assert values(path, steps=["posts", "*"]) == [{"id": 1}, {"id": 2}]


def test_lists_inside_records_are_records_too(tmp_path):
    path = document(tmp_path, '[{"tasks": [1, 2]}, {"tasks": [3]}, {}]')
    assert values(path, steps=["[]", "tasks", "[]"]) == [1, 2, 3]


def test_the_whole_document_is_one_record_where_no_path_is_given(tmp_path):
    assert values(document(tmp_path, ' {"id": 1} ')) == [{"id": 1}]


def test_numbers_that_would_change_stay_as_they_are_written(tmp_path):
    path = document(tmp_path, '[{"small": 7, "price": 1.50, "huge": 123456789012345678901234567890, "far": 1e999}]')
    assert values(path, steps=["[]"]) == [
        {"small": 7, "price": "1.50", "huge": "123456789012345678901234567890", "far": "1e999"}
    ]


def test_a_long_file_is_read_through_a_small_window(tmp_path):
    rows = [{"id": n, "text": "ä" * (n % 50)} for n in range(20_000)]
    path = document(tmp_path, json.dumps({"before": rows, "rows": rows}, indent=1, ensure_ascii=False))
    assert values(path, steps=["rows", "[]"]) == rows


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "ends in the middle"),
        ("[", "ends in the middle"),
        ('[{"id": 1}', "ends in the middle"),
        ('[{"id": "a', "ends in the middle"),
        ('[\n{"id": 1}\n{"id": 2}]', "line 3: is not valid JSON"),
        ("[{'id': 1}]", "not valid JSON"),
        ('[{"id": NaN}]', "NaN"),
        ("[" * 200 + "]" * 200, "nested deeper than 100 levels"),
        ("[" + "[" * 100_000 + "]" * 100_000 + "]", "nested deeper than 100 levels"),
        ('[{"text": "' + "x" * 2_500_000 + '"}]', "record of more than 2,000,000 characters"),
        ('{"id": 1}', "holds a map where the mapping expects a list"),
        (b"[1, \x00, 2]", "zero bytes"),
    ],
)
def test_what_is_no_list_of_records_is_refused_with_a_sentence(tmp_path, content, reason):
    with pytest.raises(Refusal, match=reason):
        values(document(tmp_path, content), steps=["[]"])


def test_a_hole_in_the_path_is_refused_with_what_is_missing(tmp_path):
    with pytest.raises(Refusal, match="holds no “issues”"):
        values(document(tmp_path, '{"items": []}'), steps=["issues", "[]"])


def test_nesting_is_bounded_in_what_is_passed_over(tmp_path):
    with pytest.raises(Refusal, match="nested deeper"):
        values(document(tmp_path, '{"skip": ' + "[" * 500 + "]" * 500 + ', "rows": []}'), steps=["rows", "[]"])


def test_a_bad_line_of_json_lines_is_a_bad_row_among_good_ones(tmp_path):
    found = read(document(tmp_path, '{"id": 1}\n{"id": \n\n{"id": 3}\n', "plan.jsonl"))
    assert [(line, isinstance(data, Malformed)) for _, line, data in found] == [(1, False), (2, True), (4, False)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


@given(rows=st.lists(JSON, max_size=6), before=JSON, indent=st.sampled_from([None, 2]), window=st.integers(1, 40))
def test_any_json_is_read_the_same_through_any_window(tmp_path_factory, rows, before, indent, window):
    path = tmp_path_factory.mktemp("json") / "plan.json"
    path.write_text(json.dumps({"before": before, "rows": rows}, indent=indent))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("interlock.connect.readers.text.Text.chunks", chunks_of(window))
        assert values(path, steps=["rows", "[]"]) == rows


def chunks_of(size):
    def chunks(self):
        with self.opened() as text:
            while chunk := text.read(size):
                yield chunk

    return chunks

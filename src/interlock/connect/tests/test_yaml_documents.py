from pathlib import Path

import pytest

from interlock.connect.readers import Malformed, Refusal
from interlock.connect.tests.sources import files, read, values


def document(tmp_path: Path, content: str | bytes, name: str = "plan.yaml") -> Path:
    return files(tmp_path, {name: content}) / name


def test_records_know_their_lines(tmp_path):
    path = document(tmp_path, "groups:\n  - dir: sig-node\n    name: Node\n\n  - dir: sig-auth\n")
    assert read(path, steps=["groups", "[]"]) == [
        ("plan.yaml", 2, {"dir": "sig-node", "name": "Node"}),
        ("plan.yaml", 5, {"dir": "sig-auth"}),
    ]


def test_texts_stay_texts_however_much_they_look_like_something_else(tmp_path):
    content = "when: 2023-14-05\nid: 0042\nshare: 1.30\ncountry: no\nstarts: 12:30\nhuge: 12345678901234567890123\n"
    assert values(document(tmp_path, content)) == [
        {
            "when": "2023-14-05",
            "id": "0042",
            "share": "1.30",
            "country": "no",
            "starts": "12:30",
            "huge": "12345678901234567890123",
        }
    ]


def test_numbers_truth_and_nothing_are_themselves(tmp_path):
    assert values(document(tmp_path, "a: 7\nb: true\nc: null\nd: ~\ne:\nf: '7'\n")) == [
        {"a": 7, "b": True, "c": None, "d": None, "e": None, "f": "7"}
    ]


def test_several_documents_are_several_records(tmp_path):
    assert [(line, data) for _, line, data in read(document(tmp_path, "a: 1\n---\na: 2\n"))] == [
        (1, {"a": 1}),
        (3, {"a": 2}),
    ]


def test_anchors_repeat_and_merge(tmp_path):
    content = "base: &base {team: red, size: 1}\nother:\n  <<: *base\n  size: 2\nagain: *base\n"
    assert values(document(tmp_path, content)) == [
        {"base": {"team": "red", "size": 1}, "other": {"team": "red", "size": 2}, "again": {"team": "red", "size": 1}}
    ]


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a: !!python/object/apply:os.system ['true']\n", "line 1: holds the tag tag:yaml.org,2002:python/object"),
        ("a: 1\nb: !Ref x\n", "line 2: holds the tag !Ref"),
        (LAUGHS, "more than 300,000 values, counting what its anchors repeat"),
        ("a: &a [*a]\n", "leads nowhere, or into itself"),
        ("[" * 150 + "]" * 150, "nested deeper than 100 levels"),
        ("a: " + "x" * 1_000_001, "text of more than 1,000,000 characters"),
        ("- x\n" * 300_001, "more than 300,000 values"),
        (b"a: \x00b\n", "zero bytes"),
        ("a: \x07b\n", "not text that YAML allows|control"),
        ("a: [1, 2\nb: 3\n", "not valid YAML"),
        ("a: 1\nb: 2\na: 3\n", "line 3: names “a” twice"),
    ],
)
def test_traps_and_nonsense_are_refused_with_a_sentence(tmp_path, content, reason):
    with pytest.raises(Refusal, match=reason):
        values(document(tmp_path, content))


def test_one_file_among_many_that_makes_no_sense_is_a_bad_row(tmp_path):
    files(tmp_path, {"a.yaml": "id: 1\n", "b.yaml": "id: [1\n", "c.yaml": "id: 3\n"})
    found = read(tmp_path)
    assert [(file, isinstance(data, Malformed)) for file, _, data in found] == [
        ("a.yaml", False),
        ("b.yaml", True),
        ("c.yaml", False),
    ]


def test_a_trap_in_one_file_refuses_them_all(tmp_path):
    files(tmp_path, {"a.yaml": "id: 1\n", "b.yaml": "id: !!python/name:os.system\n"})
    with pytest.raises(Refusal, match=r"b\.yaml, line 1: holds the tag"):
        values(tmp_path)


MARKDOWN = """---
title: Refunds
tags: [money]
---
# Refunds

Some *text*.
"""


def test_front_matter_comes_with_the_text_below_it(tmp_path):
    assert values(document(tmp_path, MARKDOWN, "plan.md")) == [
        {"title": "Refunds", "tags": ["money"], "$body": "# Refunds\n\nSome *text*."}
    ]


def test_markdown_without_front_matter_is_all_text(tmp_path):
    assert values(document(tmp_path, "# Refunds\n", "plan.md")) == [{"$body": "# Refunds"}]


def test_a_mistake_in_front_matter_is_reported_with_its_line_in_the_file(tmp_path):
    files(tmp_path, {"plan.md": "---\na: 1\nb: [\n---\n", "other.md": "x"})
    bad = next((line, data) for file, line, data in read(tmp_path) if file == "plan.md")
    assert isinstance(bad[1], Malformed)
    assert bad[0] in (3, 4)


TABLES = """# Timeline

| **What** | **When** |
|---|:--|
| Code freeze | Thu July 9 |
| **v1.19.0 released** | Wed, August 26 \\| noon |

| Name | Role |
| --- | --- |
| Ada | Lead |
"""


def test_the_rows_of_the_table_with_a_heading_are_records(tmp_path):
    assert read(document(tmp_path, TABLES, "plan.md"), format="markdown-table", heading="When") == [
        ("plan.md", 5, {"What": "Code freeze", "When": "Thu July 9"}),
        ("plan.md", 6, {"What": "**v1.19.0 released**", "When": "Wed, August 26 | noon"}),
    ]

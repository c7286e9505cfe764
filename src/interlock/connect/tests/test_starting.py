"""The mapping that a table is offered to begin with."""

import pytest

from interlock.connect.importing.mapping import Mapping
from interlock.connect.importing.starting import starting_mapping
from interlock.connect.readers import opened
from interlock.connect.readers.refusal import Refusal
from interlock.connect.tests.sources import files


@pytest.fixture
def start(tmp_path):
    def start(name, content):
        files(tmp_path, {name: content})
        return starting_mapping(opened(tmp_path / name), product="Payments")

    return start


def fields(mapping, noun):
    [block] = [block for block in Mapping.parse(mapping).blocks if block.noun.name == noun]
    return set(block.targets)


@pytest.mark.parametrize(
    ("name", "content", "noun", "expected"),
    [
        ("a.csv", "Issue key;Summary;Status;Assignee\nA-1;x;Done;ada\n", "feature", "title status owner product"),
        ("b.csv", "First Name,Last Name,Email,Dept\nAda,L,a@x.example,Eng\n", "person", "name email department"),
        ("c.csv", "Version,Release date\n1.0,2026-01-02\n", "release", "name target_on product"),
        ("d.csv", "Goal,Owner,Start,End\nGrow,Ada,1/2/2026,3/4/2026\n", "objective", "title owner starts_on ends_on"),
        ("teams.csv", "Name,Department\nBilling,Eng\n", "team", "name department"),
        ("e.jsonl", '{"id": 1, "title": "a", "labels": ["x"]}\n', "feature", "title tags product"),
        ("f.json", '[{"id": 1, "title": "a", "state": "open"}]', "feature", "title status product"),
        ("g.json", '{"n": 1, "issues": [{"id": 1, "fields": {"summary": "a"}}]}', "feature", "title product"),
    ],
)
def test_the_columns_say_what_the_rows_are_and_which_fields_they_fill(name, content, noun, expected, start):
    assert fields(start(name, content), noun) == set(expected.split())


def test_states_are_translated_and_what_is_not_understood_is_left_to_say(start):
    mapping = start("a.csv", "ID,Title,Status\n1,a,To Do\n2,b,Parked\n")
    assert "    To Do: planned\n" in mapping
    assert "    # Parked: …   # one of idea, candidate" in mapping


@pytest.mark.parametrize(
    ("written", "step"),
    [
        ("2026-02-11", "target_on: Target date\n"),
        ("13/02/2026", 'date: "%d/%m/%Y"'),
        ("11.02.2026", 'date: "%d.%m.%Y"'),
        ("Wednesday 11th February", "date: words"),
    ],
)
def test_dates_are_read_as_they_are_written(written, step, start):
    assert step in start("a.csv", f"Version,Target date\n1.0,{written}\n")


def test_without_a_column_that_tells_rows_apart_it_warns(start):
    assert "external_id: $line   # no column tells" in start("a.csv", "Title,Status\nx,done\nx,done\n")


def test_columns_with_odd_names_are_written_so_that_they_are_found(start):
    mapping = start("a.csv", "No.,Title,true,a: b\n1,x,,\n")
    assert Mapping.parse(mapping).blocks[0].targets.keys() == {"title", "product"}


def test_what_is_no_table_gets_a_frame_to_fill(start):
    mapping = start("a.yaml", "- {id: 1}\n")
    assert Mapping.parse(mapping).blocks[0].noun.name == "feature"


def test_a_file_that_cannot_be_read_says_why(start):
    with pytest.raises(Refusal, match="is empty"):
        start("a.csv", "\n")

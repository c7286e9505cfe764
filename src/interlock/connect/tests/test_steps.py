"""Steps on values that were written to take all time or all memory, and on plain ones."""

import pytest

from interlock.connect.importing.expressions import expression
from interlock.connect.importing.notes import Lost
from interlock.connect.importing.steps import all_compiled
from interlock.connect.readers import limits, records


def worked(steps, value):
    """What becomes of a value, and what was noticed on the way."""
    noticed = []
    for apply in all_compiled(steps, {}):
        value = apply(value, noticed.append)
    return value, [str(one.args[0]) for one in noticed]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("**[Code Freeze](x)**", "Code Freeze"),
        ("![logo](a.png) by [us][2], see [3]", "logo by us, see 3"),
        ("[a](b and no end", "a(b and no end"),
        ("[] and `x`", "and x"),
    ],
)
def test_plain_leaves_what_is_read(written, plain):
    assert worked("plain", written) == (plain, [])


@pytest.mark.parametrize("piece", ["[", "[a](", "[a][", "![", "[a]([b][c]"])
def test_plain_takes_one_pass_however_many_links_never_end(piece):
    """Where each opening bracket looks for its end anew, half a million of them take hours."""
    value, noticed = worked("plain", piece * (limits.CELL // len(piece) // 2))
    assert value
    assert noticed == []


TOO_LONG = "would become longer than 1,000,000 characters"


@pytest.mark.parametrize(
    "steps",
    [
        [{"replace": {".": "x" * 10}}] * 10,
        [{"replace": {"": "x" * 100_000}}],
        [{"replace": {"(.+)": "\\1" * 100_000}}],
        [{"prefix": "x" * 150_000}] * 10,
        [{"extract_all": "."}, {"suffix": "x" * 150_000}],
        [{"extract_all": "."}, {"join": "x" * 150_000}],
    ],
    ids=["again", "between", "groups", "prefix", "list", "join"],
)
def test_a_value_that_steps_let_grow_beyond_a_cell_is_lost_and_told(steps):
    value, noticed = worked(steps, "abcdefghijklmnop")
    assert value in (None, [], "")
    assert set(noticed) == {TOO_LONG}


def test_a_long_value_that_does_not_grow_is_kept():
    value = "a b " * (limits.CELL // 40)
    assert worked({"replace": {" ": "-"}}, value) == (value.replace(" ", "-"), [])


def test_a_template_that_says_a_long_value_often_is_lost_and_told():
    noticed = []
    record = records.Record({"a": "x" * 100_000}, "a.csv", 1)
    assert expression({"template": "{a}" * 1000}, {})(record, noticed.append) is None
    assert [type(one) for one in noticed] == [Lost]

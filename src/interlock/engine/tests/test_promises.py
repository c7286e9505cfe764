import math
from datetime import UTC, datetime

import pytest

from interlock.engine.promises import SHRINKAGE, Change, Freeze, History, Story, signals


def day(month, number=1):
    return datetime(2026, month, number, tzinfo=UTC)


def story(*changes):
    return Story([Change(day(*at) if isinstance(at, tuple) else day(at), field, after) for at, field, after in changes])


ONE, TWO = Freeze("1", day(2), out=day(3)), Freeze("2", day(5), out=day(6))


def staged(**stories):
    return History(stories, [ONE, TWO], {"1": 1, "2": 2, "3": 3}, stages=("alpha", "beta"))


def finishing(**stories):
    return History(stories, [ONE, TWO], {"1": 1, "2": 2, "3": 3}, finishes=True)


def test_a_stage_that_is_planned_for_later_afterwards_has_slipped():
    plan = staged(
        late=story((1, "release", "1"), (1, "stage", "alpha"), (1, "planned alpha", "1"), (4, "planned alpha", "2")),
        kept=story(
            (1, "release", "1"), (1, "stage", "alpha"), (1, "planned alpha", "1"), (4, "stage", "beta"),
            (4, "release", "2"), (4, "planned beta", "2"),
        ),
    )  # fmt: skip
    assert plan.promised(ONE) == ["late", "kept"]
    assert plan.slipped("late", ONE, known=day(3)) is False, "nobody has said so yet"
    assert plan.slipped("late", ONE, known=day(5)) is True
    assert plan.slipped("kept", ONE, known=day(5)) is False


def test_nobody_knows_before_a_release_is_out_unless_it_is_put_off():
    plan = finishing(waits=story((1, "release", "1")), moved=story((1, "release", "1"), ((2, 10), "release", "2")))
    assert plan.slipped("waits", ONE, known=day(2, 20)) is None
    assert plan.slipped("moved", ONE, known=day(2, 20)) is True


def test_where_a_status_says_what_is_done_the_rest_slipped():
    plan = finishing(
        done=story((1, "release", "1"), ((2, 20), "status", "done")),
        after=story((1, "release", "1"), (4, "status", "done")),
        gone=story((1, "release", "1"), ((2, 20), "status", "dropped")),
        taken_out=story((1, "release", "1"), ((2, 20), "release", None)),
        archived=story((1, "release", "1"), ((2, 20), "status", "done"), (4, "status", "dropped")),
        given_up=story((1, "release", "1"), (4, "status", "dropped")),
    )
    outcomes = {item: plan.slipped(item, ONE, known=day(6)) for item in plan.stories}
    assert outcomes == {
        "done": False, "after": True, "gone": None, "taken_out": True, "archived": False, "given_up": True,
    }  # fmt: skip


def test_what_is_done_before_the_freeze_is_no_promise():
    assert finishing(done=story((1, "release", "1"), (1, "status", "done"))).promised(ONE) == []


def test_signals_are_of_the_moment_of_the_freeze():
    plan = staged(
        a=story(
            (1, "release", "2"), (1, "stage", "beta"), (1, "team", "red"), (1, "teams", ("blue", "green")),
            (1, "planned alpha", "1"), (1, "planned beta", "2"), ((4, 21), "people", ("x", "y")),
            ((5, 2), "planned beta", "3"), ((5, 2), "people", ()),
        ),
    )  # fmt: skip
    told = signals(plan, {"1": [], "2": ["a"]}, TWO)["a"]
    assert told["is beta"] == 1
    assert told["days since it was begun"] == pytest.approx(math.log1p(120))
    assert told["days since its last change"] == pytest.approx(math.log1p(10))
    assert told["times it was changed"] == pytest.approx(math.log1p(2))
    assert told["teams that take part"] == 2
    assert told["people named for it"] == pytest.approx(math.log1p(2))
    assert told["releases since its stage before"] == pytest.approx(math.log1p(1))
    assert told["its next stage is planned"] == 0


def test_a_teams_past_counts_as_it_was_known_at_the_freeze():
    early = ((1, "release", "1"), (1, "stage", "alpha"), (1, "planned alpha", "1"), (1, "team", "red"))
    plan = staged(
        a=story(*early, (4, "planned alpha", "2"), (4, "release", "2")),
        b=story(*early, ((5, 2), "planned alpha", "2")),
    )
    told = signals(plan, {"1": ["a", "b"], "2": ["a"]}, TWO)["a"]
    # Of two promises one is known to have slipped; that b would, was said a day later.
    usual = (1 + 1) / (2 + 4)
    share = (1 + SHRINKAGE * usual) / (2 + SHRINKAGE)
    assert told["share of its team's promises that slipped"] == pytest.approx(share)
    assert (told["slips before"], told["earlier tries at this"]) == (1, pytest.approx(math.log1p(1)))


def test_what_was_written_down_only_after_the_freeze_has_signals_too():
    told = signals(staged(), {"1": ["a"]}, ONE)["a"]
    assert (told["times it was changed"], told["slips before"]) == (0, 0)

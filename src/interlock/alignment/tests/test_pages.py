import csv
import io
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from interlock.alignment import checking, registry
from interlock.alignment.explaining import explain
from interlock.alignment.models import Finding, Score
from interlock.alignment.overview import Filters, Overview
from interlock.backlog.models import Feature
from interlock.organisation.models import Department, Person, Product
from interlock.strategy.models import Objective

pytestmark = pytest.mark.django_db


@pytest.fixture
def payments(ada):
    return Product.objects.add(name="Payments", by=ada)


@pytest.fixture
def refund(payments, ada):
    """A planned feature that serves nothing and that nobody owns."""
    return Feature.objects.add(product=payments, title="Refunds", status="planned", by=ada)


@pytest.fixture
def checked(refund, northwind):
    checking.check(northwind, today=timezone.localdate())


@pytest.fixture
def finding(checked):
    return Finding.objects.get(code="BL102")


@pytest.fixture
def as_(client):
    def sign_in(member):
        client.force_login(member.user)
        return client

    return sign_in


def page(client, path="/northwind/alignment/"):
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


# --- the page ----------------------------------------------------------------------------------------


def test_the_title_says_in_words_how_it_stands(as_, ada, checked):
    assert "Northwind pulls apart in 2 places" in page(as_(ada))


def test_with_nothing_to_check_it_says_what_to_do(as_, ada):
    shown = page(as_(ada))
    assert "Northwind has nothing to check yet" in shown
    assert "As soon as the plan holds some" in shown


def test_when_all_holds_together_it_says_so(as_, ada, payments, northwind):
    owner = Person.objects.add(name="Dana Ruiz", by=ada)
    serves = Objective.objects.add(title="Fewer refunds", owner=owner, by=ada)
    Feature.objects.add(product=payments, title="Refunds", owner=owner, objectives=[serves], by=ada)
    serves.key_results.model.objects.add(objective=serves, title="From 9 to 3", target=3, start=9, by=ada)
    checking.check(northwind, today=timezone.localdate())
    shown = page(as_(ada))
    assert "Nothing pulls Northwind apart" in shown
    assert "Everything holds together" in shown


def test_a_finding_comes_with_evidence_departments_people_and_ways_out(as_, ada, payments, northwind):
    design = Department.objects.add(name="Design", by=ada)
    dana = Person.objects.add(name="Dana Ruiz", department=design, by=ada)
    Feature.objects.add(product=payments, title="Refunds", owner=dana, status="planned", by=ada)
    checking.check(northwind, today=timezone.localdate())
    shown = page(as_(ada))
    for part in (
        "“Refunds” serves no objective",
        "nothing says what for",
        "Design",
        "Dana Ruiz",
        "Choose an objective",
    ):
        assert part in shown


def test_the_score_opens_to_what_it_was_computed_from(as_, ada, checked):
    shown = page(as_(ada), "/northwind/alignment/?dimension=Priorities")
    assert "What Priorities is made of" in shown
    assert "feature-without-objective" in shown
    overview = Overview(ada, Filters(dimension="Priorities"), today=timezone.localdate())
    parts = [(one.share.passed, one.share.weight) for one in overview.computed]
    by_hand = 100 * sum(passed * weight for passed, weight in parts) / sum(weight for _, weight in parts)
    assert overview.shown_score == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("", {"BL101", "BL102"}),
        ("code=BL102", {"BL102"}),
        ("dimension=Priorities", {"BL101", "BL102"}),
        ("dimension=Goals", set()),
        ("product=PROD-1", {"BL101", "BL102"}),
        ("product=PROD-9", set()),
        ("department=D-9", set()),
        ("mine=1", set()),
        ("status=waived", set()),
        ("status=nonsense&dimension=nonsense&code=XX999&page=-1&since=never", {"BL101", "BL102"}),
        ("page=2", set()),
    ],
)
def test_filters_live_in_the_address(query, codes, as_, ada, checked):
    shown = as_(ada).get(f"/northwind/alignment/?{query}&format=json").json()
    if "page" not in query:
        assert {one["code"] for one in shown["findings"]} == codes
    assert as_(ada).get(f"/northwind/alignment/?{query}").status_code == 200


def test_what_moved_since_a_day_is_told(ada, finding):
    finding.waive(reason="Next quarter", until=date(2100, 1, 1), by=ada, today=timezone.localdate())
    words = {move.finding.code: move.word for move in Overview(ada, Filters(), today=timezone.localdate()).moves}
    assert words == {"BL101": "new", "BL102": "waived"}
    tomorrow = Filters(since=timezone.localdate() + timedelta(days=1))
    assert Overview(ada, tomorrow, today=timezone.localdate()).moves == []


def test_the_trend_compares_with_four_weeks_ago(ada, checked, northwind):
    today = timezone.localdate()
    assert Overview(ada, Filters(), today=today).trend is None
    now = Score.objects.get(product=None, dimension="", on=today).value
    before = {"value": now - 7, "value_openly": now - 7}
    Score.objects.create(workspace=northwind, dimension="", on=today - timedelta(days=30), **before)
    assert Overview(ada, Filters(), today=today).trend == 7


def test_members_see_the_findings_of_what_they_see(as_, ada, ben, amir, gus, northwind):
    lab = Product.objects.add(name="Lab", restricted=True, by=amir)
    Feature.objects.add(product=lab, title="Warp drive", status="planned", by=amir)
    checking.check(northwind, today=timezone.localdate())
    hidden = Finding.objects.filter(code="BL102").get()
    assert "Warp drive" in page(as_(amir))
    for member in ada, ben, gus:
        shown = page(as_(member))
        assert "Warp" not in shown
        assert "Lab" not in shown
        assert as_(member).get(f"/northwind/findings/{hidden.key}/").status_code == 404
        assert as_(member).get(f"/northwind/findings/{hidden.key}/waiver/").status_code == 404


# --- as a file ---------------------------------------------------------------------------------------


def test_the_report_is_there_as_a_table_and_as_data(as_, ada, checked):
    table = as_(ada).get("/northwind/alignment/?format=csv")
    rows = list(csv.DictReader(io.StringIO(table.getvalue().decode("utf-8-sig"))))
    assert {(row["code"], row["subjects"]) for row in rows} == {("BL101", "F-1"), ("BL102", "F-1")}
    data = as_(ada).get("/northwind/alignment/?format=json").json()
    assert set(data) == {"workspace", "score", "dimensions", "findings"}
    assert {"code", "name", "severity", "subject", "evidence", "departments", "people", "fixes", "url"} == set(
        data["findings"][0]
    )


# --- fixing ------------------------------------------------------------------------------------------


def test_a_fix_asks_what_it_must_know_and_closes_the_finding(as_, ada, finding, refund, northwind):
    dana = Person.objects.add(name="Dana Ruiz", by=ada)
    path = f"/northwind/findings/{finding.key}/fixes/choose_owner/"
    assert "Dana Ruiz" in page(as_(ada), path)
    assert as_(ada).post(path, {"owner": ""}).status_code == 422
    response = as_(ada).post(f"{path}?next=/northwind/alignment/%3Fcode=BL102", {"owner": dana.key})
    assert response.headers["Location"] == "/northwind/alignment/?code=BL102"
    refund.refresh_from_db()
    assert refund.owner == dana
    checking.recheck_pending(northwind, today=timezone.localdate())
    assert "resolved" in page(as_(ada), f"/northwind/findings/{finding.key}/")


def test_nobody_is_sent_elsewhere_after_a_fix(as_, ada, finding):
    dana = Person.objects.add(name="Dana Ruiz", by=ada)
    path = f"/northwind/findings/{finding.key}/fixes/choose_owner/?next=https://elsewhere.example/"
    assert as_(ada).post(path, {"owner": dana.key}).headers["Location"] == f"/northwind/findings/{finding.key}/"


def test_a_fix_that_the_rule_does_not_have_is_not_there(as_, ada, finding):
    assert as_(ada).get(f"/northwind/findings/{finding.key}/fixes/delete_everything/").status_code == 404


def test_viewers_are_offered_nothing_and_can_do_nothing(as_, ben, finding):
    assert "Choose an owner" not in page(as_(ben))
    assert "Check now" not in page(as_(ben))
    for path in ("fixes/choose_owner/", "waiver/", "waiver/end/"):
        assert as_(ben).post(f"/northwind/findings/{finding.key}/{path}", {}).status_code == 403
    assert as_(ben).post("/northwind/alignment/check/").status_code == 403


def test_contributors_are_offered_fixes_of_what_is_theirs(as_, cora, ada, payments, northwind):
    mine = Person.objects.add(name="Cora", member=cora, by=ada)
    Feature.objects.add(product=payments, title="Mine", owner=mine, status="planned", by=ada)
    Feature.objects.add(product=payments, title="Not mine", owner=Person.objects.add(name="Dana", by=ada), by=ada)
    checking.check(northwind, today=timezone.localdate())
    assert page(as_(cora)).count(">Choose an objective<") == 1


# --- waiving -----------------------------------------------------------------------------------------


def test_a_waiver_takes_a_reason_and_a_day_to_come(as_, ada, finding):
    path = f"/northwind/findings/{finding.key}/waiver/"
    today = timezone.localdate()
    refused = as_(ada).post(path, {"reason": " ", "until": today.isoformat()})
    assert refused.status_code == 422
    refused = as_(ada).post(path, {"reason": "Later", "until": today.isoformat()})
    assert "A waiver ends on a day to come." in refused.content.decode()
    as_(ada).post(path, {"reason": "After the audit", "until": (today + timedelta(days=9)).isoformat()})
    finding.refresh_from_db()
    assert finding.status == Finding.Status.WAIVED
    shown = page(as_(ada), "/northwind/alignment/?status=waived")
    assert "“After the audit” Ada" in shown


def test_a_waiver_can_be_ended(as_, ada, finding):
    finding.waive(reason="Later", until=date(2100, 1, 1), by=ada, today=timezone.localdate())
    as_(ada).post(f"/northwind/findings/{finding.key}/waiver/end/")
    finding.refresh_from_db()
    assert finding.status == Finding.Status.OPEN


# --- rules -------------------------------------------------------------------------------------------


def test_every_rule_has_its_page(as_, ada):
    for rule in registry.rules():
        shown = page(as_(ada), f"/northwind/rules/{rule.code}/")
        assert rule.name in shown
    assert as_(ada).get("/northwind/rules/ZZ999/").status_code == 404


@pytest.mark.parametrize("code", sorted(registry.codes()))
def test_every_rule_says_why_with_a_source_and_shows_wrong_and_right(code):
    explanation = explain(registry.rule(code))
    assert all((explanation.says, explanation.why, explanation.source, explanation.wrong, explanation.right))


# --- what it costs -----------------------------------------------------------------------------------


def test_the_page_takes_the_same_few_queries_for_one_finding_and_for_many(as_, ada, payments, checked, northwind):
    client = as_(ada)
    page(client)

    def queries():
        with CaptureQueriesContext(connection) as done:
            page(client)
        return len(done)

    few = queries()
    people = Person.objects.add_many([{"name": f"Person {n}"} for n in range(40)], by=ada)
    Feature.objects.add_many(
        [{"product": payments, "title": f"F{n}", "owner": people[n % 40], "status": "planned"} for n in range(200)],
        by=ada,
    )
    checking.recheck_pending(northwind, today=timezone.localdate())
    assert queries() == few <= 15


def test_checking_now_is_done_in_the_background(as_, ada, refund, worker):
    response = as_(ada).post("/northwind/alignment/check/")
    assert response.status_code == 302
    assert Finding.objects.count() == 0
    worker.work_off()
    assert Finding.objects.count() == 2

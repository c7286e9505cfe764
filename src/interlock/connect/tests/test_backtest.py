"""Proof on history: small made-up ones, and, where it is there, the real one of Kubernetes."""

import csv
import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from interlock.alignment.models import Finding, Proof
from interlock.alignment.registry import rules
from interlock.backlog.models import Feature
from interlock.config.northwind import live_through, on
from interlock.connect.models import SlipChance
from interlock.connect.proving.events import EventHistory
from interlock.connect.proving.files import FileHistory
from interlock.connect.proving.foretelling import Case, as_they_stand, foretell
from interlock.connect.proving.replay import warned_of
from interlock.connect.proving.scratch import judged
from interlock.connect.readers import Refusal
from interlock.connect.tests.sources import files
from interlock.engine.promises import Change, Freeze, History, Story
from interlock.organisation.models import Person, Product
from interlock.releases.models import Release
from interlock.workspaces.models import AuditEvent, User, Workspace
from interlock.workspaces.permissions import Role

EXAMPLE = settings.PACKAGE.parent.parent / "examples" / "kubernetes"


def backtest(**options):
    out = StringIO()
    call_command("backtest", stdout=out, **options)
    return out.getvalue()


# --- from the audit log -------------------------------------------------------------------------------


@pytest.fixture
def lived(ada):
    """Two releases that are out. Each took four features with an owner, of which one came later, and two without,
    which both did."""
    with on(date(2026, 1, 5)):
        payments = Product.objects.add(name="Payments", by=ada)
        dana = Person.objects.add(name="Dana Ruiz", by=ada)
        later = Release.objects.add(name="9.0", product=payments, target_on=date(2027, 6, 1), by=ada)
    for name, month in (("4.1", 2), ("4.2", 5)):
        with on(date(2026, month, 1)):
            release = Release.objects.add(name=name, product=payments, target_on=date(2026, month + 2, 1), by=ada)
            owners = [dana] * 4 + [None] * 2
            features = [
                Feature.objects.add(title=f"{name} {n}", product=payments, owner=owner, status="planned", by=ada)
                for n, owner in enumerate(owners)
            ]
            release.take(features, by=ada)
        with on(date(2026, month, 20)):
            release.change(status="in_progress", by=ada)
        with on(date(2026, month + 1, 20)):
            Feature.objects.filter(pk__in=[feature.pk for feature in features[:3]]).change(status="done", by=ada)
            later.take(features[3:], by=ada)
            # What becomes known afterwards is not held against the plan as it stood.
            Feature.objects.filter(pk__in=[feature.pk for feature in features[3:]]).change(owner=dana, by=ada)
        with on(date(2026, month + 2, 1)):
            release.change(status="released", released_on=date(2026, month + 2, 1), by=ada)
    return ada.workspace


def test_the_audit_log_tells_what_was_promised_and_what_came_of_it(lived):
    history = EventHistory(lived).history
    [first, second] = [freeze for freeze in history.freezes if freeze.out]
    assert (first.at.date(), first.out.date()) == (date(2026, 2, 20), date(2026, 4, 1))
    outcomes = [history.slipped(item, first, known=second.at) for item in history.promised(first)]
    assert outcomes == [False, False, False, True, True, True]


def test_the_plan_is_laid_out_as_it_stood(lived, tmp_path):
    told = EventHistory(lived)
    laid = told.lay_out(told.history.freezes[0], tmp_path / "plan")
    rows = json.loads((tmp_path / "plan" / "feature.json").read_text())
    assert [row.get("owner") for row in rows] == [*["P-1"] * 4, None, None]
    assert {row["release"] for row in rows} == {"R-2"}
    assert {at.date() for at in laid.touched.values()} == {date(2026, 2, 1)}
    assert "Dana" not in (tmp_path / "plan" / "person.json").read_text()
    assert {"feature.owner", "feature.release"} <= told.holds


def test_a_rule_is_told_what_its_warnings_were_worth(lived, client, ada, amir, ben):
    before = AuditEvent.objects.count(), Feature.objects.count()
    told = json.loads(backtest(workspace="northwind", json=True))
    assert (told["releases"], told["features"], told["slipped"]) == (["R-2", "R-3"], 12, 6)
    owner = next(rule for rule in told["rules"] if rule["code"] == "BL102")
    # All four without an owner slipped, and two of the eight others: 1 against 1/4.
    assert (owner["warned"], owner["warned_slipped"], owner["spared"], owner["spared_slipped"]) == (4, 4, 8, 2)
    assert (owner["lift"], owner["precision"], owner["recall"]) == (4.0, 1.0, pytest.approx(4 / 6))
    # A warning orders 24 of the 36 pairs, and leaves 12 tied of which half count: hand-counted 4*6 + 2*6/2.
    assert owner["auc"] == pytest.approx(30 / 36)
    assert told["untestable"]["BL101"] == "nothing tells how the objectives of a feature changed"
    assert told["untestable"]["RL102"] == "there was nothing at the freezes to which it applies"
    assert told["model"] is None
    assert (AuditEvent.objects.count(), Feature.objects.count()) == before, "the replay leaves the plan alone"

    client.force_login(ben.user)
    page = client.get("/northwind/rules/BL102/").content.decode()
    assert "In your history, 4.0 × as likely to slip (n = 12)" in page
    assert "4 of 4 that it warned of slipped, 2 of 8 that it did not, in 2 releases" in page
    assert (
        "nothing tells how the objectives of a feature changed"
        in client.get("/northwind/rules/BL101/").content.decode()
    )
    # Who does not see every product is told nothing about all of them.
    Product.objects.add(name="Skunkworks", restricted=True, by=amir)
    assert "In your history" not in client.get("/northwind/rules/BL102/").content.decode()


@pytest.mark.prove
def test_a_plan_replayed_as_of_today_is_found_wrong_in_just_what_the_check_finds(db, tmp_path, today):
    users = {role: User.objects.create_user(f"{role}@northwind.example", name=role.label) for role in Role}
    live_through(users, today=today)
    northwind = Workspace.objects.get()
    told = EventHistory(northwind)
    [verdict] = judged([(told.lay_out(Freeze("now", timezone.now()), tmp_path / "plan"), today)], {})
    Finding.objects.filter(status=Finding.Status.WAIVED).update(status=Finding.Status.OPEN)
    keys = {feature.pk: feature.key for feature in Feature.objects.all()}
    testable = {rule.code for rule in rules() if rule.rests_on and told.holds.issuperset(rule.rests_on)}
    assert len(testable) >= 12
    found = warned_of(northwind, keys)
    assert {code: sorted(verdict.warned.get(code, ())) for code in testable} == {
        code: found.get(code, []) for code in testable
    }
    assert verdict.failed == frozenset()


def test_what_may_be_chance_is_called_so():
    proof = Proof(
        lift=1.3, lift_low=0.8, lift_high=2.4, warned=25, warned_slipped=8, spared=861, spared_slipped=213, releases=18
    )
    assert proof.says == "In your history, 1.3 × as likely to slip (n = 886)"
    assert proof.details.endswith("in 18 releases; 95% between 0.8 and 2.4, so that it may be chance.")
    proof.lift_low = 1.1
    assert "chance" not in proof.details


def test_a_second_proof_takes_the_place_of_the_first(northwind, cleo):
    Proof.objects.keep([Proof(workspace=cleo.workspace, code="BL102")], workspace=cleo.workspace)
    for lift in (2.0, 3.0):
        Proof.objects.keep([Proof(workspace=northwind, code="BL102", lift=lift)], workspace=northwind)
    assert list(Proof.objects.filter(workspace=northwind).values_list("lift", flat=True)) == [3.0]
    assert Proof.objects.filter(workspace=cleo.workspace).count() == 1


def test_a_chance_is_foretold_from_what_was_known_and_told_of_what_is_open():
    day = datetime(2026, 1, 1, tzinfo=UTC)

    def of(release, item, *, slips):
        """One of a release every 30 days, that freezes in its middle. Red is late, and BL102 warns of it."""
        begun = day + timedelta(days=30 * release)
        yield Change(begun, "release", str(release))
        yield Change(begun, "team", "red" if item < 6 else "blue")
        if slips:
            yield Change(begun + timedelta(days=20), "release", "9")
        else:
            yield Change(begun + timedelta(days=20), "status", "done")

    freezes = [
        Freeze(str(n), day + timedelta(days=30 * n + 15), day + timedelta(days=30 * n + 29) if n < 5 else None)
        for n in range(6)
    ]
    stories = {
        f"{n}.{item}": Story(list(of(n, item, slips=item % 6 < (4 if item < 6 else 1)))[: 2 if n == 5 else 3])
        for n in range(6)
        for item in range(20)
    }
    history = History(stories, freezes, {str(n): n for n in range(10)}, finishes=True)
    now = day + timedelta(days=170)
    [stands] = as_they_stand(history, now=now)
    promised = {freeze.release: history.promised(freeze) for freeze in [*freezes[:5], stands]}
    cases = [
        Case(n, freeze.release, item, history.slipped(item, freeze, known=now))
        for n, freeze in enumerate(freezes[:5])
        for item in promised[freeze.release]
    ]
    red = {n: {"BL102": frozenset(f"{n}.{item}" for item in range(6))} for n in range(6)}
    found = foretell(history, promised, cases, {n: red[n] for n in range(5)}, {stands: red[5]}, seed=1)
    # Of 60 outcomes known at the fourth freeze 21 are slips; before the third, with 40, too little was known.
    assert (found.since, found.n) == ("3", 40)
    # Four of seven slips are red, and eleven of thirteen others are not: a hand calculation.
    assert found.auc == pytest.approx((4 / 7 + 11 / 13) / 2)
    assert found.model.weights[0].name == "BL102 warns"
    chances = {one.item: one for one in found.open}
    assert len(chances) == 20
    assert chances["5.0"].chance > 1.5 * chances["5.9"].chance
    assert "BL102 warns" in chances["5.0"].because


def test_the_page_of_an_open_release_shows_what_is_likely_to_slip(payments, client, ada, ben):
    release = Release.objects.add(name="4.2", product=payments, by=ada)
    exports, refunds = (Feature.objects.add(title=title, product=payments, by=ada) for title in ("Exports", "Refunds"))
    release.take([exports, refunds], by=ada)
    chances = [(exports, 0.21, []), (refunds, 0.64, ["earlier tries at this"])]
    SlipChance.objects.keep(
        [
            SlipChance(workspace=ada.workspace, release=release, feature=feature, chance=chance, because=because)
            for feature, chance, because in chances
        ],
        workspace=ada.workspace,
    )
    client.force_login(ben.user)

    def page():
        return client.get(release.get_absolute_url()).content.decode().partition("Chance to slip")[2]

    assert page().index("64%") < page().index("earlier tries at this") < page().index("21%")
    refunds.change(status="done", by=ada)
    assert "64%" not in page()
    release.change(status="released", released_on=date(2026, 1, 1), by=ada)
    assert not page()


def test_without_a_release_that_is_out_nothing_is_proven(northwind):
    with pytest.raises(CommandError, match="no release that is out"):
        backtest(workspace="northwind")


# --- from files --------------------------------------------------------------------------------------

MAPPING = """
source: made-up
tables: {states: {"*": planned}}
imports:
  - entity: product
    files: releases/*.json
    external_id: {value: it}
    on_duplicate: first
    fields: {name: {value: It}}
  - entity: release
    files: releases/*.json
    external_id: name
    fields: {name: name, product: {value: It}, status: {from: name, do: [{lookup: states}]}}
  - entity: feature
    files: features/*.json
    external_id: $file
    fields:
      title: title
      product: {value: It}
      owner: {from: by, by: handle, on_missing: create}
      release: {from: for, by: id}
  - entity: team
    files: nowhere.json
    external_id: name
    fields: {name: name, department: {value: All, on_missing: create}}
"""
HISTORY = """
mapping: mapping.yaml
changes: {file: changes.csv, at: at, item: id, field: field, value: new}
documents: {field: path, path: "features/{}.json", lists: [by]}
plan: {release: for, stage: stage, planned: "in.{}", people: by}
stages: [alpha, beta]
version: ^v(.+)$
releases:
  file: releases/{}.json
  table: states
  at:
    "1.9": {freeze: "2026-02-01T00:00:00Z", out: "2026-03-01T00:00:00Z"}
    "1.10": {freeze: "2026-05-01T00:00:00Z"}
"""
CHANGES = """at,id,field,new
2026-01-05T00:00:00Z,7,path,seven
2026-01-05T00:00:00Z,7,title,Seven
2026-01-05T00:00:00Z,7,for,v1.9
2026-01-05T00:00:00Z,7,stage,alpha
2026-01-05T00:00:00Z,7,in.alpha,v1.9
2026-01-06T00:00:00Z,7,by,ada ben
2026-04-01T00:00:00Z,7,in.alpha,v1.10
2026-04-01T00:00:00Z,7,for,v1.10
"""


@pytest.fixture
def made_up(tmp_path):
    names = {f"releases/{name}.json": json.dumps({"name": name}) for name in ("1.9", "1.10")}
    return files(tmp_path, {"history.yaml": HISTORY, "mapping.yaml": MAPPING, "changes.csv": CHANGES, **names})


def test_a_table_of_changes_becomes_stories_and_files(made_up):
    told = FileHistory(made_up / "history.yaml", made_up)
    [first, second] = told.history.freezes
    assert (told.history.promised(first), told.history.promised(second)) == (["7"], ["7"])
    assert told.history.order["1.9"] < told.history.order["1.10"]
    assert told.history.slipped("7", first, known=second.at) is True

    laid = told.lay_out(first, made_up / "plan")
    document = json.loads((laid.folder / "features/seven.json").read_text())
    assert document == {
        "title": "Seven",
        "for": "v1.9",
        "stage": "alpha",
        "in": {"alpha": "v1.9"},
        "by": ["ada", "ben"],
    }
    assert laid.items == {"features/seven.json": "7"}
    assert laid.touched["features/seven.json"] == datetime(2026, 1, 6, tzinfo=UTC)
    mapping = json.loads(laid.mapping)
    assert mapping["tables"]["states"] == {"1.9": "in_progress", "*": "released"}
    assert [block["entity"] for block in mapping["imports"]] == ["product", "release", "feature"]
    assert not (laid.folder / "releases/1.10.json").exists(), "nobody knew of it yet"
    # Constants are no history.
    assert told.holds == {"feature.title", "feature.owner", "feature.release"}


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("history.yaml", "mapping: mapping.yaml", "", "history.yaml: “mapping” is missing."),
        ("history.yaml", "stages:", "phases:", "“phases” is not known here; there are beside, changes"),
        ("history.yaml", "at: at, ", "", "“changes.at” is missing."),
        ("history.yaml", "changes.csv", "none.csv", "There is no none.csv in"),
        ("history.yaml", "item: id", "item: number", "changes.csv, line 2: has no column “number”."),
        ("history.yaml", "people: by", "persons: by", "“plan” takes a field for each of people, planned, release"),
        ("history.yaml", "[alpha, beta]", "alpha", "“stages” takes a list of texts."),
        ("history.yaml", "^v(.+)$", "^v(.+$", "“version” is no pattern (missing ), unterminated subpattern"),
        ("history.yaml", "^v(.+)$", "^v.+$", "“version” takes a pattern with the release in brackets."),
        ("changes.csv", "2026-01-06T00:00:00Z", "yesterday", "“yesterday” is no moment, such as 2024-02-09T02:00:00Z."),
        (
            "history.yaml",
            '{freeze: "2026-05-01T00:00:00Z"}',
            "{}",
            "The release 1.10 needs the moment of its “freeze”.",
        ),
        ("history.yaml", "releases/{}.json", "../{}.json", "There is no ../1.9.json in"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused_with_the_place(made_up, file, old, new, says):
    path = made_up / file
    path.write_text(path.read_text().replace(old, new, 1))

    def lay_out():
        told = FileHistory(made_up / "history.yaml", made_up)
        told.lay_out(told.history.freezes[0], made_up / "plan")

    with pytest.raises(Refusal) as refusal:
        lay_out()
    assert says in str(refusal.value)


def test_the_command_says_what_is_missing(northwind, tmp_path):
    with pytest.raises(CommandError, match="--source takes --history"):
        backtest(workspace="northwind", source=tmp_path)
    with pytest.raises(CommandError, match=r"gone\.yaml cannot be read"):
        backtest(workspace="northwind", history=tmp_path / "gone.yaml")
    with pytest.raises(CommandError, match="There is no workspace"):
        backtest(workspace="nowhere")


# --- the real one ------------------------------------------------------------------------------------


@pytest.mark.shared
def test_the_history_of_kubernetes_tells_the_outcomes_that_were_written_down(shared):
    folder = shared / "data/kubernetes"
    history = FileHistory(EXAMPLE / "history.yaml", folder).history
    freezes = {freeze.release: freeze for freeze in history.freezes}
    with (folder / "signals/release_outcomes.csv").open(newline="") as lines:
        rows = [
            row for row in csv.DictReader(lines) if row["outcome"] in ("slipped", "on_time") and row["kep"] != "2133"
        ]
    now = datetime(2026, 8, 1, tzinfo=UTC)
    # Those whose stage was changed in the four days between the freeze and the outcomes' own look are not compared.
    same = [row for row in rows if history.stage(row["kep"], freezes[row["release"]]) == row["stage"]]
    assert len(same) >= 690
    for row in same:
        assert history.slipped(row["kep"], freezes[row["release"]], known=now) is (row["outcome"] == "slipped"), row


@pytest.mark.shared
@pytest.mark.prove
def test_the_replay_of_kubernetes_tests_what_has_a_history_and_says_what_has_not(shared, northwind):
    told = json.loads(
        backtest(workspace="northwind", history=EXAMPLE / "history.yaml", source=shared / "data/kubernetes", json=True)
    )
    assert {"BL105", "BL106", "BL107"} <= {rule["code"] for rule in told["rules"]}
    assert {"BL101", "PE101", "RL114", "GO101", "BL104"} <= told["untestable"].keys()
    assert told["model"]["auc"] >= 0.65

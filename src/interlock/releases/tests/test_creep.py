from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from interlock.alignment import registry
from interlock.alignment.models import Finding, RuleSetting
from interlock.backlog.models import Feature, Requirement
from interlock.organisation.models import Product
from interlock.releases.creep import creep_of
from interlock.releases.models import Release, ScopeBaseline
from interlock.releases.rules import ScopeCreep
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import AuditEvent, Door
from tests.api import Caller


@pytest.fixture
def features(payments, ada):
    titles = ["Alpha", "Beta", "Gamma", "Delta"]
    return Feature.objects.add_many(
        [{"product": payments, "title": title, "effort_days": 10} for title in titles], by=ada
    )


@pytest.fixture
def spring(payments, features, ada):
    """Alpha, Beta and Gamma are in it."""
    release = Release.objects.add(product=payments, name="4.2", target_on="2027-03-14", by=ada)
    release.take(features[:3], by=ada)
    return release


@pytest.fixture
def summer(payments, ada):
    return Release.objects.add(product=payments, name="4.3", target_on="2027-06-01", by=ada)


@pytest.fixture
def agreed(spring, ada):
    return ScopeBaseline.objects.add(release=spring, note="In the planning meeting.", by=ada)


@pytest.fixture
def sign_in(client):
    def act(member):
        client.force_login(member.user)
        return client

    return act


# --- agreeing ----------------------------------------------------------------------------------------


def test_an_agreement_keeps_features_efforts_and_open_requirements(spring, features, ada):
    Requirement.objects.add_many(
        [{"feature": features[0], "title": title} for title in ("One", "Two", "Three")], by=ada
    )
    Requirement.objects.filter(title="Three").change(status=Requirement.Status.DONE, by=ada)
    baseline = ScopeBaseline.objects.add(release=spring, by=ada)
    features[0].change(effort_days=99, by=ada)
    assert list(
        baseline.items.order_by("feature").values_list("feature__title", "effort_days", "open_requirements")
    ) == [
        ("Alpha", Decimal(10), 2),
        ("Beta", Decimal(10), 0),
        ("Gamma", Decimal(10), 0),
    ]
    assert baseline.agreed_by == ada


def test_what_is_dropped_is_not_agreed_on(spring, features, ada):
    features[0].change(status=Feature.Status.DROPPED, by=ada)
    assert ScopeBaseline.objects.add(release=spring, by=ada).items.count() == 2


def test_nothing_cannot_be_agreed_on(summer, ada):
    with pytest.raises(DomainError, match=r"Nothing is in 4\.3"):
        ScopeBaseline.objects.add(release=summer, by=ada)
    assert not ScopeBaseline.objects.exists()


def test_the_newest_agreement_counts_and_withdrawing_it_brings_back_the_one_before(spring, agreed, features, ada):
    spring.take(features[3:], by=ada)
    assert len(creep_of(spring, by=ada).came) == 1
    anew = ScopeBaseline.objects.add(release=spring, by=ada)
    assert not creep_of(spring, by=ada).came
    anew.archive(by=ada)
    assert len(creep_of(spring, by=ada).came) == 1


# --- what became of it -------------------------------------------------------------------------------


def test_what_came_in_and_fell_out_is_told_with_who_when_and_why(spring, summer, agreed, features, ada, amir):
    alpha, beta, gamma, delta = features
    spring.take([delta], by=amir, reason="A customer cannot do without it.")
    summer.take([alpha], by=ada, reason="Its design is not ready.")
    beta.change(status=Feature.Status.DROPPED, by=ada, reason="Nobody asked for it.")
    gamma.change(effort_days=12, by=ada)
    creep = creep_of(spring, by=ada)
    assert [(one.feature, one.effort_days, one.actor, one.reason) for one in creep.came] == [
        (delta, 10, "Amir", "A customer cannot do without it.")
    ]
    assert [(one.feature, one.reason, one.into) for one in creep.fell] == [
        (alpha, "Its design is not ready.", summer),
        (beta, "Nobody asked for it.", None),
    ]
    assert creep.came[0].at
    assert (creep.days_in, creep.days_out, creep.reestimated, creep.days_added) == (10, 20, 2, -8)


def test_what_went_and_came_back_is_no_change(spring, summer, agreed, features, ada):
    summer.take(features[:1], by=ada)
    spring.take(features[:1], by=ada)
    creep = creep_of(spring, by=ada)
    assert not creep.came
    assert not creep.fell


def test_features_of_a_hidden_product_are_told_to_nobody_who_may_not_see_them(spring, agreed, ada, amir, ben):
    secret = Product.objects.add(name="Secret", restricted=True, by=amir)
    hidden = Feature.objects.add(product=secret, title="Hidden", by=amir)
    spring.take([hidden], by=amir)
    assert [one.feature for one in creep_of(spring, by=amir).came] == [hidden]
    assert creep_of(spring, by=ben).came == []


def test_guests_see_no_agreement(spring, agreed, gus, ben, payments, amir):
    payments.admit(gus, by=amir)
    assert creep_of(spring, by=ben)
    assert creep_of(spring, by=gus) is None


# --- the page ----------------------------------------------------------------------------------------


def test_a_scope_is_agreed_on_from_its_page_and_that_is_taken_back(spring, ada, sign_in):
    client = sign_in(ada)
    assert "Agree on the scope" in client.get(spring.get_absolute_url()).content.decode()
    agree = f"{spring.get_absolute_url()}scope/agreement/"
    assert client.get(agree).status_code == 200
    shown = client.post(agree, {"note": "All of us."}, follow=True).content.decode()
    told = client.get(f"{spring.get_absolute_url()}scope/agreements/").content.decode()
    assert "Nothing came in, and nothing fell out" in told
    assert "All of us." in told
    undo = f"/northwind/scope-baselines/{ScopeBaseline.objects.get().key}/archive/"
    assert undo in shown
    client.post(undo)
    assert "Since the scope was agreed on" not in client.get(spring.get_absolute_url()).content.decode()


def test_once_agreed_on_the_forms_ask_why(spring, summer, agreed, features, ada, sign_in):
    client, add = sign_in(ada), f"{spring.get_absolute_url()}scope/"
    asked = client.post(add, {"features": [features[3].key]})
    assert asked.status_code == 422
    assert "say why it changes" in asked.content.decode()
    assert client.post(add, {"features": [features[3].key], "reason": "Asked for."}).status_code == 302
    move = f"{summer.get_absolute_url()}scope/move/"
    summer.take(features[:1], by=ada)
    back = {"key": [features[0].key], "release": spring.key}
    assert client.post(move, back).status_code == 422
    assert client.post(move, {**back, "reason": "It is ready after all."}).status_code == 302
    assert "Since the scope was agreed on" in client.get(spring.get_absolute_url()).content.decode()
    part = {"HX-Request": "true", "HX-Target": "creep"}
    shown = client.get(f"{spring.get_absolute_url()}scope/agreements/", headers=part).content.decode()
    assert not shown.lstrip().startswith("<!")
    assert "Asked for." in shown
    assert "1 feature came in, 0 fell out: 10 days more than agreed" in shown


def test_the_forms_of_a_scope_that_is_not_agreed_on_ask_for_no_reason(spring, features, ada, sign_in):
    assert sign_in(ada).post(f"{spring.get_absolute_url()}scope/", {"features": [features[3].key]}).status_code == 302


def test_the_agreements_of_a_release_are_listed(spring, agreed, ada, ben, sign_in):
    ScopeBaseline.objects.add(release=spring, note="Once more.", by=ada)
    shown = sign_in(ben).get(f"{spring.get_absolute_url()}scope/agreements/").content.decode()
    assert "agreed on 2 times" in shown
    assert "3 features, 30 days" in shown
    assert "In the planning meeting." in shown
    assert "Withdraw" not in shown


def test_the_page_shows_how_many_requirements_are_met(spring, features, ada, sign_in):
    Requirement.objects.add_many(
        [{"feature": features[0], "title": title} for title in ("One", "Two", "Three")], by=ada
    )
    Requirement.objects.filter(title="Three").change(status=Requirement.Status.DONE, by=ada)
    assert "1 of 3" in sign_in(ada).get(spring.get_absolute_url()).content.decode()


def test_the_page_costs_the_same_however_much_has_changed(spring, summer, agreed, payments, features, ada, sign_in):
    client = sign_in(ada)

    def queries():
        found = []
        for path in (spring.get_absolute_url(), f"{spring.get_absolute_url()}scope/agreements/"):
            client.get(path)
            with CaptureQueriesContext(connection) as spent:
                client.get(path)
            found.append(len(spent))
        return found

    spring.take(features[3:], by=ada)
    few = queries()
    more = Feature.objects.add_many([{"product": payments, "title": str(n)} for n in range(30)], by=ada)
    spring.take(more, by=ada)
    summer.take(features[:2], by=ada)
    assert queries() == few
    assert max(few) <= 15


# --- the API -----------------------------------------------------------------------------------------


def test_the_api_agrees_tells_the_changes_and_takes_reasons(spring, summer, features, ada):
    caller = Caller(ada)
    assert caller.get(f"releases/{spring.key}/scope-changes").status_code == 404
    made = caller.post("scope-baselines", {"release": spring.key, "note": "Agreed."})
    assert made.status_code == 201
    assert [one["feature"]["name"] for one in made.json()["items"]] == ["Alpha", "Beta", "Gamma"]
    assert made.json()["agreed_by"]["name"] == "Ada"
    caller.post(f"releases/{spring.key}/features", {"features": [features[3].key], "reason": "Asked for."})
    caller.delete(f"releases/{spring.key}/features/{features[0].key}?reason=Too%20much")
    told = caller.get(f"releases/{spring.key}/scope-changes").json()
    assert [(one["feature"]["name"], one["reason"]) for one in told["came"]] == [("Delta", "Asked for.")]
    assert [(one["feature"]["name"], one["reason"]) for one in told["fell"]] == [("Alpha", "Too much")]
    assert caller.post("scope-baselines", {"release": summer.key}).status_code in (409, 422)


# --- RL110 -------------------------------------------------------------------------------------------


def test_scope_creep_is_found_until_what_came_in_waits_for_the_next_release(
    alignment, spring, summer, agreed, features, ada
):
    assert alignment.checked(ScopeCreep) == 1
    assert alignment.subjects(ScopeCreep) == []
    spring.take(features[3:], by=ada)
    assert alignment.subjects(ScopeCreep) == [spring]
    assert alignment.evidence(ScopeCreep) == (
        f"3 features were agreed on, on {agreed.agreed_on:%-d %B %Y}; since then {features[3].key} “Delta” came in, "
        "33 % more in number and 33 % more in days."
    )
    alignment.finding(ScopeCreep).fix("move", release=summer, reason="It can wait.", by=ada)
    assert alignment.subjects(ScopeCreep) == []
    event = AuditEvent.objects.filter(verb="replanned").latest("pk")
    assert (event.reason, event.door) == ("It can wait.", Door.FIX)


def test_agreeing_anew_ends_the_matter(alignment, spring, agreed, features, ada):
    spring.take(features[3:], by=ada)
    alignment.finding(ScopeCreep).fix("agree_anew", note="With what it costs.", by=ada)
    assert alignment.subjects(ScopeCreep) == []
    assert ScopeBaseline.objects.count() == 2


def test_it_is_not_moved_to_where_it_is(alignment, spring, agreed, features, ada):
    spring.take(features[3:], by=ada)
    with pytest.raises(DomainError, match="Choose one"):
        alignment.finding(ScopeCreep).fix("move", release=spring, reason="Why not.", by=ada)


def test_without_an_agreement_nothing_creeps(alignment, spring, features, ada):
    spring.take(features[3:], by=ada)
    assert alignment.checked(ScopeCreep) == 0


@pytest.mark.parametrize(("allowed", "found"), [(33, True), (34, False)])
def test_how_much_may_come_in_is_settable(allowed, found, alignment, spring, agreed, features, ada, amir):
    spring.take(features[3:], by=ada)
    RuleSetting.objects.configure(registry.rule("RL110"), settings={"share": allowed}, by=amir)
    assert alignment.subjects(ScopeCreep) == ([spring] if found else [])


def test_large_features_count_by_their_days(alignment, spring, payments, agreed, ada):
    large = Feature.objects.add(product=payments, title="Large", effort_days=40, by=ada)
    spring.take([large], by=ada)
    assert "133 % more in days" in alignment.evidence(ScopeCreep)


@pytest.mark.parametrize(
    "end",
    [
        lambda spring, delta, by: delta.change(status=Feature.Status.DROPPED, by=by),
        lambda spring, delta, by: delta.archive(by=by),
        lambda spring, delta, by: spring.drop([delta], by=by),
        lambda spring, delta, by: spring.change(status=Release.Status.RELEASED, by=by),
        lambda spring, delta, by: spring.scope_baselines.get().archive(by=by),
    ],
    ids=["dropped", "archived", "taken out", "released", "agreement withdrawn"],
)
def test_what_is_over_creeps_no_more(end, alignment, spring, agreed, features, ada):
    spring.take(features[3:], by=ada)
    assert alignment.subjects(ScopeCreep) == [spring]
    end(spring, features[3], by=ada)
    assert alignment.subjects(ScopeCreep) == []


def test_a_feature_that_is_hidden_is_not_counted(alignment, spring, agreed, ada, amir):
    secret = Product.objects.add(name="Secret", restricted=True, by=amir)
    spring.take([Feature.objects.add(product=secret, title="Hidden", by=amir)], by=amir)
    assert alignment.subjects(ScopeCreep) == []
    secret.restrict(False, by=amir)
    assert alignment.subjects(ScopeCreep) == [spring]
    assert Finding.objects.open().filter(code="RL110").exists()

import unicodedata

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from interlock.backlog.models import Feature, Requirement
from interlock.organisation.models import Person, Product
from interlock.people.models import Role
from interlock.releases.models import Release
from interlock.strategy.models import KeyResult, Objective
from interlock.web.models import SearchDocument
from interlock.web.search import excerpt, fold, marked, matching, reindex, search, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def payments(ada):
    return Product.objects.add(name="Payments", by=ada)


@pytest.fixture
def export(payments, ada):
    return Feature.objects.add(
        product=payments, title="Export invoices", description="Finance wants **CSV** by Friday.", by=ada
    )


def keys(member, text, **how):
    return [one.key for one in search(member, text, **how)]


# --- what is found -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked", ["export", "EXPORT", "exp inv", "invoices export", "csv", "friday", "F-1", "f-1", " F-1 ", '"csv"']
)
def test_a_feature_is_found_by_the_beginnings_of_its_words_and_by_its_key(asked, export, ada):
    assert keys(ada, asked) == [export.key]


@pytest.mark.parametrize("asked", ["xport", "export payroll", "F-2", "zebra"])
def test_what_does_not_match_is_not_found(asked, export, ada):
    assert keys(ada, asked) == []


@pytest.mark.parametrize("asked", ["angstrom", "ångström", "Ångstrom"])
def test_accents_do_not_matter(asked, payments, ada):
    feature = Feature.objects.add(product=payments, title="Ångström units", by=ada)
    assert keys(ada, asked) == [feature.key]


WRITTEN = [
    "Сергей",
    "Ёлка",
    "한국어",
    "ガイド",
    "Ελλάδας",
    "हिन्दी",
    "x²",
    "ﬁnance",
    "Nguyễn",
    "İstanbul",
    "Straße",
    "ไทยที่",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_every_script_is_found_as_it_is_written_and_without_its_accents(text, payments, ada):
    feature = Feature.objects.add(product=payments, title=text, by=ada)
    about = Feature.objects.add(product=payments, title="Other", description=f"About {text}.", by=ada)
    decomposed = unicodedata.normalize("NFD", text)
    for asked in (text, text.lower(), text.upper(), decomposed, text[:2], fold(text)):
        assert keys(ada, asked) == [feature.key, about.key], asked
    asked = words(text)
    assert set(Feature.objects.filter(pk__in=matching(Feature, ada.workspace, text))) == {feature, about}
    assert search(ada, text)[0].title == f"<mark>{text}</mark>"
    assert marked(f"“{decomposed}”", asked) == f"“<mark>{decomposed}</mark>”"


def test_a_vowel_written_as_a_sign_tells_words_apart(payments, ada):
    Feature.objects.add(product=payments, title="काम", by=ada)
    assert keys(ada, "किम") == []


def test_what_is_shown_keeps_its_accents(payments, ada):
    Feature.objects.add(product=payments, title="Report", description="Für Ærø: naïve œuvre, Ёлка und x² Å", by=ada)
    (found,) = search(ada, "елка")
    assert found.excerpt == "Für Ærø: naïve œuvre, <mark>Ёлка</mark> und x² Å"


def test_an_excerpt_shows_the_word_where_there_are_no_spaces():
    assert "<mark>ガイド</mark>" in excerpt("文" * 400 + "、ガイド", words("ガイド"))


def test_titles_come_before_texts_and_the_key_before_both(payments, ada):
    texts = Feature.objects.add(product=payments, title="Reports", description="like the ledger", by=ada)
    title = Feature.objects.add(product=payments, title="Ledger", by=ada)
    assert keys(ada, "ledger") == [title.key, texts.key]
    named = Feature.objects.add(product=payments, title="F-1 again", by=ada)
    assert keys(ada, "F-1") == [texts.key, named.key]


def test_a_change_is_found_at_once_and_the_old_words_are_not(export, ada):
    export.change(title="Download statements", by=ada)
    assert keys(ada, "statements") == [export.key]
    assert keys(ada, "invoices") == []


def test_what_is_archived_is_not_found_until_it_is_restored(export, ada):
    export.archive(by=ada)
    assert keys(ada, "export") == []
    export.restore(by=ada)
    assert keys(ada, "export") == [export.key]


def test_requirements_are_found_by_their_criteria(export, ada):
    requirement = Requirement.objects.add(feature=export, title="Columns", criteria=["The total is in euros"], by=ada)
    assert keys(ada, "euros") == [requirement.key]


def test_who_sees_only_the_new_product_finds_what_moved_there_with_what_hangs_on_it(export, amir, ben, gus):
    lab = Product.objects.add(name="Lab", restricted=True, members=[gus], by=amir)
    requirement = Requirement.objects.add(feature=export, title="Columns", by=amir)
    objective = Objective.objects.add(title="Fewer steps", product=export.product, by=amir)
    result = KeyResult.objects.add(objective=objective, title="Columns a step", target=9, by=amir)
    assert keys(gus, "columns") == []
    export.change(product=lab, by=amir)
    objective.change(product=lab, by=amir)
    assert set(keys(gus, "columns")) == {result.key, requirement.key}
    assert keys(ben, "columns") == []


def test_what_was_moved_while_it_was_archived_is_found_with_what_hangs_on_it(export, amir, gus):
    lab = Product.objects.add(name="Lab", restricted=True, members=[gus], by=amir)
    requirement = Requirement.objects.add(feature=export, title="Columns", by=amir)
    export.archive(by=amir)
    export.change(product=lab, by=amir)
    export.restore(by=amir)
    assert keys(gus, "columns") == [requirement.key]


def test_a_name_within_a_name_is_found_as_it_is_now(payments, engineering, billing, ada):
    role = Role.objects.add(name="Product Manager", product=payments, by=ada)
    payments.change(name="Disbursements", by=ada)
    assert keys(ada, "manager disbursements") == [role.key]
    assert keys(ada, "manager payments") == []
    engineering.change(name="Workshop", by=ada)
    assert billing.key in keys(ada, "workshop")
    assert keys(ada, "engineering") == []


def test_a_kind_narrows(export, ada):
    Person.objects.add(name="Expo Rtner", by=ada)
    assert keys(ada, "exp", kinds=[Person]) == ["P-1"]


# --- what is not shown -------------------------------------------------------------------------------


def test_other_workspaces_find_nothing(export, cleo):
    assert search(cleo, "export") == search(cleo, export.key) == []


def test_restricted_products_never_leak(ada, amir, ben, gus):
    secret = Product.objects.add(name="Lab", restricted=True, members=[ben], by=amir)
    hidden = Feature.objects.add(product=secret, title="Export to Mars", by=amir)
    assert keys(amir, "export") == keys(ben, "export") == [hidden.key]
    for member in ada, gus:
        assert search(member, "export") == search(member, hidden.key) == []


def test_hidden_matches_do_not_crowd_out_visible_ones(ada, amir):
    secret = Product.objects.add(name="Lab", restricted=True, by=amir)
    seen = Feature.objects.add(product=Product.objects.add(name="Open", by=amir), title="Export", by=amir)
    Feature.objects.add_many([{"product": secret, "title": "Export"} for _ in range(300)], by=amir)
    assert keys(ada, "export") == [seen.key]


# --- whatever is typed -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        "",
        " ",
        '"',
        "'",
        "*",
        "a AND",
        "NOT",
        "NEAR(a b)",
        "title:x",
        "-x",
        "(",
        ")",
        "^",
        "\\",
        "%",
        "_",
        ";--",
        "&|!<->",
        "\x00",
        "x\x00y",
        "💥",
        "x" * 10000,
        "a " * 5000,
        "'; DROP TABLE web_searchdocument; --",
        "export OR 1=1",
        ":*",
    ],
)
def test_any_text_is_safe(asked, export, ada):
    assert len(search(ada, asked)) <= 1


def test_operators_are_words():
    assert [word.parts for word in words("a AND (b OR c)")] == [("a",), ("and",), ("b",), ("or",), ("c",)]


XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_what_is_shown_is_escaped(payments, ada):
    Feature.objects.add(product=payments, title=f"Export {XSS}", description=XSS, by=ada)
    (found,) = search(ada, "export script alert")
    for shown in found.title, found.excerpt:
        assert "<script>" not in shown
        assert "<img" not in shown
    assert "<mark>Export</mark>" in found.title


def test_words_are_marked_where_they_stand():
    assert marked("Export & re-export", words("exp")) == "<mark>Exp</mark>ort &amp; re-<mark>exp</mark>ort"


def test_an_excerpt_shows_the_words_in_the_middle_of_a_long_text():
    text = "one " * 200 + "needle " + "two " * 200
    shown = excerpt(text, words("needle"))
    assert "<mark>needle</mark>" in shown
    assert shown.startswith("… ")
    assert len(shown) < 250


# --- what it costs -----------------------------------------------------------------------------------


def test_indexing_five_hundred_rows_takes_few_queries(payments, ada):
    def queries(count):
        with CaptureQueriesContext(connection) as done:
            Feature.objects.add_many([{"product": payments, "title": f"Feature {n}"} for n in range(count)], by=ada)
        return len([one for one in done if "web_searchdocument" in one["sql"]])

    assert queries(1) == 2
    assert queries(500) <= 6


def test_moving_features_takes_few_queries_however_many_requirements_they_have(payments, ada):
    lab = Product.objects.add(name="Lab", by=ada)

    def queries(count, product):
        features = Feature.objects.add_many([{"product": payments, "title": f"Feature {n}"} for n in range(3)], by=ada)
        rows = [{"feature": feature, "title": f"R {n}"} for feature in features for n in range(count)]
        Requirement.objects.add_many(rows, by=ada)
        with CaptureQueriesContext(connection) as done:
            Feature.objects.change_many([(one, {"product": product}) for one in features], by=ada)
        return len(done)

    assert queries(1, lab) == queries(30, lab)


def test_what_was_only_moved_is_not_indexed_again(export, payments, ada):
    other = Feature.objects.add(product=payments, title="Other", by=ada)
    with CaptureQueriesContext(connection) as done:
        export.move(after=other, by=ada)
    assert not [one for one in done if "web_searchdocument" in one["sql"] and not one["sql"].startswith("SELECT")]


def test_what_was_only_planned_for_a_release_is_not_even_looked_up(export, payments, ada):
    release = Release.objects.add(product=payments, name="2.0", by=ada)
    with CaptureQueriesContext(connection) as done:
        release.take([export], by=ada)
    assert not [one for one in done if "web_searchdocument" in one["sql"]]


def test_searching_takes_few_queries_however_much_is_there(payments, ada, django_assert_max_num_queries):
    Feature.objects.add_many([{"product": payments, "title": f"Export {n}"} for n in range(400)], by=ada)
    with django_assert_max_num_queries(8):
        assert len(search(ada, "export")) == 20


def test_the_index_can_be_built_anew(export, northwind, ada, capsys):
    SearchDocument.objects.all().delete()
    assert search(ada, "export") == []
    call_command("reindex", workspace="northwind")
    assert "2 rows can be found" in capsys.readouterr().out
    assert keys(ada, "export") == [export.key]
    assert reindex(northwind) == 2


def test_who_was_erased_is_found_by_no_name_or_address(olga):
    zoe = Person.objects.add(name="Zoe Brandt", email="zebra@northwind.example", title="Keeper", by=olga)
    assert [keys(olga, asked) for asked in ("brandt", "zebra", "keeper")] == [[zoe.key]] * 3
    zoe.erase(by=olga, on=timezone.localdate())
    assert [keys(olga, asked) for asked in ("brandt", "zebra", "keeper")] == [[]] * 3
    assert "zebra" not in str(list(SearchDocument.objects.values_list())).lower()

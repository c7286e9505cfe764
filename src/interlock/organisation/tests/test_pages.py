"""The directory, through its pages."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.utils import timezone

from interlock.alignment.models import Finding
from interlock.organisation.models import Absence, Department, Person, Product, Team, TeamMembership
from interlock.strategy.models import Objective
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import AuditEvent, ExternalId, Invitation, User
from tests.api import Caller

SCRIPT = {"HX-Request": "true", "HX-Current-URL": "http://testserver/northwind/people/P-1/"}


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada.user)
    return client


@pytest.fixture
def as_olga(client, olga):
    client.force_login(olga.user)
    return client


def names(response):
    return [row.name for row in response.context["page"].object_list]


# --- who is away when --------------------------------------------------------------------------------------


@pytest.fixture
def today():
    return timezone.localdate()


def test_an_absence_is_added_from_the_person_and_taken_back(as_ada, dana, today):
    answer = as_ada.post(
        f"/northwind/people/{dana.key}/absences/", {"starts_on": today, "ends_on": today + timedelta(days=4)}
    )
    assert answer.status_code == 302
    absence = Absence.objects.get()
    assert (absence.person, absence.starts_on) == (dana, today)
    assert as_ada.get(f"/northwind/people/{dana.key}/").context["absence"] == absence
    as_ada.post(f"/northwind/absences/{absence.key}/archive/")
    assert not Absence.objects.active().exists()
    assert as_ada.get(f"/northwind/people/{dana.key}/").context["absence"] is None


def test_an_absence_that_ends_before_it_starts_is_refused_at_its_field(as_ada, dana, today):
    answer = as_ada.post(
        f"/northwind/people/{dana.key}/absences/", {"starts_on": today, "ends_on": today - timedelta(days=1)}
    )
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"ends_on": ["It ends before it starts."]}


def test_the_list_holds_who_is_away_now_and_to_come(as_ada, ada, dana, engineering, today):
    def away(first, last):
        return Absence.objects.add(
            person=dana, starts_on=today + timedelta(days=first), ends_on=today + timedelta(days=last), by=ada
        )

    over, now, later = away(-9, -1), away(-1, 0), away(30, 40)
    answer = as_ada.get("/northwind/absences/")
    assert list(answer.context["page"].object_list) == [now, later]
    assert "1 person is away today" in answer.content.decode()
    answer = as_ada.get("/northwind/absences/?over=on&sort=-until")
    assert list(answer.context["page"].object_list) == [later, now, over]
    rows = list(
        csv.DictReader(io.StringIO(as_ada.get("/northwind/absences/?format=csv").getvalue().decode("utf-8-sig")))
    )
    assert [row["person"] for row in rows] == ["Dana Ruiz", "Dana Ruiz"]


def test_contributors_say_when_they_are_away_themselves(client, cora, dana, ada, olga, today):
    mine = Person.objects.add(name="Cora", by=ada)
    mine.link(cora, by=olga)
    client.force_login(cora.user)
    days = {"starts_on": today, "ends_on": today}
    assert client.post(f"/northwind/people/{mine.key}/absences/", days).status_code == 302
    assert client.post(f"/northwind/people/{dana.key}/absences/", days).status_code == 403
    theirs = Absence.objects.add(person=dana, by=ada, **days)
    listed = client.get("/northwind/absences/").content.decode()
    assert f"/absences/{Absence.objects.get(person=mine).key}/edit/" in listed
    assert f"/absences/{theirs.key}/edit/" not in listed


# --- lists -----------------------------------------------------------------------------------------------


def test_people_are_narrowed_by_what_the_address_says(as_ada, ada, dana, billing, engineering):
    design = Department.objects.add(name="Design", by=ada)
    Person.objects.add(name="Emil Ruiz", department=design, by=ada)
    gone = Person.objects.add(name="Fay Ruiz", by=ada)
    gone.depart(by=ada, on=timezone.localdate(), today=timezone.localdate())
    dana.join(billing, by=ada)
    dana.identify("@dee", kind="handle", source="chat", by=ada)
    found = {
        "": ["Dana Ruiz", "Emil Ruiz"],
        "q=dee": ["Dana Ruiz"],
        f"department={design.key}": ["Emil Ruiz"],
        f"team={billing.key}": ["Dana Ruiz"],
        "standing=left": ["Fay Ruiz"],
        "standing=any&sort=-name": ["Fay Ruiz", "Emil Ruiz", "Dana Ruiz"],
    }
    for query, expected in found.items():
        assert names(as_ada.get(f"/northwind/people/?{query}")) == expected, query


def test_a_filter_that_names_nothing_says_so_and_narrows_nothing(as_ada, dana):
    response = as_ada.get("/northwind/people/?department=D-99")
    assert "There is no department “D-99”." in response.content.decode()
    assert names(response) == ["Dana Ruiz"]


def test_the_list_leaves_as_a_file_in_which_no_cell_runs(as_ada, ada):
    Person.objects.add(name='=HYPERLINK("x")', email="", title="-1", by=ada)
    rows = list(csv.DictReader(io.StringIO(as_ada.get("/northwind/people/?format=csv").getvalue().decode("utf-8-sig"))))
    assert (rows[0]["name"], rows[0]["title"]) == ('\'=HYPERLINK("x")', "'-1")
    assert as_ada.get("/northwind/people/?format=json").getvalue().startswith(b'[\n{"key": "P-1"')


def test_teams_stand_in_their_tree_with_those_above_the_ones_that_fit(as_ada, ada, billing, engineering):
    inner = Team.objects.add(name="Invoicing", department=engineering, parent=billing, by=ada)
    Team.objects.add(name="Dunning", department=engineering, parent=inner, by=ada)
    shown = as_ada.get("/northwind/teams/?q=dunning").context["page"].object_list
    assert [(team.name, team.depth, team.context) for team in shown] == [
        ("Billing", 0, True),
        ("Invoicing", 1, True),
        ("Dunning", 2, False),
    ]


# --- adding and changing ---------------------------------------------------------------------------------


def test_an_editor_adds_a_person_and_comes_to_their_page(as_ada, engineering):
    sent = {"name": "Dana Ruiz", "email": "dana@northwind.example", "department": engineering.key}
    response = as_ada.post("/northwind/people/new/", sent)
    assert response["Location"] == "/northwind/people/P-1/"
    assert Person.objects.get().department == engineering


def test_bad_input_gets_a_sentence_at_its_field_and_loses_nothing(as_ada):
    sent = {"name": "", "email": "dana@", "title": "Engineer", "department": "D-9"}
    response = as_ada.post("/northwind/people/new/", sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["name", "email", "department"]
    assert 'value="Engineer"' in page
    assert 'value="dana@"' in page


def test_what_the_domain_refuses_stands_at_its_field(as_ada, engineering):
    response = as_ada.post("/northwind/departments/new/", {"name": "engineering"})
    assert response.context["form"].errors == {"name": ["A department of this name exists already."]}


def test_a_field_is_changed_in_its_place(as_ada, dana):
    address = "/northwind/people/P-1/edit/title/"
    assert 'class="inline"' in as_ada.get(address, headers=SCRIPT).content.decode()
    response = as_ada.post(address, {"title": "Analyst", "version": dana.version}, headers=SCRIPT)
    assert 'class="cell saved"' in response.content.decode()
    assert Person.objects.get().title == "Analyst"


def test_without_script_the_same_field_is_a_page(as_ada, dana):
    assert 'name="title"' in as_ada.get("/northwind/people/P-1/edit/title/").content.decode()
    response = as_ada.post("/northwind/people/P-1/edit/title/", {"title": "Analyst", "version": 1})
    assert response["Location"] == "/northwind/people/P-1/"


def test_a_change_made_meanwhile_is_shown_and_not_overwritten(as_ada, ada, dana):
    dana.change(title="Designer", by=ada)
    response = as_ada.post("/northwind/people/P-1/edit/", {"name": "Dana Ruiz", "title": "Analyst", "version": 1})
    assert response.status_code == 412
    assert "Designer" in response.content.decode()
    assert Person.objects.get().title == "Designer"


def test_archiving_offers_to_take_it_back(as_ada, dana):
    response = as_ada.post("/northwind/people/P-1/archive/", follow=True)
    assert 'action="/northwind/people/P-1/restore/"' in response.content.decode()
    as_ada.post("/northwind/people/P-1/restore/")
    assert not Person.objects.get().archived


def test_a_department_in_which_teams_stand_is_not_archived(as_ada, engineering, billing):
    response = as_ada.post("/northwind/departments/D-1/archive/")
    assert response.status_code == 422
    assert "1 team still belongs to Engineering" in response.content.decode()


def test_a_team_cannot_stand_under_itself(as_ada, ada, billing, engineering):
    inner = Team.objects.add(name="Invoicing", department=engineering, parent=billing, by=ada)
    sent = {"name": "Billing", "department": engineering.key, "parent": inner.key, "version": 1}
    response = as_ada.post(f"/northwind/teams/{billing.key}/edit/", sent)
    assert response.context["form"].errors == {"parent": ["T-2 stands under T-1: the tree would close to a circle."]}


# --- teams -----------------------------------------------------------------------------------------------


def test_who_leaves_a_team_and_comes_back_by_undo_has_never_left(as_ada, dana, billing, ada):
    dana.join(billing, by=ada)
    today = timezone.localdate()
    as_ada.post("/northwind/people/P-1/teams/T-1/leave/", {"on": today})
    assert TeamMembership.objects.get().ends_on == today
    as_ada.post("/northwind/people/P-1/teams/T-1/join/")
    assert TeamMembership.objects.get().ends_on is None


def test_who_has_left_is_out_of_every_team(as_ada, dana, billing, ada):
    dana.join(billing, by=ada)
    as_ada.post("/northwind/people/P-1/standing/", {"standing": "left"})
    assert Person.objects.get().standing == "left"
    assert not TeamMembership.objects.filter(ends_on=None).exists()


def test_only_an_admin_changes_who_is_in_a_team_that_a_restricted_product_lists(as_ada, olga, dana, billing):
    secret = Product.objects.add(name="Aurora", restricted=True, by=olga)
    secret.admit(billing, by=olga)
    response = as_ada.post("/northwind/people/P-1/teams/", {"team": "T-1"})
    assert "an admin changes who is in it" in response.content.decode()
    assert not TeamMembership.objects.exists()


@pytest.fixture
def aurora(olga, billing, dana, ben):
    """Restricted to Billing; Ben's seat is Dana's."""
    dana.link(ben, by=olga)
    product = Product.objects.add(name="Aurora", restricted=True, by=olga)
    product.admit(billing, by=olga)
    return product


@pytest.mark.parametrize(("first", "out", "seen"), [(0, None, True), (-9, 1, True), (1, None, False), (-9, 0, False)])
def test_a_restricted_product_is_seen_while_one_is_in_its_team(
    first, out, seen, olga, ben, dana, billing, aurora, today
):
    dana.join(billing, by=olga, on=today + timedelta(days=first))
    if out is not None:
        dana.leave(billing, by=olga, on=today + timedelta(days=out))
    assert Product.objects.visible_to(ben).filter(pk=aurora.pk).exists() == seen


def test_who_joins_later_and_who_leaves_later_are_shown_as_such(as_ada, ada, dana, billing, engineering, today):
    later = Person.objects.add(name="Emil Ruiz", by=ada)
    past = Person.objects.add(name="Fay Ruiz", by=ada)
    later.join(billing, by=ada, on=today + timedelta(days=30))
    for person, days in ((dana, 30), (past, -3)):
        person.join(billing, by=ada, on=today - timedelta(days=9))
        person.leave(billing, by=ada, on=today + timedelta(days=days))
    page = as_ada.get("/northwind/teams/T-1/")
    groups = {group: [one.person.name for one in page.context[group]] for group in ("current", "coming", "past")}
    assert groups == {"current": ["Dana Ruiz"], "coming": ["Emil Ruiz"], "past": ["Fay Ruiz"]}
    assert page.content.decode().count("To come") == 1
    assert "To come" in as_ada.get(f"/northwind/people/{later.key}/").content.decode()
    assert "Ended" in as_ada.get(f"/northwind/people/{past.key}/").content.decode()
    assert names(as_ada.get("/northwind/people/?team=T-1")) == ["Dana Ruiz"]
    assert [team.size for team in as_ada.get("/northwind/teams/").context["page"].object_list] == [1]
    people = as_ada.get("/northwind/people/").context["page"].object_list
    assert [[one.team for one in person.memberships.all()] for person in people] == [[billing], [], []]
    listed = Caller(ada).get("people?teams=T-1").json()["items"]
    assert [person["name"] for person in listed] == ["Dana Ruiz"]
    listed = Caller(ada).get("people?teams=none").json()["items"]
    assert [person["name"] for person in listed] == ["Emil Ruiz", "Fay Ruiz"]


def test_the_day_that_the_form_asks_for_is_the_first_outside_of_the_team(as_ada, ada, dana, billing):
    dana.join(billing, by=ada, on=date(2026, 1, 1))
    address = "/northwind/people/P-1/teams/T-1/leave/"
    assert "The first day on which they are no longer in the team." in as_ada.get(address).content.decode()
    as_ada.post(address, {"on": "2026-04-01"})
    counted = [TeamMembership.objects.current(today=day).exists() for day in (date(2026, 3, 31), date(2026, 4, 1))]
    assert counted == [True, False]
    for page in (as_ada.get("/northwind/teams/T-1/"), as_ada.get("/northwind/people/P-1/")):
        assert 'datetime="2026-03-31"' in page.content.decode()
        assert 'datetime="2026-04-01"' not in page.content.decode()


def test_one_membership_bends_to_what_is_said_of_it(ada, dana, billing, today):
    soon, later = today + timedelta(days=3), today + timedelta(days=30)
    dana.join(billing, by=ada, on=later)
    dana.join(billing, by=ada, on=today)
    dana.leave(billing, by=ada, on=later)
    dana.join(billing, by=ada)
    assert TeamMembership.objects.get().ends_on == later
    dana.leave(billing, by=ada, on=soon)
    assert TeamMembership.objects.get().ends_on == soon
    dana.join(billing, by=ada, on=today)
    membership = TeamMembership.objects.get()
    assert (membership.starts_on, membership.ends_on) == (today, None)


def test_a_departure_is_said_on_its_day_and_ends_what_was_to_come(ada, dana, billing, today):
    other = Team.objects.add(name="Brand", department=billing.department, by=ada)
    dana.join(billing, by=ada, on=today - timedelta(days=9))
    dana.leave(billing, by=ada, on=today + timedelta(days=9))
    dana.join(other, by=ada, on=today + timedelta(days=9))
    with pytest.raises(DomainError, match="say that Dana Ruiz has left on that day"):
        dana.depart(by=ada, on=today + timedelta(days=1), today=today)
    dana.depart(by=ada, on=today, today=today)
    assert not any(TeamMembership.objects.current(today=today + timedelta(days=n)).exists() for n in (0, 1, 9, 99))


def test_a_past_team_keeps_no_account_from_its_person(olga, ada, dana, billing, today):
    Product.objects.add(name="Aurora", restricted=True, by=olga).admit(billing, by=olga)
    dana.change(email="dana@northwind.example", by=ada)
    dana.join(billing, by=olga, on=today - timedelta(days=9))
    dana.leave(billing, by=olga, on=today)
    invitation = Invitation.objects.invite("dana@northwind.example", "viewer", by=olga)
    assert invitation.accept(user=User.objects.create_user("dana@northwind.example", name="Dana")).person == dana


# --- restricted products ---------------------------------------------------------------------------------


def test_a_restricted_product_is_seen_by_those_who_are_listed(client, as_olga, olga, ben, payments):
    as_olga.post("/northwind/products/PROD-1/restricted/", {"restricted": "yes"})
    client.force_login(ben.user)
    assert client.get("/northwind/products/PROD-1/").status_code == 404
    client.force_login(olga.user)
    client.post("/northwind/products/PROD-1/members/", {"member": ben.key})
    client.force_login(ben.user)
    assert client.get("/northwind/products/PROD-1/").status_code == 200


@pytest.mark.parametrize("act", ["restricted", "members", "teams"])
def test_an_editor_who_sees_the_product_does_not_say_who_else_does(act, as_ada, payments):
    response = as_ada.post(f"/northwind/products/PROD-1/{act}/", {"restricted": "yes", "member": "M-1"})
    assert response.status_code == 403


def test_what_one_may_not_use_is_not_shown(client, ben, dana, payments):
    client.force_login(ben.user)
    for address in ("people/", "people/P-1/", "products/", "products/PROD-1/"):
        page = client.get(f"/northwind/{address}").content.decode()
        page = page[page.index("<main") : page.index("</main>")]
        assert 'method="post"' not in page, address
        assert "/edit/" not in page, address


# --- accounts, and being forgotten -----------------------------------------------------------------------


def test_a_contributor_changes_what_their_person_owns(client, olga, cora, dana, ada):
    mine = Objective.objects.add(title="Mine", owner=dana, by=ada)
    other = Objective.objects.add(title="Another's", by=ada)
    client.force_login(cora.user)
    assert client.post(f"/northwind/objectives/{mine.key}/edit/title/", {"title": "X"}).status_code == 403
    dana.link(cora, by=olga)
    assert client.post(f"/northwind/objectives/{mine.key}/edit/title/", {"title": "X"}).status_code == 302
    assert client.post(f"/northwind/objectives/{other.key}/edit/title/", {"title": "X"}).status_code == 403


def test_whoever_takes_a_seat_is_known_in_the_directory_by_the_invited_address(olga, dana, ada, db):
    dana.change(email="dana@northwind.example", by=ada)
    invitation = Invitation.objects.invite("dana@northwind.example", "contributor", by=olga)
    user = User.objects.create_user("dana@northwind.example", name="Dana")
    assert invitation.accept(user=user).person == dana


def test_an_erased_person_leaves_a_key_and_no_name(as_olga, olga, ada, dana, alignment, db):
    dana.identify("@dana", kind="handle", source="chat", by=ada)
    Objective.objects.add(title="Answer faster", owner=dana, by=ada)
    kind = ContentType.objects.get_for_model(Person)
    ExternalId.objects.create(
        workspace=olga.workspace, source="hr", record_id="1", content_type=kind, object_id=dana.pk, record={"n": "Dana"}
    )
    alignment.look()
    as_olga.post("/northwind/people/P-1/erase/")
    alignment.look()
    person = Person.objects.get(pk=dana.pk)
    assert (person.name, person.email, person.title, person.identities.count()) == ("Somebody who left", "", "", 0)
    told = [Finding.objects.values_list("says", "evidence"), AuditEvent.objects.values_list("changes")]
    assert "Dana" not in str([list(rows) for rows in told])
    assert ExternalId.objects.get().record == {}
    assert (
        "takes no name again"
        in as_olga.post("/northwind/people/P-1/edit/", {"name": "Dana", "version": person.version}).content.decode()
    )
    assert not mail.outbox


def test_a_conflict_is_shown_though_what_points_at_the_row_is_called_as_something_that_was_sent(as_ada, dana, ada):
    dana.change(title="Engineer", by=ada)
    sent = {"name": "Dana", "version": 1, "feature": "F-1", "email": ""}
    response = as_ada.post(f"/northwind/people/{dana.key}/edit/", sent)
    assert response.status_code == 412


# --- when a department works ---------------------------------------------------------------------------


def test_a_department_says_when_it_works_and_how_many_can(as_ada, engineering):
    address = f"/northwind/departments/{engineering.key}/edit/"
    told = {
        "name": "Engineering",
        "working_days": ["1", "3"],
        "holidays_of": "de-by",
        "capacity": "2.5",
        "version": "1",
    }
    assert as_ada.post(address, told).status_code == 302
    engineering.refresh_from_db()
    assert (engineering.working_days, engineering.holidays_of, engineering.capacity) == ([1, 3], "DE-BY", 2.5)
    page = as_ada.get(f"/northwind/departments/{engineering.key}/").content.decode()
    assert "Monday, Wednesday" in page
    assert "DE-BY" in page


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"working_days": []}, "Somebody must work on some day of the week."),
        ({"working_days": ["8"]}, "8 is not one of the available choices."),
        ({"holidays_of": "Atlantis"}, "The holidays of “ATLANTIS” are not known."),
        ({"capacity": "-1"}, "greater than or equal to 0"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused_at_its_field(wrong, says, as_ada, engineering):
    told = {"name": "Engineering", "working_days": ["1"], "version": "1", **wrong}
    answer = as_ada.post(f"/northwind/departments/{engineering.key}/edit/", told)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    engineering.refresh_from_db()
    assert engineering.working_days == [1, 2, 3, 4, 5]

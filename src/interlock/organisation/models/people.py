from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, ClassVar, Self

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.dispatch import Signal
from django.utils import timezone

from interlock.organisation.models.units import Department, Team
from interlock.workspaces import bulk
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import ExternalId, Member, Workspace
from interlock.workspaces.models.audit import Entry, record
from interlock.workspaces.permissions import Action
from interlock.workspaces.plan import PlanModel, PlanQuerySet

# Sent inside the transaction that erases a person, with the `person` and what is to be forgotten: the `name`, all
# `spellings` of it, addresses and handles among them, and the `record_ids` under which sources knew them.
erased = Signal()
NAMELESS = "Somebody who left"


class PersonQuerySet(PlanQuerySet["Person"]):
    def known_as(self, spelling: str, *, workspace: Workspace) -> Self:
        """Whoever goes by that address, handle or name, however it is spelled."""
        return self.filter(workspace=workspace, identities__folded=Identity.fold(spelling)).distinct()

    def called(self, name: str) -> Self:
        known = Identity.objects.filter(folded=Identity.fold(name)).values("person")
        return self.filter(Q(name__iexact=name) | Q(email__iexact=name) | Q(pk__in=known))

    def current(self) -> Self:
        """Who is here: what they own has somebody to answer for it."""
        return self.active().filter(standing=Person.Standing.CURRENT)

    def of_member(self, member: Member) -> "Person | None":
        return self.filter(member=member).first()


class Person(PlanModel):
    """Somebody who works on the plan, with or without an account here."""

    class Standing(models.TextChoices):
        CURRENT = "current", "Current"
        LEFT = "left", "Has left"
        UNCONFIRMED = "unconfirmed", "Not in any directory"

    prefix = "P"
    page = "person"
    owner_path = "member"
    private_fields = frozenset({"name", "email", "title"})

    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    title = models.CharField(max_length=120, blank=True)
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="people")
    teams: "models.ManyToManyField[Team, TeamMembership]" = models.ManyToManyField(
        Team, through="TeamMembership", related_name="people"
    )
    member = models.OneToOneField(Member, models.SET_NULL, null=True, blank=True, related_name="person")
    standing = models.CharField(max_length=12, choices=Standing, default=Standing.CURRENT)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[Any] = PersonQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "people"
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="person_key")]
        indexes = [models.Index(fields=["workspace", "name"], name="person_by_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    def identify(self, spelling: str, *, kind: str, source: str, by: Member | None) -> "Identity":
        """Note that this person goes by that address, handle or name as well."""
        if not spelling.strip():
            raise DomainError("An identity cannot be empty.", field="spelling")
        _, taken = Identity.objects.note_many([(self, kind, spelling)], source=source, by=by)
        if taken:
            raise DomainError(f"{spelling} is known to be somebody else.", field="spelling")
        return Identity.objects.get(workspace=self.workspace_id, kind=kind, folded=Identity.fold(spelling))

    @transaction.atomic
    def unidentify(self, identity: "Identity", *, by: Member) -> None:
        if self.identities.filter(pk=identity.pk).delete()[0]:
            record([Entry(self, "unidentified", {"identities": ["…", "…"]})], by=by)

    def join(self, team: Team, *, by: Member, on: date | None = None) -> "TeamMembership":
        TeamMembership.objects.join_many([(self, team)], by=by, on=on)
        return self.memberships.filter(team=team)[0]

    @transaction.atomic
    def leave(self, team: Team, *, by: Member, on: date) -> None:
        """`on` is the first day on which they are no longer in it, today or to come."""
        membership = self.memberships.select_for_update().filter(team=team).over_later_than(on).first()
        if membership is None:
            return
        if membership.starts_on and on < membership.starts_on:
            raise DomainError(f"{self} joined on {membership.starts_on:%-d %B %Y}: the end lies before it.", field="on")
        membership.ends_on = on
        membership.save(update_fields=["ends_on"])
        record([self.team_entry("left", [team.key, None], team)], by=by)

    def team_entry(self, verb: str, change: list[Any], team: Team) -> Entry:
        return Entry(self, verb, {"teams": change}, {team._meta.label_lower: {team.pk}})

    @transaction.atomic
    def depart(self, *, by: Member, on: date, today: date) -> None:
        """They have left the organisation: out of their teams, and what they hold is vacant.

        Said once it is so. A day to come is refused: from then on they would be gone and still own what they hold.
        """
        if on > today:
            told = f"{on:%-d %B %Y} is still to come: say that {self} has left on that day."
            raise DomainError(f"{told} They can leave teams ahead.", field="on")
        for membership in self.memberships.over_later_than(on).select_related("team"):
            self.leave(membership.team, by=by, on=max(on, membership.starts_on or on))
        self.change(standing=Person.Standing.LEFT, by=by)

    @transaction.atomic
    def link(self, member: Member | None, *, by: Member) -> None:
        """Say whose account this is. It hands over what the person owns, so it takes whoever manages members."""
        by.require(Action.MANAGE_MEMBERS)
        try:
            with transaction.atomic():
                self.change(member=member, by=by)
        except IntegrityError as error:
            raise DomainError(f"{member} is linked to another person already.", field="member") from error

    @transaction.atomic
    def erase(self, *, by: Member, on: date) -> None:
        """Forget who this was: name, addresses, handles, what sources said, the account. The history keeps the key."""
        by.require(Action.MANAGE_MEMBERS)
        if self.erased_at:
            return
        name = self.name
        known = ExternalId.objects.filter(content_type=ContentType.objects.get_for_model(Person), object_id=self.pk)
        identities = self.identities.values_list("spelling", "folded")
        told = {
            "spellings": frozenset({self.name, self.email}.union(*identities) - {""}),
            "record_ids": frozenset(known.values_list("record_id", flat=True)),
        }
        if self.member:
            self.member.erase(by=by)
        lasting = self.memberships.over_later_than(on)
        lasting.filter(starts_on__gt=on).update(ends_on=models.F("starts_on"))
        lasting.update(ends_on=on)
        addresses = {self.email, *self.identities.filter(kind=Identity.Kind.EMAIL).values_list("folded", flat=True)}
        self.workspace.invitations.filter(email__in={one.lower() for one in addresses} - {""}).delete()
        self.identities.all().delete()
        record([Entry(absence, "erased", {}) for absence in self.absences.all()], by=by)
        self.absences.all().delete()
        known.forget()
        forgotten = {"name": NAMELESS, "email": "", "title": "", "standing": Person.Standing.LEFT, "member": None}
        Person.objects.change_many([(self, forgotten | {"erased_at": timezone.now()})], by=by, verb="erased")
        erased.send(sender=Person, person=self, name=name, **told)

    def refuse_nonsense(self, names: Iterable[str]) -> None:
        super().refuse_nonsense(set(names))
        if self.erased_at and self.private_fields & set(names) and "erased_at" not in names:
            raise DomainError(f"{self.key} was erased, and takes no name again. Add a new person.", field="name")


class IdentityQuerySet(models.QuerySet["Identity"]):
    @transaction.atomic
    def note_many(
        self, known: Sequence[tuple[Person, str, str]], *, source: str, by: Member | None
    ) -> tuple[list[tuple[Person, str]], list[tuple[Person, str]]]:
        """Note the spellings, each of a kind, by which people are known.

        Returns what is new, and what is known to be somebody else and stays theirs.
        """
        wanted = {
            (kind, Identity.fold(spelling)): (person, spelling.strip())
            for person, kind, spelling in reversed(known)
            if Identity.fold(spelling)
        }
        if not wanted:
            return [], []
        workspace_id = known[0][0].workspace_id
        rows = self.filter(workspace=workspace_id, folded__in={folded for _, folded in wanted})
        held = {(kind, folded): pk for kind, folded, pk in rows.values_list("kind", "folded", "person_id")}
        new = {one: known for one, known in wanted.items() if one not in held}
        bulk.insert(
            Identity,
            ["workspace", "person", "kind", "folded", "spelling", "source"],
            [
                (workspace_id, person.pk, kind, folded, spelling, source)
                for (kind, folded), (person, spelling) in new.items()
            ],
        )
        people = {person.pk: person for person, _ in new.values()}
        record([Entry(person, "identified", {"identities": ["…", "…"]}) for person in people.values()], by=by)
        owner = held | {one: person.pk for one, (person, _) in new.items()}
        taken = [
            (person, spelling)
            for person, kind, spelling in known
            if owner.get((kind, Identity.fold(spelling)), person.pk) != person.pk
        ]
        return list(new.values()), taken


class Identity(models.Model):
    """One of the addresses, handles and names by which a person is known in some system."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        HANDLE = "handle", "Handle"
        NAME = "name", "Name"

    workspace = models.ForeignKey(Workspace, models.CASCADE)
    person = models.ForeignKey(Person, models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=6, choices=Kind)
    spelling = models.CharField(max_length=200)
    folded = models.CharField(max_length=200)
    source = models.CharField(max_length=60, blank=True)

    objects = IdentityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "identities"
        constraints = [models.UniqueConstraint(fields=["workspace", "kind", "folded"], name="identity_is_one_persons")]

    def __str__(self) -> str:
        return self.spelling

    @staticmethod
    def fold(spelling: str) -> str:
        """Handles are compared without the @, quotes and case that systems put around them."""
        return spelling.strip().strip("“”‘’\"'").lstrip("@").strip().casefold()


class TeamMembershipQuerySet(models.QuerySet["TeamMembership"]):
    def current(self, *, today: date) -> Self:
        return self.filter(in_force(today))

    def over_later_than(self, day: date) -> Self:
        """Those that go on or are still to come, with or without a known end."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gt=day))

    @transaction.atomic
    def join_many(
        self, pairs: Sequence[tuple[Person, Team]], *, by: Member, on: date | None = None
    ) -> list[tuple[Person, Team]]:
        """Make people members of teams; returns those who were not.

        Who comes back by the day on which they are out never left, and who was to join later joins on the earlier day.
        Without a day, whoever is or was to be a member stays as they are.
        """
        wanted = {(person.pk, team.pk): (person, team) for person, team in pairs}
        for person, team in wanted.values():
            if team.workspace_id != person.workspace_id:
                raise DomainError("There is no such team.", field="team")
        for team in {team for _, team in wanted.values()}:
            team.refuse_to_widen(by)
        people = sorted({pk for pk, _ in wanted})
        # The people are locked, since two doors may open for the same person at once.
        list(Person.objects.select_for_update().filter(pk__in=people).order_by("pk").values_list("pk"))
        held, later, back = set(), {}, {}
        day = on or timezone.localdate()
        for one in self.filter(person__in=people).over_later_than(day - timedelta(days=1) if on else day):
            ends = one.person_id, one.team_id
            begun = one.starts_on is None or one.starts_on <= day
            if on is None or (one.ends_on is None and begun):
                held.add(ends)
            elif one.ends_on is None:
                later[ends] = one.pk
            elif begun:
                back[ends] = one.pk
        new = {ends: pair for ends, pair in wanted.items() if ends not in held}
        self.filter(pk__in=[later[ends] for ends in new if ends in later]).update(starts_on=on)
        self.filter(pk__in=[back[ends] for ends in new if ends in back and ends not in later]).update(ends_on=None)
        fresh = [(*ends, on) for ends in new if ends not in back and ends not in later]
        bulk.insert(TeamMembership, ("person", "team", "starts_on"), fresh)
        record([person.team_entry("joined", [None, team.key], team) for person, team in new.values()], by=by)
        return list(new.values())


def in_force(today: date, path: str = "") -> Q:
    """That a membership counts today, asked of itself or, along a path such as `memberships__`, of its ends."""
    begun = Q(**{f"{path}starts_on": None}) | Q(**{f"{path}starts_on__lte": today})
    return begun & (Q(**{f"{path}ends_on": None}) | Q(**{f"{path}ends_on__gt": today}))


class TeamMembership(models.Model):
    """That somebody is in a team: from its first day until the day before `ends_on`, on which they are out."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    objects = TeamMembershipQuerySet.as_manager()

    class Meta:
        ordering = [models.F("ends_on").desc(nulls_first=True), "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "team"], condition=models.Q(ends_on=None), name="one_open_membership"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.team}"

    def over(self, today: date) -> bool:
        return self.ends_on is not None and self.ends_on <= today

    def to_come(self, today: date) -> bool:
        return self.starts_on is not None and self.starts_on > today and not self.over(today)

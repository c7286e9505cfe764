"""A workspace in which every kind of row stands, and everything hangs on everything.

For tests that go everywhere: what they find in one page, one of these rows has put there. `text` writes the
words that people type, so that a hostile writer has typed all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from interlock.alignment import checking, registry
from interlock.alignment.models import Finding, RuleSetting
from interlock.backlog.models import Dependency, Feature, Requirement, Tag
from interlock.connect.importing.mapping import Mapping
from interlock.connect.importing.notes import Kind, Note
from interlock.connect.importing.run import Counts, Report
from interlock.connect.models import Export, ImportRun
from interlock.launch.models import (
    CalendarFeed,
    Choice,
    Communication,
    FollowUp,
    Gate,
    GateCriterion,
    GateDecision,
    LaunchEntry,
    LaunchReview,
    ReviewNote,
    RunbookStep,
    Vote,
)
from interlock.organisation.models import Absence, Department, Identity, Person, Product, Team
from interlock.people.models import Audience, Role
from interlock.releases.models import (
    Budget,
    DayRate,
    Forecast,
    FreezeWindow,
    PlanBaseline,
    Purchase,
    Release,
    ReleaseTemplate,
    RiskHit,
    Scenario,
    ScenarioRun,
    ScopeBaseline,
    Task,
    TaskDates,
    TaskLink,
    Workstream,
)
from interlock.risks.models import Risk
from interlock.strategy.models import KeyResult, Measurement, Metric, Objective
from interlock.workspaces.models import APIToken, Invitation, Member, SavedView, User, Workspace
from interlock.workspaces.models.external import ExternalId
from interlock.workspaces.permissions import Role as Seat

Write = Callable[[str], str]

PLAN = """
Support:
  - {id: help, title: Help articles, days: [2, 3, 5], ends: 5}
  - {id: launch, milestone: Launch, ends: 0, needs: [help]}
"""


@dataclass
class World:
    """One row of each kind, and the actor who made them."""

    owner: Member
    other: Member
    department: Department
    team: Team
    person: Person
    identity: Identity
    product: Product
    secret: Product
    role: Role
    objective: Objective
    key_result: KeyResult
    metric: Metric
    measurement: Measurement
    feature: Feature
    needed: Feature
    initiative: Feature
    requirement: Requirement
    dependency: Dependency
    tag: Tag
    release: Release
    absence: Absence
    freeze: FreezeWindow
    workstream: Workstream
    task: Task
    task_link: TaskLink
    baseline: PlanBaseline
    template: ReleaseTemplate
    gate: Gate
    criterion: GateCriterion
    vote: Vote
    decision: GateDecision
    step: RunbookStep
    review: LaunchReview
    note: ReviewNote
    follow_up: FollowUp
    audience: Audience
    communication: Communication
    feed: CalendarFeed
    ticket: str
    agreement: ScopeBaseline
    risk: Risk
    risk_hit: RiskHit
    day_rate: DayRate
    budget: Budget
    purchase: Purchase
    scenario: Scenario
    finding: Finding
    waived: Finding
    import_run: ImportRun
    invitation: Invitation
    token: APIToken
    view: SavedView
    export: Export

    @property
    def workspace(self) -> Workspace:
        return self.owner.workspace


def settle(by: Member, *, text: Write = str, today: date | None = None) -> World:
    """Fill the workspace of an owner."""
    today = today or timezone.localdate()
    day = timedelta(days=1)
    user = User.objects.create_user(f"eve@{by.workspace.slug}.example", name=text("member")[:120])
    for one in (user, by.user):
        EmailAddress.objects.get_or_create(user=one, email=one.email, defaults={"primary": True, "verified": True})
    other = Member.objects.create(workspace=by.workspace, user=user, role=Seat.VIEWER)

    department = Department.objects.add(name=text("department")[:120], by=by)
    team = Team.objects.add(name=text("team")[:120], department=department, purpose=text("purpose"), by=by)
    person = Person.objects.add(name=text("person")[:120], title=text("title")[:120], department=department, by=by)
    person.identify(text("handle")[:200], kind=Identity.Kind.HANDLE, source=text("source")[:60], by=by)
    person.join(team, by=by, on=today)
    person.link(other, by=by)
    product = Product.objects.add(name=text("product")[:120], description=text("about the product"), by=by)
    secret = Product.objects.add(name=text("secret product")[:120], restricted=True, by=by)
    secret.admit(team, by=by)
    secret.admit(other, by=by)
    role = Role.objects.add(
        name=text("role")[:120], product=product, department=department, purpose=text("role's purpose"), by=by
    )
    role.assign(person, by=by, on=today)

    objective = Objective.objects.add(
        title=text("objective")[:200],
        description=text("about the objective"),
        product=product,
        department=department,
        team=team,
        owner=person,
        starts_on=today,
        ends_on=today + 90 * day,
        by=by,
    )
    Objective.objects.add(title=text("objective below")[:200], parent=objective, owner_role=role, by=by)
    key_result = KeyResult.objects.add(
        objective=objective, title=text("key result")[:200], unit=text("unit")[:40], target=9, owner=person, by=by
    )
    key_result.check_in(current=3, confidence=40, by=by)
    metric = Metric.objects.add(
        name=text("metric")[:200],
        description=text("about the metric"),
        unit=text("metric's unit")[:40],
        target=5,
        product=product,
        department=department,
        owner=person,
        by=by,
    )
    metric.measure(3, on=today - day, by=by)
    measurement = metric.measure(4, on=today, by=by)

    [tag] = Tag.named([text("tag")[:60]], workspace=by.workspace)
    common: dict[str, Any] = {
        "product": product,
        "owner": person,
        "team": team,
        "objectives": [objective],
        "contributing_teams": [team],
        "tags": [tag],
        "links": [{"title": text("link")[:300], "url": "https://example.com/"}],
    }
    initiative = Feature.objects.add(
        title=text("initiative")[:300], kind=Feature.Kind.INITIATIVE, description=text("about it"), by=by, **common
    )
    feature, needed = Feature.objects.add_many(
        [
            {
                **common,
                "title": text(words)[:300],
                "description": text(f"about the {words}"),
                "status": Feature.Status.PLANNED,
                "initiative": initiative,
                "effort_days": 3,
            }
            for words in ("feature", "needed feature")
        ],
        by=by,
    )
    # Nobody owns these, and they serve nothing: rules find them.
    astray = {"product": product, "status": Feature.Status.PLANNED}
    Feature.objects.add_many([{"title": text("feature astray")[:300], **astray} for _ in range(3)], by=by)
    requirement = Requirement.objects.add(
        feature=feature,
        title=text("requirement")[:300],
        description=text("about the requirement"),
        criteria=[text("criterion")[:1000]],
        by=by,
    )
    Requirement.objects.add(feature=feature, title=text("requirement without criteria")[:300], by=by)
    dependency = Dependency.objects.add(feature=feature, needs=needed, note=text("why")[:300], by=by)
    Dependency.objects.add(feature=needed, needs=feature, by=by)
    release = Release.objects.add(
        product=product,
        name=text("release")[:120],
        description=text("about the release"),
        target_on=today - 3 * day,
        by=by,
    )
    release.take([feature], by=by)
    agreement = ScopeBaseline.objects.add(release=release, note=text("agreement"), by=by)
    release.take([needed], by=by, reason=text("why the scope changes"))
    absence = Absence.objects.add(person=person, starts_on=today + 5 * day, ends_on=today + 9 * day, by=by)
    freeze = FreezeWindow.objects.add(
        name=text("freeze window")[:120],
        starts_on=today + 20 * day,
        ends_on=today + 22 * day,
        product=product,
        departments=[department],
        stops_work=True,
        reason=text("freeze window's reason"),
        by=by,
    )
    workstream = Workstream.objects.add(
        release=release, department=department, owner=person, note=text("about the part"), by=by
    )
    task, before = Task.objects.add_many(
        [
            {
                "workstream": workstream,
                "title": text(words)[:300],
                "description": text(f"about the {words}"),
                "owner": person,
                "feature": feature,
                "likely": 3,
                "deadline": today + 9 * day,
            }
            for words in ("task", "task before it")
        ],
        by=by,
    )
    milestone = Task.objects.add(
        workstream=workstream, title=text("milestone")[:300], kind=Task.Kind.MILESTONE, fixed_on=today, by=by
    )
    TaskDates.objects.bulk_create(
        TaskDates(task=one, starts_on=today, ends_on=today + 4 * day, likely_by=today + 6 * day)
        for one in (task, before)
    )
    Forecast.objects.create(
        release=release,
        at=timezone.now(),
        target_on=release.target_on,
        planned_on=today + 4 * day,
        p50_on=today + 5 * day,
        p85_on=today + 6 * day,
        p95_on=today + 9 * day,
        chance=0.1,
        runs=1000,
        finishes={str(today + 5 * day): 1000},
        drivers=[[task.key, 0.6]],
    )
    task_link = TaskLink.objects.add(task=task, predecessor=before, by=by)
    baseline = PlanBaseline.objects.keep(release, by=by)
    speaker = Person.objects.add(name=text("speaker")[:120], department=department, by=by)
    gate, passed = Gate.objects.add_many(
        [
            {
                "release": release,
                "name": text(words)[:120],
                "milestone": milestone,
                "decide_by": today + day,
                "quorum": 1,
                "approving_roles": [role],
                "approving_people": [speaker],
            }
            for words in ("gate", "gate that is passed")
        ],
        by=by,
    )
    criterion = GateCriterion.objects.add(
        gate=gate, text=text("what must hold")[:300], department=department, owner=person, by=by
    )
    criterion.say("met", note=text("word")[:300], by=by)
    evidence: list[dict[str, Any]] = [
        {"kind": "link", "link": "https://example.com/"},
        {"kind": "metric", "metric": metric, "bound": 5},
        {"kind": "task", "task": task},
        {"kind": "rule", "rule": "RL102"},
    ]
    GateCriterion.objects.add_many(
        [{"gate": one, "text": text("criterion shown")[:300], **how} for one in (gate, passed) for how in evidence],
        by=by,
    )
    [vote] = gate.vote(Choice.GO, reason=text("vote's reason"), person=speaker, by=by, today=today)
    passed.change(decide_by=today, by=by)
    passed.vote(Choice.GO, reason=text("vote's reason"), person=speaker, by=by, today=today)
    decision = passed.decide(Choice.GO, reason=text("decision's reason"), by=by, today=today)
    audience, unheard = Audience.objects.add_many(
        [
            {"name": text(words)[:120], "description": text(f"about the {words}"), "department": department}
            for words in ("audience", "audience that hears nothing")
        ],
        by=by,
    )
    release.affect([audience, unheard], by=by)
    communication = Communication.objects.add(
        release=release,
        audience=audience,
        message=text("message")[:300],
        owner=person,
        needs=task,
        goes_out_on=today - 4 * day,
        link="https://example.com/text",
        by=by,
    )
    risk = Risk.objects.add(
        product=product,
        title=text("risk")[:300],
        description=text("about the risk"),
        mitigation=text("what is done about it"),
        probability=30,
        likely=10,
        owner=person,
        by=by,
    )
    risk_hit = RiskHit.objects.add(risk=risk, task=task, note=text("how it hits")[:300], by=by)
    day_rate = DayRate.objects.add(department=department, amount=600, by=by)
    budget = Budget.objects.add(workstream=workstream, amount=1000, note=text("why so much")[:300], by=by)
    purchase = Purchase.objects.add(workstream=workstream, title=text("purchase")[:300], amount=400, by=by)
    template = ReleaseTemplate.objects.add(
        name=text("template")[:120], description=text("about it")[:300], plan=PLAN, by=by
    )
    step = RunbookStep.objects.add(
        release=release,
        title=text("step")[:300],
        description=text("about the step"),
        works_when=text("proof of the step")[:500],
        rollback=text("way back"),
        owner=person,
        department=department,
        by=by,
    )
    RunbookStep.objects.add(release=release, title=text("step after it")[:300], planned="T+15", by=by)
    LaunchEntry.objects.remark(release, text("remark"), by=by)
    out = Release.objects.add(
        product=product,
        name=text("released")[:120],
        target_on=today - 9 * day,
        status=Release.Status.RELEASED,
        released_on=today - 9 * day,
        by=by,
    )
    review = LaunchReview.objects.add(release=out, owner=person, due_on=today, summary=text("summary"), by=by)
    note = ReviewNote.objects.add(
        review=review, kind=ReviewNote.Kind.KEEP, text=text("note")[:1000], department=department, by=by
    )
    follow_up = FollowUp.objects.add(review=review, title=text("follow-up")[:300], owner=person, due_on=today, by=by)

    scenario = Scenario.objects.add(
        release=release,
        name=text("scenario")[:120],
        note=text("about the scenario"),
        changes=[f"estimate {task.key} 2", f"drop {before.key}"],
        by=by,
    )
    ScenarioRun.objects.filter(scenario=scenario).update(
        state=ScenarioRun.State.DONE, at=timezone.now(), **_sides(release, task, department, today)
    )

    checking.check(by.workspace, today=today)
    waived = Finding.objects.filter(workspace=by.workspace, code="BL101").order_by("pk").first()
    assert waived
    waived.waive(reason=text("waiver's reason"), until=today + 30 * day, by=by, today=today)
    RuleSetting.objects.configure(registry.rule("BL101"), severity=4, by=by)
    finding = Finding.objects.filter(workspace=by.workspace, code="BL102").order_by("pk").first()
    assert finding

    ExternalId.objects.create(
        workspace=by.workspace,
        source=text("source")[:60],
        record_id=text("record")[:400],
        content_type=ContentType.objects.get_for_model(Feature),
        object_id=feature.pk,
        record={text("field"): text("value")},
    )
    feed, ticket = CalendarFeed.objects.issue(release, by=by)
    token, _ = APIToken.objects.issue(text("token")[:80], "read", expires_at=timezone.now() + 30 * day, by=by)
    return World(
        owner=by,
        other=other,
        department=department,
        team=team,
        person=person,
        identity=person.identities.get(),
        product=product,
        secret=secret,
        role=role,
        objective=objective,
        key_result=key_result,
        metric=metric,
        measurement=measurement,
        feature=feature,
        needed=needed,
        initiative=initiative,
        requirement=requirement,
        dependency=dependency,
        tag=tag,
        release=release,
        absence=absence,
        freeze=freeze,
        workstream=workstream,
        task=task,
        task_link=task_link,
        baseline=baseline,
        template=template,
        gate=gate,
        criterion=criterion,
        vote=vote,
        decision=decision,
        step=step,
        review=review,
        note=note,
        follow_up=follow_up,
        audience=audience,
        communication=communication,
        feed=feed,
        ticket=ticket,
        agreement=agreement,
        risk=risk,
        risk_hit=risk_hit,
        day_rate=day_rate,
        budget=budget,
        purchase=purchase,
        scenario=scenario,
        finding=finding,
        waived=waived,
        import_run=imported(by, text),
        invitation=Invitation.objects.invite(f"zoe@{by.workspace.slug}.example", Seat.EDITOR, by=by),
        token=token,
        view=SavedView.objects.keep(text("view")[:80], page="backlog", query="status=planned", shared=True, by=by),
        export=exported(by),
    )


def _sides(release: Release, task: Task, department: Department, today: date) -> dict[str, Any]:
    """What a scenario would do."""

    def side(days: int) -> dict[str, Any]:
        on = f"{today + timedelta(days=days)}"
        dates = dict.fromkeys(("target_on", "planned_on", "p50_on", "p85_on", "p95_on"), on)
        return {
            "against": [],
            "releases": {release.key: {**dates, "chance": 0.5}},
            "tasks": {task.key: {"starts_on": on, "ends_on": on, "slack": 0, "critical": True, "likely_by": on}},
            "load": {department.key: 0.7},
            "person_days": 4.0,
            "drivers": [],
        }

    return {"before": side(5), "after": side(3)}


def exported(by: Member) -> Export:
    export: Export = Export.objects.ask(by=by)
    export.make()
    return export


def imported(by: Member, text: Write) -> ImportRun:
    """An import that ended, with something to say about every kind of trouble."""
    mapping = Mapping.parse(
        "source: people\nimports:\n  - {entity: person, external_id: handle, fields: {name: handle}}\n"
    )
    notes = [
        Note(kind, text(f"note {kind}"), "person", text("field")[:60], text("people.csv")[:400], 2) for kind in Kind
    ]
    report = Report(dry=False, counts={"person": Counts(1, 1, 1, 1)}, notes=dict.fromkeys(Kind, 1))
    return ImportRun.objects.note_down(report, notes, label=text("people.csv")[:200], mapping=mapping, by=by)


def crowd(world: World, many: int) -> None:
    """Hang many more rows of each kind on the same ones, so that every page has that much to show."""
    by, numbers = world.owner, count(1)

    def named(words: str) -> str:
        return f"{words} {next(numbers)} of {many}"

    def add(model: Any, **fields: Any) -> list[Any]:
        label = "name" if any(field.name == "name" for field in model._meta.fields) else "title"
        rows = [{label: named(model._meta.verbose_name), **fields} for _ in range(many)]
        return list(model.objects.add_many(rows, by=by))

    add(Department)
    add(Team, department=world.department, parent=world.team)
    people = add(Person, department=world.department)
    world.person.memberships.model.objects.join_many([(one, world.team) for one in people], by=by)
    add(Product)
    add(Role, product=world.product, department=world.department)
    add(Objective, parent=world.objective, product=world.product, owner=world.person, team=world.team)
    add(KeyResult, objective=world.objective, target=9, owner=world.person)
    add(Metric, product=world.product, department=world.department, owner=world.person)
    first = date(2000, 1, 1) + timedelta(days=Measurement.objects.count())
    days = [first + timedelta(days=n) for n in range(many)]
    Measurement.objects.add_many([{"metric": world.metric, "on": on, "value": 7} for on in days], by=by)
    features = add(Feature, product=world.product, owner=world.person, team=world.team, initiative=world.initiative)
    Feature.objects.change_many(
        [(one, {"objectives": [world.objective], "status": Feature.Status.PLANNED}) for one in features], by=by
    )
    add(Feature, product=world.product, status=Feature.Status.PLANNED)
    add(Requirement, feature=world.feature)
    Dependency.objects.add_many([{"feature": world.feature, "needs": one} for one in features], by=by)
    releases = add(Release, product=world.product, target_on=timezone.localdate() - timedelta(days=2))
    assert releases
    tasks = add(Task, workstream=world.workstream, owner=world.person, feature=world.feature, likely=2)
    today = timezone.localdate()
    TaskDates.objects.bulk_create(TaskDates(task=one, starts_on=today, ends_on=today) for one in tasks)
    TaskLink.objects.add_many([{"task": world.task, "predecessor": one} for one in tasks], by=by)
    add(ReleaseTemplate, plan=PLAN)
    add(Gate, release=world.release, approving_roles=[world.role], approving_people=[world.person])
    criteria = [{"gate": world.gate, "text": named("criterion"), "kind": "task", "task": one} for one in tasks]
    GateCriterion.objects.add_many(criteria, by=by)
    said = {"gate": world.gate, "person": world.person, "role": world.role, "choice": Choice.GO, "recorded_by": by}
    Vote.objects.add_many([{**said, "reason": named("vote")} for _ in range(many)], by=by)
    add(RunbookStep, release=world.release, owner=world.person, department=world.department)
    for n in range(many):
        LaunchEntry.objects.note(world.release, f"remark {n}", by=by)
    ReviewNote.objects.add_many(
        [{"review": world.review, "kind": "keep", "text": named("note")} for _ in range(many)], by=by
    )
    add(FollowUp, review=world.review, owner=world.person)
    audiences = add(Audience, department=world.department, owner=world.person)
    world.release.affect(audiences[: many // 2], by=by)
    told = [
        {"release": world.release, "audience": one, "message": named("message"), "needs": task, "goes_out_on": today}
        for one, task in zip(audiences, tasks, strict=True)
    ]
    Communication.objects.add_many([{**one, "owner": world.person} for one in told], by=by)
    for one in releases[: min(many, 100)]:
        CalendarFeed.objects.issue(one, by=by)
    more = [{"release": one, "audience": world.audience, "message": named("message")} for one in releases]
    Communication.objects.add_many([{**one, "owner": world.person, "goes_out_on": today} for one in more], by=by)
    risks = add(Risk, product=world.product, probability=30, likely=3, owner=world.person)
    RiskHit.objects.add_many([{"risk": one, "release": world.release} for one in risks], by=by)
    RiskHit.objects.add_many([{"risk": world.risk, "task": one} for one in tasks], by=by)
    add(Scenario, release=world.release)
    Workstream.objects.add_many([{"release": one, "department": world.department} for one in releases], by=by)
    Budget.objects.add_many([{"release": one, "amount": 9} for one in releases], by=by)
    add(Purchase, workstream=world.workstream, amount=9)
    absent = [{"person": world.person, "starts_on": today, "ends_on": today} for _ in range(many)]
    Absence.objects.add_many(absent, by=by)
    frozen = {"starts_on": today, "ends_on": today, "product": world.product, "departments": [world.department]}
    add(FreezeWindow, **frozen)
    world.release.take(features, by=by, reason=named("reason"))
    ScopeBaseline.objects.add_many([{"release": world.release} for _ in range(many)], by=by)
    world.release.drop(features[: many // 2], by=by)
    tags = Tag.named([named("tag") for _ in range(many)], workspace=by.workspace)
    world.feature.change(tags=[world.tag, *tags], by=by)
    seats = User.objects.bulk_create(
        User(email=f"{named('user').replace(' ', '')}@{by.workspace.slug}.example", name=named("User"))
        for _ in range(many)
    )
    members = Member.objects.bulk_create(Member(workspace=by.workspace, user=user, role=Seat.VIEWER) for user in seats)
    world.secret.change(members=[world.other, *members], by=by)
    Invitation.objects.bulk_create(
        Invitation(
            workspace=by.workspace,
            email=f"{named('guest').replace(' ', '')}@{by.workspace.slug}.example",
            role=Seat.VIEWER,
            invited_by=by,
            expires_at=timezone.now() + timedelta(days=9),
        )
        for _ in range(many)
    )
    ends = timezone.now() + timedelta(days=9)
    for _ in range(min(many, 100)):
        APIToken.objects.issue(named("token"), "read", expires_at=ends, by=by)
        SavedView.objects.keep(named("view"), page="backlog", query="", shared=True, by=by)
        imported(by, str)
    checking.check(by.workspace, today=timezone.localdate())

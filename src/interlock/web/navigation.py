"""The places of a workspace: what the side navigation, the command palette and the list of keys show."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.urls import NoReverseMatch, reverse

from interlock.alignment.models import Finding
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action

MANY = 999


@dataclass(frozen=True)
class Place:
    name: str  # of the URL
    label: str
    says: str
    key: str = ""  # g and this letter goes there
    action: Action = Action.READ
    counts: bool = False
    url: str = ""
    current: str = ""
    count: str = ""


GROUPS = (
    (
        Place("home", "Home", "What needs me now", "h"),
        Place("alignment", "Alignment", "Where departments pull apart", "a", counts=True),
    ),
    (
        Place("objectives", "Strategy", "Objectives and key results", "o"),
        Place("backlog", "Backlog", "Features, in order", "b"),
        Place("releases", "Releases", "What ships when", "r"),
        Place("risks", "Risks", "What may go wrong", "k"),
    ),
    (
        Place("people", "People", "Departments, teams and persons", "p"),
        Place("products", "Products", "What is planned, and who sees it", "d"),
    ),
    (
        Place("imports", "Imports", "Bring a plan in from files", "i", Action.IMPORT),
        Place("audit", "History", "Who changed what", "y", Action.READ_AUDIT),
        Place("settings", "Settings", "Members, rules and tokens", "s"),
    ),
)

# Where the palette leads besides.
BEYOND = (
    Place("portfolio", "Portfolio", "All releases over time, the load of departments, collisions"),
    Place("freezewindows", "Freeze windows", "When nothing launches"),
    Place("releasetemplates", "Release templates", "What each department does before a launch"),
    Place("absences", "Absences", "Who is away when"),
)


@dataclass(frozen=True)
class Creation:
    name: str
    label: str
    action: Action = Action.EDIT
    entitled: bool = False  # the address takes ?title=


CREATIONS = (
    Creation("feature-new", "New feature", entitled=True),
    Creation("objective-new", "New objective", entitled=True),
    Creation("release-new", "New release"),
    Creation("metric-new", "New metric"),
    Creation("freezewindow-new", "New freeze window"),
    Creation("absence-new", "New absence"),
    Creation("risk-new", "New risk", entitled=True),
    Creation("product-new", "New product"),
    Creation("person-new", "New person"),
    Creation("team-new", "New team"),
    Creation("department-new", "New department"),
    Creation("import-new", "Import a file", Action.IMPORT),
    Creation("invitation-new", "Invite a member", Action.MANAGE_MEMBERS),
)


def open_to(member: Member, action: Action) -> bool:
    """Whether the member has any use for a place: guests have for reading, though they see little."""
    return bool(member.reach(action).value != "nothing")


def places(member: Member, *, path: str = "") -> list[list[Place]]:
    """The groups of places as this member has them; counts are of what they may see."""
    groups = []
    for group in GROUPS:
        shown = [
            _shown(place, member, path)
            for place in group
            if open_to(member, place.action) and there(place.name, member)
        ]
        if shown:
            groups.append(shown)
    return _innermost(groups)


def beyond(member: Member) -> list[Place]:
    """Pages that lie under others, and are not for guests."""
    return [_shown(place, member, "") for place in BEYOND if member.reads_all and there(place.name, member)]


def _innermost(groups: list[list[Place]]) -> list[list[Place]]:
    """Of places that lie in each other, one is where we are: the history, and not the settings around it."""
    here = max((place for group in groups for place in group if place.current), key=lambda p: len(p.url), default=None)
    return [[place if place is here else replace(place, current="") for place in group] for group in groups]


def there(name: str, member: Member) -> bool:
    """Until every room has its pages."""
    try:
        return bool(reverse(name, args=[member.workspace.slug]))
    except NoReverseMatch:
        return False


def _shown(place: Place, member: Member, path: str) -> Place:
    url = reverse(place.name, args=[member.workspace.slug])
    inside = path == url or (place.name != "home" and path.startswith(url))
    current = "page" if path == url else "true" if inside else ""
    count = ""
    if place.counts:
        # Counting stops early: beyond a thousand, nobody asks how many.
        number = Finding.objects.visible_to(member).open().order_by()[: MANY + 1].count()
        count = f"{MANY}+" if number > MANY else str(number or "")
    return replace(place, url=url, current=current, count=count)


def creations(member: Member) -> Iterator[tuple[Creation, str]]:
    for creation in CREATIONS:
        if open_to(member, creation.action) and there(creation.name, member):
            yield creation, reverse(creation.name, args=[member.workspace.slug])

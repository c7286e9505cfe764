"""The tabs of a release: what lower rooms know of it stands on tabs of their own.

    add_tab("readiness", "Readiness", order=30)

The first word is what the tab's page says that it is (`{% release_tabs release "readiness" %}`), and names its address:
“release-readiness”, with the keys of the workspace and the release.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interlock.workspaces.permissions import Action

if TYPE_CHECKING:
    from interlock.releases.models import Release


def _always(release: "Release") -> bool:
    return True


@dataclass(frozen=True, order=True)
class Tab:
    order: int
    word: str
    label: str
    address: str
    # Of which releases.
    of: Callable[["Release"], bool] = field(default=_always, compare=False)
    # Who may do this sees it; guests see what is in a release alone.
    action: Action = Action.READ


_tabs: set[Tab] = {
    Tab(10, "scope", "Scope", "release"),
    Tab(20, "plan", "Plan", "release-plan"),
    Tab(25, "scenarios", "Scenarios", "release-scenarios"),
    Tab(70, "budget", "Budget", "release-budget", action=Action.READ_COSTS),
}


def add_tab(word: str, label: str, *, order: int, of: Callable[["Release"], bool] = _always) -> None:
    _tabs.add(Tab(order, word, label, f"release-{word}", of))


def tabs(release: "Release") -> list[Tab]:
    return sorted(tab for tab in _tabs if tab.of(release))

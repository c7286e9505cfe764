"""The tabs of a release: what lower rooms know of it stands on tabs of their own.

    add_tab("readiness", "Readiness", order=30)

The first word is what the tab's page says that it is (`{% release_tabs release "readiness" %}`), and names its address:
“release-readiness”, with the keys of the workspace and the release.
"""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Tab:
    order: int
    word: str
    label: str
    address: str


_tabs: set[Tab] = {Tab(10, "scope", "Scope", "release"), Tab(20, "plan", "Plan", "release-plan")}


def add_tab(word: str, label: str, *, order: int) -> None:
    _tabs.add(Tab(order, word, label, f"release-{word}"))


def tabs() -> list[Tab]:
    return sorted(_tabs)

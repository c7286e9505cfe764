"""The rules there are: every subclass of Rule with a code, in the `rules` module of an installed app."""

from collections.abc import Iterator

from django.utils.module_loading import autodiscover_modules

from interlock.alignment.rule import Rule
from interlock.workspaces.models import Member

_rules: dict[str, Rule] = {}


def discover() -> None:
    autodiscover_modules("rules")
    for rule in sorted(_below(Rule), key=lambda cls: cls.code):
        register(rule())


def register(rule: Rule) -> None:
    known = _rules.setdefault(rule.code, rule)
    if type(known) is not type(rule):
        raise ValueError(f"two rules have the code {rule.code}: {type(rule)} and {type(known)}")


def _below(cls: type[Rule]) -> Iterator[type[Rule]]:
    for one in cls.__subclasses__():
        if one.code:
            yield one
        yield from _below(one)


def rules() -> list[Rule]:
    return list(_rules.values())


def codes() -> frozenset[str]:
    return frozenset(_rules)


def codes_for(member: Member) -> frozenset[str]:
    """Of the rules whose findings this member may read."""
    return frozenset(code for code, rule in _rules.items() if member.may(rule.tells))


def rule(code: str) -> Rule:
    return _rules[code]

from django import template

from interlock.alignment.models import Finding
from interlock.alignment.rule import Fix
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action, Reach

register = template.Library()


@register.filter
def fixes_for(finding: Finding, member: Member) -> list[Fix]:
    """The ways out that this member can take. Who may change only what is theirs is offered what concerns them."""
    if finding.status == Finding.Status.RESOLVED or not finding.can_be_fixed_by(member):
        return []
    if member.reach(Action.EDIT) is not Reach.ALL and all(p.member_id != member.pk for p in finding.people.all()):
        return []
    return finding.fixes


@register.filter
def evidence_for(finding: Finding, member: Member) -> str:
    return finding.evidence_for(member)


@register.filter
def may_waive(member: Member) -> bool:
    return member.can(Action.CONTRIBUTE)

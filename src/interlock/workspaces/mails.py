from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone

from interlock.workspaces.models import Invitation


def invite(invitation: Invitation) -> None:
    inviter = str(invitation.invited_by)
    context = {
        "invitation": invitation,
        "inviter": inviter,
        "url": f"{settings.BASE_URL}{invitation.get_absolute_url()}",
    }
    EmailMessage(
        subject=_one_line(f"{inviter} invites you to {invitation.workspace.name}"),
        body=render_to_string("workspaces/mails/invitation.txt", context),
        to=[invitation.email],
        headers={"Auto-Submitted": "auto-generated"},
    ).send()
    invitation.mailed_at = timezone.now()
    invitation.save(update_fields=["mailed_at"])


def _one_line(text: str) -> str:
    """Names are written by people, and a line break in one would end the header."""
    return " ".join(text.split())

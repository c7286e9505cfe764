from django.utils import timezone

from interlock.jobs import every, job
from interlock.workspaces import mails
from interlock.workspaces.models import AnsweredRequest, Invitation, Workspace
from interlock.workspaces.post import open_letter
from interlock.workspaces.purging import purge


@job(retries=8, queue="mail")
def deliver(sealed: str) -> None:
    open_letter(sealed).send()


@job(retries=8, queue="mail")
def mail_invitation(invitation_id: int) -> None:
    invitation = Invitation.objects.select_related("workspace", "invited_by__user").filter(pk=invitation_id).first()
    if invitation and invitation.open:
        mails.invite(invitation)


@every(hours=1)
def purge_deleted_workspaces() -> None:
    for workspace in Workspace.objects.past_grace(now=timezone.now()):
        purge(workspace)


@every(hours=1)
def forget_answered_requests() -> None:
    AnsweredRequest.objects.old().delete()

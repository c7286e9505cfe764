from typing import Any

from django.db.models import Q

from interlock.launch.models import Communication
from interlock.organisation.forms import day
from interlock.people.models import Audience
from interlock.workspaces.forms import MemberForm, PlanForm, RowsField


class _EntryForm(PlanForm):
    class Meta(PlanForm.Meta):
        labels = {
            "message": "What they are told",
            "goes_out_on": "Goes out on",
            "needs": "Waits for",
            "link": "Where the text is",
        }
        help_texts = {
            "needs": "A task or milestone of the release that must be done before.",
            "link": "Its address, such as https://docs.example.com/launch-mail.",
        }


class CommunicationForm(_EntryForm):
    class Meta(_EntryForm.Meta):
        model = Communication
        fields = ("message", "audience", "channel", "goes_out_on", "owner", "status", "sent_on", "needs", "link")
        labels = {**_EntryForm.Meta.labels, "sent_on": "Went out on"}

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        if "needs" in self.fields:
            of_release(self.fields["needs"], self.instance.release_id)
            self.fields["needs"].serve(self.by, held=self.instance.needs)  # type: ignore[attr-defined]


class CommunicationAddForm(_EntryForm):
    class Meta(_EntryForm.Meta):
        model = Communication
        fields = ("audience", "message", "channel", "goes_out_on", "owner", "needs", "link")

    def __init__(self, *args: Any, release: int, **how: Any) -> None:
        super().__init__(*args, **how)
        of_release(self.fields["needs"], release)
        self.fields["needs"].serve(self.by)  # type: ignore[attr-defined]


def of_release(field: Any, release: int) -> None:
    """Offer its own tasks and milestones alone."""
    field.only = Q(workstream__release=release, workstream__archived_at=None)


class SentForm(MemberForm):
    on = day(label="Went out on")


class AffectForm(MemberForm):
    audiences = RowsField(Audience, label="Audiences", help_text="Each is to hear of it before customers have it.")

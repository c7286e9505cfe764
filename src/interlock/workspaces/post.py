"""Mails about accounts leave behind the request: a mail server that hangs holds up nobody.

Until then they wait in the database, where the links in them would open accounts; so they wait sealed.
"""

import json

from django.core.mail import EmailMessage

from interlock.workspaces.sealing import seal, unseal

PURPOSE = "mail"


def send_soon(message: EmailMessage) -> None:
    from interlock.workspaces.tasks import deliver

    letter = {"subject": message.subject, "body": message.body, "to": message.to, "from_email": message.from_email}
    deliver.enqueue(sealed=seal(json.dumps(letter), PURPOSE))


def open_letter(sealed: str) -> EmailMessage:
    return EmailMessage(**json.loads(unseal(sealed, PURPOSE)), headers={"Auto-Submitted": "auto-generated"})

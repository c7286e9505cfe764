"""A client that plans without pause, and says what was acknowledged: for tests that kill it, or the database under it.

Run as a process: `python -m tests.crashes.writer WORKSPACE`. After each transaction that the database has
acknowledged it prints one line of JSON. A transaction adds a feature and plans it for a release, so that one
done by halves can be told from one done or undone.
"""

import json
import os
import sys
from itertools import count

import django


def main(slug: str) -> None:
    django.setup()
    from django.db import connection, transaction

    from interlock.backlog.models import Feature
    from interlock.releases.models import Release
    from interlock.workspaces.models import Member

    member = Member.objects.select_related("workspace").filter(workspace__slug=slug).latest("pk")
    release = Release.objects.get(workspace=member.workspace)
    sqlite = connection.vendor == "sqlite"
    if sqlite:
        with connection.cursor() as cursor:
            # The log must only grow, so that its length at each acknowledgement tells how much of it had to be kept.
            cursor.execute("PRAGMA wal_autocheckpoint=0")
            durable = cursor.execute("PRAGMA synchronous").fetchone()[0] == 2
    for n in count():
        with transaction.atomic():
            feature = Feature.objects.add(product=release.product, title=f"{os.getpid()}-{n}", by=member)
            release.take([feature], by=member)
        log = os.stat(f"{connection.settings_dict['NAME']}-wal").st_size if sqlite else 0
        told = {"feature": feature.pk, "log": log, "durable": not sqlite or durable}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])

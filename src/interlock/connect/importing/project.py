"""What a plan of Microsoft Project becomes in a release: the mapping that its page takes for it."""

import json

from interlock.releases.models import Release

MAPPING = """\
# How a plan of Microsoft Project becomes the plan of {release}.
source: {source}
title: {title}
imports:
  - entity: workstream
    files: {files}
    format: project-xml
    records: departments[]
    external_id: uid
    fields:
      release: {{value: {key}, by: key}}
      department: {{from: name, by: name, on_missing: refuse}}
      note: note

  - entity: task
    files: {files}
    format: project-xml
    records: tasks[]
    external_id: uid
    # What was fetched from here is known again by its key, as long as it is of this release.
    key: {{template: "{{^release}} {{key}}", do: [{{matching: "^{key} TASK-"}}, {{remove_prefix: "{key} "}}]}}
    fields:
      workstream: {{from: department, by: id}}
      title: title
      description: description
      kind: kind
      status: status
      owner: {{from: owner, by: name}}
      optimistic: optimistic
      likely: likely
      pessimistic: pessimistic
      remaining: remaining
      people: people
      not_before: not_before
      fixed_on: fixed_on
      deadline: deadline
      started_on: started_on
      done_on: done_on

  - entity: task_link
    files: {files}
    format: project-xml
    records: links[]
    external_id: id
    fields:
      task: {{from: task, by: id}}
      predecessor: {{from: predecessor, by: id}}
      kind: kind
      lag_days: lag_days
"""


def mapping_for(release: Release) -> str:
    """One project a release: the same numbers in it are the same tasks next time."""
    return MAPPING.format(
        release=f"{release.key} {' '.join(str(release).split())}",
        source=json.dumps(f"project {release.key}"),
        title=json.dumps(f"Microsoft Project into {release.key}"),
        files='"**/*"',
        key=release.key,
    )

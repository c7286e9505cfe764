"""A rule's docstring, taken apart: it is the rule's page."""

import inspect
import re
from dataclasses import dataclass

from interlock.alignment.rule import Rule

PARTS = ("Why", "Wrong", "Right")


@dataclass(frozen=True)
class Explanation:
    says: str
    details: str
    why: str
    source: str
    wrong: str
    right: str


def explain(rule: Rule) -> Explanation:
    """`Why:` ends with its source, on a line of its own or several."""
    text = inspect.getdoc(rule) or ""
    head, *rest = re.split(rf"^({'|'.join(PARTS)}):", text, flags=re.MULTILINE)
    parts = dict(zip(rest[::2], (part.strip() for part in rest[1::2]), strict=True))
    says, _, details = head.strip().partition("\n")
    why, _, source = parts.get("Why", "").partition("\n")
    lines = [why, *source.splitlines()]
    # The source begins with the line that names a year: “Locke & Latham (2002), …”, “ISO/IEC/IEEE 29148:2018, …”
    cut = next((n for n, line in enumerate(lines) if n and re.search(r"\(\d{4}\)|:\d{4}\b", line)), len(lines))
    return Explanation(
        says=says,
        details=details.strip(),
        why=" ".join(lines[:cut]).strip(),
        source=" ".join(lines[cut:]).strip(),
        wrong=parts.get("Wrong", ""),
        right=parts.get("Right", ""),
    )

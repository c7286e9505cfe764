from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from interlock.alignment import registry
from interlock.alignment.explaining import explain
from interlock.alignment.rule import Rule


class Command(BaseCommand):
    help = "Write the pages of docs/rules from the rules' docstrings."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/rules"))

    def handle(self, *, folder: Path, **options: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        written = pages()
        for name, text in written.items():
            (folder / name).write_text(text, encoding="utf-8")
        for page in folder.glob("*.md"):
            if page.name not in written:
                page.unlink()


def pages() -> dict[str, str]:
    """File name → text, of the index and of every rule."""
    rules = sorted(registry.rules(), key=lambda rule: rule.code)
    return {"index.md": index(rules)} | {f"{rule.code}.md": page(rule) for rule in rules}


def index(rules: list[Rule]) -> str:
    rows = [
        f"| [{rule.code}]({rule.code}.md) | {rule.name} | {rule.severity.label} | {rule.dimension.value} "
        f"| {explain(rule).says} |"
        for rule in rules
    ]
    return "\n".join(
        [
            "# Rules\n",
            "What Interlock checks. The severity is the one a rule comes with; a workspace may choose another,",
            "and a product again. [Add a rule](../howto/add-a-rule.md) says how to write one.\n",
            "| code | name | severity | dimension | finds |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def page(rule: Rule) -> str:
    told = explain(rule)
    lines = [f"# {rule.code} {rule.name}\n", f"{told.says} {told.details}".strip() + "\n"]
    lines += [f"**Severity** {rule.severity.label} · **Dimension** {rule.dimension.value}\n"]
    lines += ["## Why\n", told.why[:1].upper() + told.why[1:] + "\n", told.source + "\n"]
    lines += ["## Wrong and right\n", f"- Wrong: {told.wrong}", f"- Right: {told.right}\n"]
    lines += ["## Ways out\n", *(f"- {fix.label}" for fix in rule.fixes), ""]
    if rule.settings:
        lines += ["## Settings\n", "| name | default |", "| --- | --- |"]
        lines += [f"| `{name}` | {value} |" for name, value in rule.settings.items()] + [""]
    return "\n".join(lines)

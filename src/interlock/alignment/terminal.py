"""What a check has to say, at a terminal. Apart from the other reports, since no web process needs colours."""

from rich.console import Console
from rich.text import Text

from interlock.alignment.report import Report
from interlock.alignment.rule import Severity

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "blue"}


def show(report: Report, console: Console) -> None:
    console.print(Text(f"{report.workspace.name}: {report.headline}", style="bold"))
    for name, value in report.dimensions.items():
        console.print(Text(f"  {name:<14}{value:>4.0f}"))
    for severity, rule, found in report.groups():
        console.print()
        head = Text(f"{severity.label} {rule.code} ", style=f"bold {COLOURS[severity]}")
        console.print(head.append(rule.name, style="default").append(f" ({len(found)})", style="dim"))
        for finding in found:
            console.print(Text(f"  {finding.says}"))
            console.print(Text(f"    {finding.evidence}", style="dim"))
            console.print(Text(f"    {report.concerns(finding)}", style="dim"))

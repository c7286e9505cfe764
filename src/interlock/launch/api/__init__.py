from interlock.launch.api import gates, review, runbook

__all__ = ["gates", "review", "runbook"]

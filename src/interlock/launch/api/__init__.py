from interlock.launch.api import communication, gates, review, runbook

__all__ = ["communication", "gates", "review", "runbook"]

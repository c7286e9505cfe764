from interlock.jobs import every
from interlock.web import live


@every(minutes=5)
def prune_live_events() -> None:
    live.prune()

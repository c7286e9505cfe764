from interlock.launch.api import gates  # noqa: F401

from interlock.connect.api import exports, imports

__all__ = ["exports", "imports"]

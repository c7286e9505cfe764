from interlock.launch.demo.gates import decide

__all__ = ["decide"]

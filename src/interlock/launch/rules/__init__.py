from interlock.launch.rules.gates import GateWithoutApprover

__all__ = ["GateWithoutApprover"]

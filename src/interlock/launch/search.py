from interlock.launch.models import Communication, Gate
from interlock.workspaces.indexing import indexes


@indexes(Gate, "release", follows="release")
def gate(gate: Gate) -> str:
    return gate.release.name


@indexes(Communication, "release", "audience", follows="release")
def communication(communication: Communication) -> str:
    return f"{communication.audience} {communication.get_channel_display()}"

from interlock.launch.models import Gate
from interlock.workspaces.indexing import indexes


@indexes(Gate, "release", follows="release")
def gate(gate: Gate) -> str:
    return gate.release.name

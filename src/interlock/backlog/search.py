from interlock.backlog.models import Feature, Requirement
from interlock.workspaces.indexing import indexes


@indexes(Feature)
def feature(feature: Feature) -> str:
    return feature.description


@indexes(Requirement, "feature__workspace", follows="feature")
def requirement(requirement: Requirement) -> str:
    return "\n".join([requirement.description, *requirement.criteria])

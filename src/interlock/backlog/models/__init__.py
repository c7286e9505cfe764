from interlock.backlog.models.dependency import Dependency
from interlock.backlog.models.feature import Feature, Tag
from interlock.backlog.models.requirement import Requirement

__all__ = ["Dependency", "Feature", "Requirement", "Tag"]

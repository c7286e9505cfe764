from interlock.people.models import Audience, Role
from interlock.workspaces.indexing import indexes


@indexes(Role, "product", follows="product")
def role(role: Role) -> str:
    return role.purpose


@indexes(Audience)
def audience(audience: Audience) -> str:
    return audience.description

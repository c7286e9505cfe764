from interlock.people.models import Role
from interlock.workspaces.indexing import indexes


@indexes(Role, "product", follows="product")
def role(role: Role) -> str:
    return role.purpose

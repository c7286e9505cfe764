from interlock.organisation.models import Department, Person, Product, Team
from interlock.workspaces.indexing import indexes


@indexes(Product)
def product(product: Product) -> str:
    return product.description


@indexes(Department)
def department(department: Department) -> str:
    return ""


@indexes(Team, "department", follows="department")
def team(team: Team) -> str:
    return f"{team.department.name}\n{team.purpose}"


@indexes(Person)
def person(person: Person) -> str:
    return f"{person.title}\n{person.email}"

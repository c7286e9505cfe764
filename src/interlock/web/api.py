from typing import Annotated, Any

from django.db import models
from pydantic import Field

from interlock.web.search import search
from interlock.workspaces.indexing import indexed
from interlock.workspaces.rest import ApiRequest, Out, Page, Routes

finding = Routes("search", tag="Search")


class FoundOut(Out):
    key: str = Field(examples=["F-12"])
    kind: str = Field(examples=["Feature"])
    title: Annotated[str, Field(validation_alias="plain", examples=["Invoices in Swedish kronor"])]
    url: str


@finding.get("", response={200: Page[FoundOut]}, operation_id="search", summary="Search")
def find(
    request: ApiRequest,
    q: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$", examples=["invoices"])],
    kind: Annotated[str | None, Field(pattern="^[a-z]{1,40}$", examples=["feature"])] = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """What you may see of what matches, best first: the key itself, then titles, then texts."""
    kinds: list[type[models.Model]] = [one.model for one in indexed().values() if one.model._meta.model_name == kind]
    found = search(request.member, q, at_most=limit, kinds=kinds) if kinds or kind is None else []
    return {"items": found, "next": None}

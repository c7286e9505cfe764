"""How tests call the API: as a member, by a token of theirs."""

import json
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from interlock.workspaces.models import APIToken, Member


class Caller:
    """`caller.get("features")` asks for /api/v1/workspaces/northwind/features."""

    def __init__(self, member: Member, *, scope: str = "write", workspace: str = "", token: str = "") -> None:
        self.workspace = workspace or member.workspace.slug
        if not token:
            ends = timezone.now() + timedelta(days=1)
            _, token = APIToken.objects.issue("test", scope, expires_at=ends, by=member)
        self.token = token
        self.client = Client(headers={"Authorization": f"Bearer {token}"})

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        at = path if path.startswith("/") else f"/api/v1/workspaces/{self.workspace}/{path}"
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, at, sent, content_type="application/json", headers=told)

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("PUT", path, body, **headers)

    def patch(self, path: str, body: Any = None, *, if_match: str = "*", **headers: str) -> Any:
        return self.call("PATCH", path, body, if_match=if_match, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("DELETE", path, **headers)

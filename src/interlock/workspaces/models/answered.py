import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from interlock.workspaces.errors import DomainError
from interlock.workspaces.models.workspace import Member

KEPT = timedelta(hours=24)


class OtherRequest(DomainError):
    """The key was used for another request."""


def _digest(request: HttpRequest) -> str:
    """Of all that was asked; files are read from where they were put, not from memory."""
    digest = hashlib.sha256(f"{request.method}\0{request.get_full_path()}\0".encode())
    if request.content_type != "multipart/form-data":
        digest.update(request.body)
        return digest.hexdigest()
    for name, values in sorted(request.POST.lists()):
        digest.update(repr((name, values)).encode())
    for name in sorted(request.FILES):
        file: Any = request.FILES[name]
        digest.update(repr((name, file.name, file.size)).encode())
        for chunk in file.chunks():
            digest.update(chunk)
        file.seek(0)
    return digest.hexdigest()


class AnsweredRequestQuerySet(models.QuerySet["AnsweredRequest"]):
    def old(self) -> "AnsweredRequestQuerySet":
        return self.filter(at__lte=timezone.now() - KEPT)

    @transaction.atomic
    def once(
        self,
        request: HttpRequest,
        key: str,
        act: Callable[[], HttpResponse],
        *,
        by: Member,
        keep: bool = True,
    ) -> HttpResponse:
        """Act, unless the member's key was used already: then answer as before.

        The key is claimed, the work done and the answer kept in one transaction. Whoever sends the same key
        meanwhile waits for it; if it fails, or its process dies, the key is free again.
        """
        digest = _digest(request)
        self.old().filter(member=by, key=key).delete()
        answered, new = self.get_or_create(member=by, key=key, defaults={"digest": digest})
        if not new:
            return answered.again(digest)
        response = act()
        if keep:
            answered.body = response.content
        answered.status = response.status_code
        answered.headers = {name: response[name] for name in ("Content-Type", "ETag", "Location") if name in response}
        answered.save(update_fields=["status", "headers", "body"])
        return response


class AnsweredRequest(models.Model):
    """What a request with an Idempotency-Key was answered, kept for a day so that a retry does nothing twice."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers: Any = models.JSONField(default=dict)
    # None where the answer held a secret.
    body = models.BinaryField(null=True)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    objects = AnsweredRequestQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"

    def again(self, digest: str) -> HttpResponse:
        if digest != self.digest:
            raise OtherRequest("This Idempotency-Key was used for another request.", field="Idempotency-Key")
        if self.body is None:
            raise DomainError("This request was answered already, and its secret is told only once.")
        return HttpResponse(
            bytes(self.body), status=self.status, headers=self.headers | {"Idempotency-Replayed": "true"}
        )

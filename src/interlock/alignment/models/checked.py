import zlib
from collections.abc import Iterable
from typing import Self

from django.contrib.contenttypes.models import ContentType
from django.db import models

from interlock.organisation.models import Product
from interlock.workspaces.models import Workspace


class CheckedRowsQuerySet(models.QuerySet["CheckedRows"]):
    def of(self, workspace: Workspace, code: str, subject: type[models.Model]) -> Self:
        return self.filter(workspace=workspace, code=code, content_type=ContentType.objects.get_for_model(subject))


class CheckedRows(models.Model):
    """Which rows of one kind a rule looked at in a product (or outside all), by their numbers.

    Without this, telling what one change adds to the count or takes from it would need counting everything again.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE)
    product = models.ForeignKey(Product, models.CASCADE, null=True)
    code = models.CharField(max_length=5)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    packed = models.BinaryField()

    objects = CheckedRowsQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["workspace", "code", "content_type"], name="checked_rows_of_rule")]

    def __str__(self) -> str:
        return f"{self.code} in {self.product or self.workspace}"

    @property
    def bits(self) -> int:
        return int.from_bytes(zlib.decompress(self.packed), "little")

    @staticmethod
    def pack(bits: int) -> bytes:
        return zlib.compress(bits.to_bytes((bits.bit_length() + 7) // 8, "little"), level=1)


def bits_of(numbers: Iterable[int]) -> int:
    """A set of numbers as an integer: the bit of each is set."""
    packed = bytearray()
    for number in numbers:
        place = number >> 3
        if place >= len(packed):
            packed.extend(bytes(place + 1 - len(packed)))
        packed[place] |= 1 << (number & 7)
    return int.from_bytes(packed, "little")

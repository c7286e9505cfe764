"""How rows stand in a backup: the same, whichever database they come from or go to.

A table is a file of JSON lines, one list of values for each row, in the order of the primary key. Its checksum
is that of these lines, so that two databases hold the same exactly if the checksums agree.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import connection, models

BATCH = 2000

Convert = Callable[[Any], Any]


def moment(value: datetime) -> str:
    return str(value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value)


def canonical(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def microseconds(value: timedelta | int) -> int:
    return value if isinstance(value, int) else value // timedelta(microseconds=1)


def decimal(places: int) -> Convert:
    exponent = Decimal(1).scaleb(-places)
    return lambda value: str(Decimal(str(value)).quantize(exponent))


PACK: dict[str, Convert] = {
    "BinaryField": lambda value: base64.b64encode(value).decode(),
    "BooleanField": bool,
    "DateField": str,
    "DateTimeField": moment,
    "DurationField": microseconds,
    "GenericIPAddressField": str,
    "JSONField": canonical,
    "TimeField": str,
    "UUIDField": lambda value: value if isinstance(value, str) else value.hex,
}
UNPACK: dict[str, Convert] = {"BinaryField": base64.b64decode}
UNPACK_FOR_POSTGRESQL: dict[str, Convert] = {"DurationField": lambda value: f"{value} microseconds"}


@dataclass(frozen=True)
class Table:
    """A table and its columns, as the code, or a migration of old, describes them."""

    model: type[models.Model]

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def key(self) -> Any:
        return self.model._meta.pk

    @property
    def fields(self) -> list[Any]:
        """The key first. Code and migrations differ in the order of fields, which must not matter."""
        stored = [field for field in self.model._meta.concrete_fields if not field.generated]
        return sorted(stored, key=lambda field: (not field.primary_key, field.column))

    @property
    def columns(self) -> list[str]:
        return [field.column for field in self.fields]

    @property
    def counted(self) -> bool:
        """Whether the database numbers the rows."""
        return isinstance(self.key, models.AutoField)

    def lines(self) -> Iterator[bytes]:
        """What the table holds, in batches of lines."""
        packed = [(place, pack) for place, field in enumerate(self.fields) if (pack := self.pack(field))]
        encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
        with connection.chunked_cursor() as cursor:
            cursor.execute(self.select())
            while rows := cursor.fetchmany(BATCH):
                batch = []
                for row in map(list, rows):
                    for place, pack in packed:
                        if row[place] is not None:
                            row[place] = pack(row[place])
                    batch.append(encode(row))
                yield ("\n".join(batch) + "\n").encode()

    def select(self) -> str:
        quote = connection.ops.quote_name
        columns = ", ".join(map(quote, self.columns))
        order = quote(self.key.column)
        # The order of words must not depend on the server's language.
        if connection.vendor == "postgresql" and isinstance(kind(self.key), models.CharField):
            order += ' COLLATE "C"'
        return f"SELECT {columns} FROM {quote(self.name)} ORDER BY {order}"  # noqa: S608

    def pack(self, field: Any) -> Convert | None:
        if field.name in getattr(self.model, "secrets", ()):
            empty = None if field.null else ""
            return lambda _: empty
        field = kind(field)
        if isinstance(field, models.DecimalField):
            return decimal(field.decimal_places)
        return PACK.get(field.get_internal_type())

    def load(self, lines: Iterable[bytes]) -> None:
        unpack = UNPACK | (UNPACK_FOR_POSTGRESQL if connection.vendor == "postgresql" else {})
        converts = [unpack.get(kind(field).get_internal_type()) for field in self.fields]
        packed = [(place, convert) for place, convert in enumerate(converts) if convert]
        rows = self.rows(lines, packed)
        quote = connection.ops.quote_name
        name, columns = quote(self.name), ", ".join(map(quote, self.columns))
        if connection.vendor == "postgresql":
            with (
                connection.cursor() as cursor,
                cursor.copy(f"COPY {name} ({columns}) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join("?" * len(self.columns))
            statement = f"INSERT INTO {name} ({columns}) VALUES ({places})"  # noqa: S608
            # Django's own executemany keeps every row it was given until the last.
            while batch := list(islice(rows, BATCH)):
                connection.connection.executemany(statement, batch)

    def rows(self, lines: Iterable[bytes], packed: Sequence[tuple[int, Convert]]) -> Iterator[list[Any]]:
        for line in lines:
            row = json.loads(line)
            for place, unpack in packed:
                if row[place] is not None:
                    row[place] = unpack(row[place])
            yield row

    def sequence(self) -> int:
        """The last number that the database gave to a row, which may be gone."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"SELECT last_value FROM {self.sequence_name(cursor)}")  # noqa: S608
            else:
                cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [self.name])
            found = cursor.fetchone()
        return found[0] if found else 0

    def resume(self, last: int) -> None:
        """Have the database number new rows after this one."""
        if last < 1:
            return
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT setval(%s, %s)", [self.sequence_name(cursor), last])
            else:
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [self.name])
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [self.name, last])

    def sequence_name(self, cursor: Any) -> str:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [connection.ops.quote_name(self.name), self.key.column])
        return str(cursor.fetchone()[0])


def kind(field: Any) -> Any:
    """The field itself, or the one that a foreign key points to."""
    while field.remote_field:
        field = field.target_field
    return field

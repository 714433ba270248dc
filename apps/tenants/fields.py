"""Columns for a tenant's payloads: inputs, outputs, results, evidence. They are sealed with the tenant's data key."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query_utils import DeferredAttribute

from apps.tenants.context import current_tenant
from apps.tenants.keys import data_key, require_data_key
from apps.tenants.models import Tenant
from apps.tenants.sealing import SealBroken

_PLAIN = b"\x01"
_SEALED = b"\x02"
_HOW = "save the row (`save`, `create` and `bulk_create` seal it), or give `update` what `sealed_for(row, ...)` makes."


@dataclass(frozen=True)
class Sealed:
    """A payload as it is stored. Only its row opens it: it is bound to tenant, table, column and key of the row."""

    stored: bytes = field(repr=False)
    tenant: Tenant = field(repr=False)
    column: str
    """Table and column, with a point between."""

    def open(self, row: object) -> Any:
        """The value, for the row with this primary key. Raises `SealBroken` where the payload is not that row's own."""
        version, body = self.stored[:1], self.stored[1:]
        if version == _SEALED:
            context = _context(self.tenant, self.column, row)
            return _inflated(require_data_key(self.tenant).open(body, purpose=self.column, context=context))
        # From before data was sealed. Once all of it is, whoever can write to the database must not plant such a row.
        if version == _PLAIN and self.tenant.sealed_at is None:
            return _inflated(body)
        raise SealBroken


class PayloadAttribute(DeferredAttribute):
    """Opens a payload when somebody looks at it, so that lists which do not look pay nothing."""

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed) and instance is not None:
            value = instance.__dict__[self.field.attname] = value.open(_row(instance))
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class PayloadField(models.Field):  # type: ignore[type-arg]
    """A JSON-able value of any size, kept compressed and encrypted in `bytea`. Read and written whole, never searched.

    Saving raises `ValueError` for a value that JSON does not have, NaN and infinity included; nothing is stored then.
    The row's primary key has to be made by the program, as the payload is bound to it.
    """

    description = "JSON-able value, compressed and encrypted"
    descriptor_class = PayloadAttribute

    def get_internal_type(self) -> str:
        return "BinaryField"

    def check(self, **options: Any) -> list[CheckMessage]:
        key: models.Field[Any, Any] = self.model._meta.pk
        if isinstance(key, models.ForeignKey):
            key = key.target_field
        # Of a composite key the program gives every part, as there is nothing else that would.
        if key.has_default() or isinstance(key, models.CompositePrimaryKey):
            return [*super().check(**options)]
        hint = "Give the model a key that the program makes: `id = models.UUIDField(primary_key=True, default=uuid7)`."
        return [*super().check(**options), Error("A payload needs its row's key.", hint, self, id="tenants.E005")]

    def pre_save(self, model_instance: models.Model, add: bool) -> Sealed | None:
        value = super().pre_save(model_instance, add)
        return None if value is None else self.seal(value, _row(model_instance))

    def seal(self, value: Any, row: object) -> Sealed:
        """The value as it is stored in the row with this key, in the current tenant."""
        tenant, body = current_tenant(), _deflated(value)
        key = data_key(tenant)
        if key is None:
            return Sealed(_PLAIN + body, tenant, self._place)
        sealed = key.seal(body, purpose=self._place, context=_context(tenant, self._place, row))
        return Sealed(_SEALED + sealed, tenant, self._place)

    def from_db_value(self, value: bytes | memoryview | None, *_: object) -> Sealed | None:
        return None if value is None else Sealed(bytes(value), current_tenant(), self._place)

    def get_prep_value(self, value: Any) -> bytes | None:
        value = super().get_prep_value(value)
        if value is None:
            return None
        if isinstance(value, Sealed):
            return value.stored
        raise FieldError(f"{self.name} is a payload, and sealed to its row: {_HOW}")

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        value = value if prepared else self.get_prep_value(value)
        return None if value is None else connection.Database.Binary(value)  # type: ignore[attr-defined]

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise FieldError(
            f"{self.name} is a payload: it cannot be searched. Keep what you search in a column of its own."
        )

    @property
    def _place(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"


def sealed_for(row: models.Model, **payloads: Any) -> dict[str, Sealed | None]:
    """Payloads by the names of their columns as `update` takes them, for this row alone."""
    made: dict[str, Sealed | None] = {}
    for name, value in payloads.items():
        column = cast(PayloadField, row._meta.get_field(name))
        made[name] = None if value is None else column.seal(value, _row(row))
    return made


def payload_fields(model: type[models.Model]) -> Sequence[PayloadField]:
    """The payload columns of a model."""
    return [each for each in model._meta.concrete_fields if isinstance(each, PayloadField)]


def _row(instance: models.Model) -> object:
    """The key of a row as the database has it, however the program wrote it down."""
    return instance._meta.pk.to_python(instance.pk)


def _context(tenant: Tenant, column: str, row: object) -> str:
    return f"tenant:{tenant.pk}:{column}:{row}"


def _deflated(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return zlib.compress(text.encode(), level=6)


def _inflated(body: bytes) -> Any:
    try:
        return json.loads(zlib.decompress(body))
    except zlib.error:
        raise SealBroken from None

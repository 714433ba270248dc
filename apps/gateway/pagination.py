"""Lists of the API, a page at a time by cursor, in the order that the caller asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar, cast

from django.core.signing import BadSignature, Signer
from django.db.models import Field, Model, Q, QuerySet
from drf_spectacular.utils import OpenApiParameter
from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic import Field as Described
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from apps.common.errors import InvalidInput, Issue
from apps.common.schemas import Moment
from apps.tenants.context import current_schema

T = TypeVar("T", bound=BaseModel)
Row = TypeVar("Row", bound=Model)

PAGE: Final = 50
MOST: Final = 200
PAGE_PARAMETERS = [
    OpenApiParameter(
        "cursor",
        {"type": "string", "examples": ["0192f3a4-b5c6-7d8e-9f00-112233445566:mmO0kS…"]},
        description="Where the page begins: part of the address in `next`.",
    ),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": PAGE},
        description="How many items a page holds.",
    ),
]
_MOMENT = {"type": "string", "format": "date-time", "examples": ["2026-11-25T16:40:00Z"]}
CREATED_PARAMETERS = [
    OpenApiParameter("since", _MOMENT, description="Only what was created at this moment or later."),
    OpenApiParameter("before", _MOMENT, description="Only what was created before this moment."),
]
NEWEST: Final = "-id"
"""The order of a list when none is asked for: keys are made in order of time."""


class Created(BaseModel):
    """How a list is narrowed to a span of time; part of the model of its query."""

    since: Moment | None = None
    before: Moment | None = None


class Page(BaseModel, Generic[T]):
    """One page of a list, newest first unless another order was asked for."""

    items: list[T]
    next: str | None = Described(description="Address of the next page; null on the last.")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{params[0].__name__}Page"

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """With an example made of the item's own."""
        made = handler.resolve_ref_schema(handler(core))
        for item in cls.__pydantic_generic_metadata__["args"]:
            extra = item.model_config.get("json_schema_extra") or {}
            made["examples"] = [{"items": extra.get("examples", []), "next": None}]
        return made


def order_parameter(orders: Sequence[str]) -> dict[str, Any]:
    """The parameter `order` of a list that may be ordered by these columns, for the OpenAPI document."""
    return {
        "in": "query",
        "name": "order",
        "description": "By which field, from its lowest value or, with a hyphen before it, from its highest. "
        "The newest come first where none is named.",
        "schema": {"type": "string", "enum": [f"{sign}{name}" for name in orders for sign in ("", "-")]},
    }


def page_of(
    rows: QuerySet[Row], request: Request, *, orders: Sequence[str] = (), natural: str = NEWEST
) -> tuple[list[Row], str | None]:
    """The rows of the page that the request asks for, and the address of the next page; None on the last.

    They come in their `natural` order, by a column that differs in all of them, or in the `order` that is asked for: by
    one of the columns `orders`, which hold no nulls and have an index, and by that column among equals. So nothing is
    skipped or shown twice, and any page costs one statement. A cursor holds its order, is signed for the tenant and the
    list that it was made in, and is good nowhere else. Raises `InvalidInput`.
    """
    limit = _limit(request.query_params.get("limit", str(PAGE)))
    order, cursor = request.query_params.get("order"), request.query_params.get("cursor")
    if order is not None and order.removeprefix("-") not in orders:
        known = ", ".join(f"{name}, -{name}" for name in orders)
        told = (
            f"This list can be ordered by: {known}." if orders else "This list has one order only: leave `order` out."
        )
        raise _refused("order", told)
    signer, last = Signer(salt=f"page:{current_schema()}:{request.path}"), None
    if cursor is not None:
        try:
            made_in, *last = signer.unsign_object(cursor)
        except BadSignature as error:
            raise _refused("cursor", "Take it from `next` of a page of this list.") from error
        if order not in {None, made_in}:
            raise _refused(
                "cursor", f"It was made in the order {made_in}: go on in that one, or begin anew without it."
            )
        order = made_in
    order, key = order or natural, _column(natural)
    found = list(_from(rows, order, key, last)[: limit + 1])
    if len(found) <= limit:
        return found, None
    end = found[limit - 1]
    place = [_field(rows, name).value_to_string(end) for name in (_column(order), key)]
    following = signer.sign_object([order, *place])
    return found[:limit], replace_query_param(request.build_absolute_uri(), "cursor", following)


def _from(rows: QuerySet[Row], order: str, key: str, last: list[str] | None) -> QuerySet[Row]:
    """The rows in this order, those that come after the value and the key in `last`."""
    column, falling = _column(order), order.startswith("-")
    if last is not None:
        value, after = (_field(rows, name).to_python(each) for name, each in zip((column, key), last, strict=True))
        # In this form a database finds the place in the column's index; of equals it reads past those that were shown.
        beyond, at_least = ("lt", "lte") if falling else ("gt", "gte")
        further = Q((f"{column}__{beyond}", value)) | Q((f"{key}__{beyond}", after))
        rows = rows.filter(Q((f"{column}__{at_least}", value)) & further)
    sign = "-" if falling else ""
    return rows.order_by(*dict.fromkeys([f"{sign}{column}", f"{sign}{key}"]))


def _field(rows: QuerySet[Row], name: str) -> Field[Any, Any]:
    return cast("Field[Any, Any]", rows.model._meta.get_field(name))


def _column(order: str) -> str:
    return order.removeprefix("-")


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST:
        return int(text)
    raise _refused("limit", f"Use a whole number from 1 to {MOST}.")


def _refused(name: str, message: str) -> InvalidInput:
    return InvalidInput(
        f"The parameter {name!r} cannot be used; nothing was read.", issues=[Issue(path=name, message=message)]
    )

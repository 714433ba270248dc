"""Lists of the API, a page at a time by cursor."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

from django.core.signing import BadSignature, Signer
from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiParameter
from pydantic import BaseModel, Field, GetJsonSchemaHandler
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from apps.common.errors import InvalidInput, Issue
from apps.tenants.context import current_schema

T = TypeVar("T", bound=BaseModel)
Row = TypeVar("Row", bound=Model)

PAGE: Final = 50
MOST: Final = 200
PAGE_PARAMETERS = [
    OpenApiParameter("cursor", str, description="Where the page begins: part of the address in `next`."),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": PAGE},
        description="How many items a page holds.",
    ),
]


class Page(BaseModel, Generic[T]):
    """One page of a list, newest first."""

    items: list[T]
    next: str | None = Field(description="Address of the next page; null on the last.")

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


def page_of(rows: QuerySet[Row], request: Request) -> tuple[list[Row], str | None]:
    """The rows of the page that the request asks for, and the address of the next page; None on the last.

    They come in order of id, newest first: ids are made in order of time, so nothing is skipped or shown twice. A
    cursor is signed for the tenant and the list that it was made in, and good nowhere else. Raises `InvalidInput`.
    """
    limit, cursor = _limit(request.query_params.get("limit", str(PAGE))), request.query_params.get("cursor")
    signer = Signer(salt=f"cursor:{current_schema()}:{request.path}")
    rows = rows.order_by("-id")
    if cursor is not None:
        try:
            rows = rows.filter(id__lt=signer.unsign(cursor))
        except BadSignature as error:
            issue = Issue(path="cursor", message="Take it from `next` of a page of this list.")
            raise InvalidInput("The cursor cannot be read; nothing was read.", issues=[issue]) from error
    found = list(rows[: limit + 1])
    if len(found) <= limit:
        return found, None
    following = signer.sign(str(found[limit - 1].pk))
    return found[:limit], replace_query_param(request.build_absolute_uri(), "cursor", following)


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST:
        return int(text)
    issue = Issue(path="limit", message=f"Use a whole number from 1 to {MOST}.")
    raise InvalidInput("The limit cannot be used; nothing was read.", issues=[issue])

"""Lists of the API, a page at a time by cursor."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from drf_spectacular.utils import OpenApiParameter
from pydantic import BaseModel, Field
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response

from apps.common.errors import InvalidInput, Issue

T = TypeVar("T", bound=BaseModel)

PAGE = 50
MOST = 200


class Page(BaseModel, Generic[T]):
    """One page of a list, newest first."""

    items: list[T]
    next: str | None = Field(description="Address of the next page; null on the last.")
    previous: str | None = Field(description="Address of the page before; null on the first.")

    @classmethod
    def model_parametrized_name(cls, params: tuple[type[Any], ...]) -> str:
        return f"{params[0].__name__}Page"


PAGE_PARAMETERS = [
    OpenApiParameter("cursor", str, description="Where the page begins: taken from `next` or `previous`."),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": PAGE},
        description="How many items a page holds.",
    ),
]


class CursorPages(CursorPagination):
    """Pages in order of id, newest first: ids are made in order of time, so nothing is skipped or shown twice."""

    ordering = "-id"
    page_size = PAGE
    max_page_size = MOST
    page_size_query_param = "limit"

    def get_page_size(self, request: Any) -> int:
        """The limit asked for. Raises `InvalidInput` for one that is no number from 1 to the most."""
        text = request.query_params.get("limit", str(PAGE))
        if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST):
            issue = Issue(path="limit", message=f"Use a whole number from 1 to {MOST}.")
            raise InvalidInput("The limit cannot be used; nothing was read.", issues=[issue])
        return int(text)

    def decode_cursor(self, request: Any) -> Any:
        try:
            return super().decode_cursor(request)
        except (NotFound, ValueError) as error:
            issue = Issue(path="cursor", message="Take the cursor from `next` or `previous` of a page.")
            raise InvalidInput("The cursor cannot be read; nothing was read.", issues=[issue]) from error

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"items": data, "next": self.get_next_link(), "previous": self.get_previous_link()})

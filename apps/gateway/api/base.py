"""The base of every view of the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db.models import QuerySet
from pydantic import BaseModel, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.common.errors import BadRequest, InvalidInput
from apps.gateway.pagination import Row, page_of
from apps.gateway.permissions import Declared
from apps.gateway.principals import Caller, caller_of

Schema = TypeVar("Schema", bound=BaseModel)


class ApiView(APIView):
    """A view that answers only what it declares: `permission` names a code (or `OPEN`) for each method it has.

    Bodies and answers are pydantic models. An object that the caller may not see is a `NotFound`, never a refusal.
    """

    permission: Mapping[str, str] = {}
    permission_classes = [Declared]
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if "%00" in str(request.META.get("QUERY_STRING", "")):
            raise BadRequest("The query string holds the character NUL.", remedy="Leave it out.")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """An error is JSON whatever the view renders otherwise."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if getattr(response, "exception", False):
            response.accepted_renderer = JSONRenderer()
        return response

    @property
    def who(self) -> Caller:
        """The caller: what selectors and services take as `who`."""
        return caller_of(self.request.user, self.request.auth)

    def body(self, model: type[Schema]) -> Schema:
        """The request's body as `model`. Raises `InvalidInput` with an issue for each field that is wrong."""
        try:
            return model.model_validate(self.request.data)
        except ValidationError as error:
            raise InvalidInput.from_pydantic(error) from error

    def query(self, model: type[Schema]) -> Schema:
        """The query string as `model`; the last of repeated names counts. Raises `InvalidInput`."""
        try:
            return model.model_validate(self.request.query_params.dict())
        except ValidationError as error:
            raise InvalidInput.from_pydantic(error) from error

    def answer(self, item: BaseModel, status: int = 200, **headers: str) -> Response:
        """Answer with one model. Underscores in the names of headers become hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Response(item.model_dump(mode="json"), status=status, headers=named)

    def page(self, rows: QuerySet[Row], show: Callable[[Row], BaseModel]) -> Response:
        """Answer with the page of `rows` that the query string asks for, each row shown by `show`."""
        found, following = page_of(rows, self.request)
        return Response({"items": [show(row).model_dump(mode="json") for row in found], "next": following})

"""The OpenAPI document, for programs and to read."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular import renderers
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer, TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.gateway.api.base import ApiView
from apps.gateway.openapi import document
from apps.gateway.permissions import OPEN


def encoding_once(form: type[BaseRenderer]) -> type[BaseRenderer]:
    """The form, which encodes the document for the first who asks and hands the same bytes to all others: it is
    megabytes, and as YAML takes half a second."""

    @cache
    def encoded() -> Any:
        return form().render(document())

    class EncodingOnce(form):  # type: ignore[misc, valid-type]
        def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
            return encoded() if data is document() else super().render(data, *args, **kwargs)  # else a problem

    return EncodingOnce


class OpenApiDocument(ApiView):
    """The document, as JSON or YAML; it is the same for every tenant, and open."""

    permission = {"GET": OPEN}
    authentication_classes = []
    renderer_classes = [
        encoding_once(renderers.OpenApiJsonRenderer2),
        encoding_once(renderers.OpenApiJsonRenderer),
        encoding_once(renderers.OpenApiYamlRenderer2),
        encoding_once(renderers.OpenApiYamlRenderer),
    ]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(document())


class OpenApiPage(ApiView):
    """The document to read and to try, from local files."""

    permission = {"GET": OPEN}
    authentication_classes = []
    renderer_classes = [TemplateHTMLRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(template_name="gateway/docs.html")

"""The OpenAPI document, for programs and to read."""

from __future__ import annotations

from drf_spectacular import renderers
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.gateway.api.base import ApiView
from apps.gateway.openapi import document
from apps.gateway.permissions import OPEN


class OpenApiDocument(ApiView):
    """The document, as JSON or YAML; it is the same for every tenant, and open."""

    permission = {"GET": OPEN}
    authentication_classes = []
    renderer_classes = [
        renderers.OpenApiJsonRenderer2,
        renderers.OpenApiJsonRenderer,
        renderers.OpenApiYamlRenderer2,
        renderers.OpenApiYamlRenderer,
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

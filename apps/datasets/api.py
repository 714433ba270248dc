"""Datasets over the API: upload, list, read, download, delete."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import ValidationError
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import InvalidInput
from apps.datasets import selectors, services
from apps.datasets.downloads import csv_download
from apps.datasets.permissions import DATASETS_UPLOAD, DATASETS_VIEW
from apps.datasets.schemas import (
    DatasetChange,
    DatasetDetail,
    DatasetOut,
    DatasetQuery,
    DatasetsDelete,
    DatasetsDeleted,
    DatasetUpload,
)
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.limits import UPLOAD
from apps.gateway.pagination import CREATED_PARAMETERS, PAGE_PARAMETERS, Page
from apps.gateway.parsers import FileBody


class Datasets(ApiView):
    permission = {"GET": DATASETS_VIEW, "POST": DATASETS_UPLOAD}
    route_class = {"POST": UPLOAD}
    parser_classes = [FileBody]
    orders = ("created_at", "name")

    @extend_schema(
        operation_id="datasets_list",
        tags=["datasets"],
        parameters=[
            OpenApiParameter(
                "q",
                {"type": "string", "maxLength": 100, "examples": ["sales"]},
                description="Words that the name, or that of the file, contains.",
            ),
            *CREATED_PARAMETERS,
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[DatasetOut]},
    )
    def get(self, request: Request) -> Response:
        """The datasets: newest first, or in the order asked for."""
        wanted = self.query(DatasetQuery)
        found = selectors.datasets_query(who=self.who, search=wanted.q, since=wanted.since, before=wanted.before)
        return self.page(found, DatasetOut.of)

    @extend_schema(
        operation_id="dataset_upload",
        tags=["datasets"],
        parameters=[location("the dataset", 201)],
        request={"multipart/form-data": DatasetUpload},
        responses={201: DatasetDetail},
    )
    def post(self, request: Request) -> Response:
        """Store the table in a file. The answer comes once the whole file was read and checked.

        A file that cannot be used is refused with an issue for each row or column that is wrong; nothing of it stays.
        """
        form: Any = request.data  # of repeated fields the last
        try:
            wanted = DatasetUpload.model_validate(dict(form.items()))
        except ValidationError as error:
            raise InvalidInput.from_pydantic(error) from error
        dataset = services.dataset_upload(
            file=wanted.file,
            name=wanted.file.name or "",
            user=self.who.user,
            title=wanted.title,
            sheet=wanted.sheet,
        )
        return self.answer(DatasetDetail.of(dataset), 201, Location=f"{request.path}/{dataset.pk}")


class DatasetsDeletion(ApiView):
    permission = {"POST": DATASETS_UPLOAD}

    @extend_schema(
        operation_id="datasets_delete", tags=["datasets"], request=DatasetsDelete, responses={200: DatasetsDeleted}
    )
    def post(self, request: Request) -> Response:
        """Delete datasets with their rows, for good: those that you may, and tell what became of each.

        What others uploaded needs `datasets.delete` besides.
        """
        ids = list(dict.fromkeys(self.body(DatasetsDelete).ids))
        outcomes = services.datasets_delete(who=self.who, user_id=self.who.user.pk, ids=set(ids))
        told = [{"id": id, "outcome": outcomes[id]} for id in ids]
        return self.answer(DatasetsDeleted.model_validate({"items": told}))


class DatasetOne(ApiView):
    permission = {"GET": DATASETS_VIEW, "PATCH": DATASETS_UPLOAD, "DELETE": DATASETS_UPLOAD}

    @extend_schema(operation_id="dataset_get", tags=["datasets"], responses={200: DatasetDetail})
    def get(self, request: Request, id: UUID) -> Response:
        """One dataset with the profile of its columns and its first rows."""
        return self.answer(DatasetDetail.of(selectors.dataset_get(who=self.who, id=id)))

    @extend_schema(
        operation_id="dataset_change", tags=["datasets"], request=DatasetChange, responses={200: DatasetDetail}
    )
    def patch(self, request: Request, id: UUID) -> Response:
        """Rename a dataset. What others uploaded needs `datasets.delete` besides."""
        wanted = self.body(DatasetChange)
        with transaction.atomic():
            dataset = selectors.dataset_get(who=self.who, id=id, lock=True)
            self.require_match(DatasetDetail.of(dataset))
            dataset = services.dataset_rename(who=self.who, user_id=self.who.user.pk, dataset=dataset, name=wanted.name)
        return self.answer(DatasetDetail.of(dataset))

    @extend_schema(operation_id="dataset_delete", tags=["datasets"], responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        """Delete a dataset with its rows, for good. Runs that used it keep their results.

        What others uploaded needs `datasets.delete` besides.
        """
        with transaction.atomic():
            dataset = selectors.dataset_get(who=self.who, id=id, lock=True)
            self.require_match(DatasetDetail.of(dataset))
            services.dataset_delete(who=self.who, user_id=self.who.user.pk, dataset=dataset)
        return Response(status=204)


class Csv(BaseRenderer):
    """Names the format; the view streams the rows itself."""

    media_type, format, charset = "text/csv", "csv", "utf-8"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        return data


class DatasetRows(ApiView):
    permission = {"GET": DATASETS_VIEW}
    renderer_classes = [Csv]

    @extend_schema(
        operation_id="dataset_rows",
        tags=["datasets"],
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, id: UUID) -> StreamingHttpResponse:
        """All rows as CSV (RFC 4180), in UTF-8. Text that a spreadsheet program would run begins with an apostrophe."""
        return csv_download(request._request, selectors.dataset_get(who=self.who, id=id), who=self.who)

"""Console pages of datasets."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from apps.common.errors import InvalidInput, Issue, Problem
from apps.common.widgets import Column, TableWidget
from apps.console import errors
from apps.console.tables import TableView
from apps.console.views import ConsoleView
from apps.datasets import selectors, services
from apps.datasets.downloads import csv_download
from apps.datasets.limits import MEGABYTE
from apps.datasets.models import Dataset
from apps.datasets.permissions import DATASETS_UPLOAD, DATASETS_VIEW
from apps.datasets.schemas import DatasetOut
from apps.datasets.uses import uses_of
from apps.tenants.context import current_tenant

TYPES = {
    "integer": "Whole number",
    "number": "Number",
    "date": "Date",
    "boolean": "Yes or no",
    "text": "Text",
    "empty": "Nothing",
}
# Of the rows that a dataset keeps at hand: a page should not be all rows.
ROWS_SHOWN = 20
NUMERIC = {"integer", "number"}


class DatasetView(ConsoleView):
    """What the page of all datasets and an upload that was refused have in common: they show the same page."""

    page_title = "Data"

    def list_page(self, problem: Problem | None = None) -> HttpResponse:
        search, asked = self.request.GET.get("q", "")[:100].strip(), self.request.GET.get("page", "")
        number = int(asked) if asked.isdecimal() and len(asked) < 9 else 1
        page = selectors.datasets_page(who=self.who, search=search, page=number)
        can_upload = self.who.can(DATASETS_UPLOAD)
        quota = current_tenant().max_upload_mb
        context = {
            "page": page,
            "previous_url": _page_url(search, page.page - 1) if page.page > 1 else "",
            "next_url": _page_url(search, page.page + 1) if page.page < page.pages else "",
            "noun": "dataset" if page.found == 1 else "datasets",
            "search": search,
            "can_upload": can_upload,
            "samples": selectors.samples_list()[:4] if can_upload and not page.found and not search else [],
            "quota": quota,
            "most_bytes": quota * MEGABYTE,
            "too_large": services.over_quota(quota),
            "problem": problem,
        }
        return self.page("datasets/dataset_list.html", context, status=problem.status if problem else 200)


def _page_url(search: str, number: int) -> str:
    return reverse("datasets:datasets") + "?" + urlencode({"q": search, "page": number} if search else {"page": number})


class DatasetList(DatasetView):
    permission = DATASETS_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.list_page()


class DatasetUpload(DatasetView):
    """Takes a file from a form, or from a script that wants JSON: then 201 with the dataset, or problem+json."""

    permission = {"POST": DATASETS_UPLOAD}

    def post(self, request: HttpRequest) -> HttpResponse:
        wants_json = errors.wants_json(request)
        try:
            dataset = self._store(request)
        except Problem as problem:
            if wants_json:
                raise
            return self.list_page(problem)
        url = reverse("datasets:dataset", args=[dataset.pk])
        if wants_json:
            body = {**DatasetOut.of(dataset).model_dump(mode="json"), "url": url}
            return JsonResponse(body, status=201, headers={"Location": url})
        messages.success(request, f"“{dataset.name}” is stored: {dataset.rows:,} rows.")
        return redirect(url)

    def _store(self, request: HttpRequest) -> Dataset:
        file = request.FILES.get("file")
        if file is None:
            issue = Issue(path="file", message="There is no file of this name in the form.")
            raise InvalidInput("No file was chosen; nothing was stored.", remedy="Choose one.", issues=[issue])
        return services.dataset_upload(
            file=file,
            name=file.name or "",
            user=self.user,
            title=request.POST.get("title", ""),
            sheet=request.POST.get("sheet", ""),
        )


class DatasetSample(ConsoleView):
    permission = {"POST": DATASETS_UPLOAD}

    def post(self, request: HttpRequest) -> HttpResponse:
        dataset = services.dataset_sample(name=request.POST.get("name", ""), user=self.user)
        messages.success(request, f"“{dataset.name}” is stored: generated data to try things with.")
        return redirect("datasets:dataset", id=dataset.pk)


class DatasetPage(ConsoleView):
    """One dataset: what it can be used for, what its columns hold, how it was read, its first rows."""

    permission = DATASETS_VIEW

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        dataset = selectors.dataset_get(who=self.who, id=id)
        self.page_title = dataset.name
        shown = dataset.columns[: len(dataset.preview[0])]  # no dataset is without rows
        numeric = [each["type"] in NUMERIC for each in shown]
        context = {
            "dataset": dataset,
            "columns": TableView(_profile(dataset), request),
            "uses": uses_of(request, dataset),
            "headings": [(each["name"], own) for each, own in zip(shown, numeric, strict=True)],
            "rows": [list(zip(row, numeric, strict=True)) for row in dataset.preview[:ROWS_SHOWN]],
            "can_upload": self.who.can(DATASETS_UPLOAD),
            "may_change": selectors.may_change(who=self.who, user_id=self.user.pk, dataset=dataset),
            "api_url": request.build_absolute_uri(reverse("datasets_api:dataset", args=[dataset.pk])),
        }
        return self.page("datasets/dataset.html", context)


def _profile(dataset: Dataset) -> TableWidget:
    rows: list[dict[str, Any]] = [
        {
            "place": place,
            "name": each["name"],
            "type": TYPES[each["type"]],
            "nulls": each["nulls"],
            "share": 100 * each["nulls"] / dataset.rows,
            "examples": " · ".join(each["examples"]),
        }
        for place, each in enumerate(dataset.columns, start=1)
    ]
    return TableWidget(
        key="columns",
        title="Columns",
        columns=[
            Column(key="place", title="No.", numeric=True),
            Column(key="name", title="Name"),
            Column(key="type", title="Holds", hint="Told from every value; text stays text in the storage."),
            Column(key="nulls", title="Empty", numeric=True, hint="Cells without a value"),
            Column(key="share", title="Share", numeric=True, digits=1, unit="%", hint="Of all cells of the column"),
            Column(key="examples", title="Examples"),
        ],
        rows=rows,
    )


class DatasetDownload(ConsoleView):
    """All rows as CSV."""

    permission = DATASETS_VIEW
    step_up = {"GET"}

    def get(self, request: HttpRequest, id: UUID) -> HttpResponseBase:
        return csv_download(request, selectors.dataset_get(who=self.who, id=id), who=self.who)


class DatasetRename(ConsoleView):
    permission = DATASETS_UPLOAD
    page_title = "Rename a dataset"

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        dataset = selectors.dataset_get(who=self.who, id=id)
        services.require_may_change(who=self.who, user_id=self.user.pk, dataset=dataset)
        return self._form(dataset, dataset.name)

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        dataset, name = selectors.dataset_get(who=self.who, id=id), request.POST.get("name", "")
        try:
            services.dataset_rename(who=self.who, user_id=self.user.pk, dataset=dataset, name=name)
        except InvalidInput as problem:
            return self._form(dataset, name, problem)
        messages.success(request, f"It is called “{dataset.name}” now.")
        return redirect("datasets:dataset", id=dataset.pk)

    def _form(self, dataset: Dataset, name: str, problem: InvalidInput | None = None) -> HttpResponse:
        context = {"dataset": dataset, "name": name, "problem": problem}
        return self.page("datasets/dataset_rename.html", context, status=problem.status if problem else 200)


class DatasetDelete(ConsoleView):
    """Ask, then delete: it cannot be undone."""

    permission = DATASETS_UPLOAD
    page_title = "Delete a dataset"

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        dataset = selectors.dataset_get(who=self.who, id=id)
        services.require_may_change(who=self.who, user_id=self.user.pk, dataset=dataset)
        return self.page("datasets/dataset_delete.html", {"dataset": dataset})

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        dataset = selectors.dataset_get(who=self.who, id=id)
        services.dataset_delete(who=self.who, user_id=self.user.pk, dataset=dataset)
        messages.success(request, f"“{dataset.name}” is deleted.")
        return redirect("datasets:datasets")

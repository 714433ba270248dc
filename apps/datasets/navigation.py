from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from apps.console.first_steps import FirstStep, first_step
from apps.console.navigation import NavItem, nav_item
from apps.console.palette import PER_SEARCHER, Found, Searcher, searcher
from apps.console.tallies import number_of, tally
from apps.datasets.models import Dataset
from apps.datasets.permissions import DATASETS_UPLOAD, DATASETS_VIEW
from apps.datasets.selectors import datasets_query

nav_item(
    NavItem(
        key="datasets.datasets",
        title="Data",
        url="datasets:datasets",
        icon="database",
        group="Build",
        summary="Tables that were uploaded, and a place to upload more",
        permission=DATASETS_VIEW,
        order=30,
        letter="t",
        tab=4,
    )
)


_any = tally("datasets.any", lambda request: Dataset.objects.order_by()[:1], permission=DATASETS_UPLOAD)
first_step(
    FirstStep(
        key="datasets.upload",
        title="Load data",
        text="A file of yours with a table, or the sample data that comes with your industries.",
        url=lambda: reverse("datasets:datasets"),
        icon="database",
        permission=DATASETS_UPLOAD,
        done=lambda request: number_of(request, _any.key) > 0,
        order=10,
    )
)


def _datasets(request: HttpRequest, text: str) -> Iterator[Found]:
    for dataset in datasets_query(who=request.user, search=text)[:PER_SEARCHER]:  # type: ignore[arg-type]
        url = reverse("datasets:dataset", args=[dataset.pk])
        yield Found(dataset.name, url, "database", f"{dataset.rows:,} rows")


searcher(Searcher(key="datasets.datasets", title="Data", search=_datasets, permission=DATASETS_VIEW, order=40))

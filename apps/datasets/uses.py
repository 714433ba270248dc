"""What can be done with a dataset. Apps that work on datasets register here, in their `navigation.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest

from apps.common.registry import Registry
from apps.datasets.models import Dataset


@dataclass(frozen=True)
class Use:
    title: str
    url: str
    """The page where it is done, with the dataset chosen already."""
    icon: str
    summary: str = ""


Finder = Callable[[HttpRequest, Dataset], Iterable[Use]]
USES: Registry[Finder] = Registry("Use of datasets")


def uses_of(request: HttpRequest, dataset: Dataset) -> list[Use]:
    """What this person may do with the dataset."""
    return [use for find in USES for use in find(request, dataset)]

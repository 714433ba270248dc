"""The page of problems in docs/api/: it holds every code there is, and is not stale."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import apps
from apps.common.errors import catalogue
from scripts import reference


def test_the_page_of_problems_tells_every_code_of_the_product() -> None:
    for module in pkgutil.walk_packages(apps.__path__, "apps."):
        import_module(module.name)  # one that nothing has loaded so far may bring a problem
    ours = {code: kind for code, kind in catalogue().items() if kind.__module__.startswith("apps.")}
    assert reference.PROBLEMS.read_text() == reference.problems_page(ours), "run `python scripts/reference.py`"

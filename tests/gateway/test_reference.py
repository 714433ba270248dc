"""The pages in docs/api/ that are made from the product: they hold all there is, and are not stale."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from django.apps import apps as installed

import apps
from apps.audit.kinds import CATEGORIES, ENTRY_KINDS
from apps.common.errors import catalogue
from scripts import reference


def test_the_page_of_problems_tells_every_code_of_the_product() -> None:
    for module in pkgutil.walk_packages(apps.__path__, "apps."):
        import_module(module.name)  # one that nothing has loaded so far may bring a problem
    ours = {code: kind for code, kind in catalogue().items() if kind.__module__.startswith("apps.")}
    assert reference.PROBLEMS.read_text() == reference.problems_page(ours), "run `python scripts/reference.py`"


def test_the_page_of_the_audit_log_tells_every_kind_of_the_product() -> None:
    ours = {each.label for each in installed.get_app_configs() if each.name.startswith("apps.")}
    kinds = [each for each in ENTRY_KINDS if each.key.partition(".")[0] in ours]
    assert reference.AUDIT.read_text() == reference.audit_page(kinds, CATEGORIES), "run `python scripts/reference.py`"

"""Reads of prompts."""

from __future__ import annotations

import logging

from django.db.models import F

from apps.ai.models import PromptVersion
from apps.ai.prompts.contract import PROMPTS, PromptSpec
from apps.ai.prompts.wording import Wording, wording_issues

logger = logging.getLogger(__name__)


def current(key: str) -> Wording:
    """The words that hold in the current tenant: those that it has published, else the program's own. One statement.

    What was published for an older release, and lacks what this one has to tell, is passed over for the program's own;
    its page says so. Raises `KeyError` for a prompt that nobody declared.
    """
    spec = PROMPTS[key]
    row = PromptVersion.objects.filter(prompt__key=key, prompt__published=F("pk")).first()
    return wording_of(spec, row)


def wording_of(spec: PromptSpec, row: PromptVersion | None) -> Wording:
    """The words of a published version as they may be used; None: the program's own."""
    if row is None:
        return spec.built_in
    system, user = str(row.content.get("system", "")), str(row.content.get("user", ""))
    if wording_issues(system=system, user=user, variables=spec.variables):
        logger.warning("a published prompt does not fit this release", extra={"prompt": spec.key, "number": row.number})
        return spec.built_in
    return Wording(spec.key, str(row.number), system, user, spec.variables)

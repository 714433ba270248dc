"""Reads of prompts. What a person asks for is fetched and permitted in one call."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, QuerySet

from apps.ai.models import Prompt, PromptCase, PromptVersion
from apps.ai.permissions import MODELS_VIEW
from apps.ai.prompts.contract import PROMPTS, Case, PromptSpec
from apps.ai.prompts.schemas import Words
from apps.ai.prompts.wording import Wording, wording_issues
from apps.common.errors import Issue, NotFound
from apps.common.permissions import Principal, demand

logger = logging.getLogger(__name__)

BUILT_IN = "built-in"
DRAFT = "draft"


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
    if issues_of(spec, row):
        logger.warning("a published prompt does not fit this release", extra={"prompt": spec.key, "number": row.number})
        return spec.built_in
    words = words_of(row)
    return Wording(spec.key, str(row.number), words.system, words.user, spec.variables)


def words_of(row: PromptVersion) -> Words:
    return Words.model_construct(system=str(row.content.get("system", "")), user=str(row.content.get("user", "")))


def issues_of(spec: PromptSpec, row: PromptVersion) -> list[Issue]:
    """Why a version cannot be used in this release; empty where it can."""
    words = words_of(row)
    return wording_issues(system=words.system, user=words.user, variables=spec.variables)


@dataclass(frozen=True)
class Standing:
    """A prompt as it stands in the current tenant."""

    spec: PromptSpec
    row: Prompt | None
    """None: nobody has touched it."""
    draft: PromptVersion | None = None
    unfit: tuple[Issue, ...] = ()
    """Why what was published is passed over for the program's own words."""

    @property
    def published(self) -> PromptVersion | None:
        return self.row.published if self.row else None

    @property
    def seq(self) -> int:
        return self.row.seq if self.row else 0

    @property
    def wording(self) -> Wording:
        """What holds now."""
        return wording_of(self.spec, self.published)


def prompts_list(*, who: Principal) -> list[Standing]:
    """Every prompt, by title. Two statements."""
    demand(who, MODELS_VIEW)
    rows = {row.key: row for row in Prompt.objects.select_related("published")}
    drafts = {draft.prompt_id: draft for draft in PromptVersion.objects.filter(number=None)}
    found = [_standing(spec, rows.get(spec.key), drafts) for spec in PROMPTS]
    return sorted(found, key=lambda standing: standing.spec.title)


def prompt_get(*, who: Principal, key: str, lock: bool = False) -> Standing:
    """One of them, with its row locked for the rest of the transaction where it is to be changed. Raises `NotFound`."""
    demand(who, MODELS_VIEW)
    spec = PROMPTS.get(key)
    if spec is None:
        raise NotFound(f"There is no prompt {key!r}.", remedy="See the list of prompts.")
    rows = Prompt.objects.select_related("published")
    row = (rows.select_for_update(of=("self",)) if lock else rows).filter(key=key).first()
    drafts = {each.prompt_id: each for each in PromptVersion.objects.filter(prompt=row, number=None)} if row else {}
    return _standing(spec, row, drafts)


def _standing(spec: PromptSpec, row: Prompt | None, drafts: dict[UUID, PromptVersion]) -> Standing:
    published = row.published if row else None
    unfit = tuple(issues_of(spec, published)) if published else ()
    return Standing(spec, row, drafts.get(row.pk) if row else None, unfit)


def versions_query(*, who: Principal, spec: PromptSpec) -> QuerySet[PromptVersion]:
    """What was published, newest first. Evaluate it before leaving the tenant."""
    demand(who, MODELS_VIEW)
    rows = PromptVersion.objects.filter(prompt__key=spec.key, number__isnull=False)
    return rows.select_related("created_by").order_by("-number")


def version_get(*, who: Principal, spec: PromptSpec, number: int) -> PromptVersion:
    """One of them. Raises `NotFound`."""
    found = versions_query(who=who, spec=spec).filter(number=number).first()
    if found is None:
        raise NotFound(f"{spec.title} has no version {number}.", remedy="See the list of its versions.")
    return found


def wording_get(*, who: Principal, standing: Standing, which: str) -> Wording:
    """Words by what they are called: ``built-in``, ``draft``, or the number of a version. Raises `NotFound`."""
    spec = standing.spec
    if which == BUILT_IN:
        return spec.built_in
    if which == DRAFT:
        row, version = standing.draft, DRAFT
    else:
        number = int(which) if which.isdecimal() and len(which) < 10 else 0
        row, version = version_get(who=who, spec=spec, number=number), which
    if row is None:
        raise NotFound(f"{spec.title} has no draft.", remedy="Save one, or choose a version.")
    words = words_of(row)
    return Wording(spec.key, version, words.system, words.user, spec.variables)


@dataclass(frozen=True)
class Kept:
    """A case to try wordings out on: of the program, or of the tenant."""

    key: str
    """``own:`` and its id, or ``built-in:`` and its place."""
    case: Case
    row: PromptCase | None = None


def cases_of(*, who: Principal, spec: PromptSpec) -> list[Kept]:
    """The program's cases, then the tenant's by title. One statement."""
    demand(who, MODELS_VIEW)
    shipped = [Kept(f"built-in:{at}", case) for at, case in enumerate(spec.samples)]
    rows = PromptCase.objects.filter(prompt_key=spec.key).order_by("title")
    return [*shipped, *(Kept(f"own:{row.pk}", Case(row.title, dict(row.values)), row) for row in rows)]

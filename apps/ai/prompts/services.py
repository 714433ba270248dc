"""Writes of prompts: a draft is saved, published with a note, given up; an earlier wording is gone back to."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from apps.accounts.models import User
from apps.ai import auditing
from apps.ai.models import Prompt, PromptCase, PromptVersion
from apps.ai.permissions import PROMPTS_EDIT
from apps.ai.prompts import selectors
from apps.ai.prompts.contract import PromptSpec
from apps.ai.prompts.schemas import Words
from apps.ai.prompts.selectors import Standing
from apps.ai.prompts.wording import wording_issues
from apps.audit.fingerprints import fingerprint
from apps.audit.kinds import EntryKind
from apps.audit.services import Subject, record
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound
from apps.common.permissions import Principal, demand

MOST_CASES: Final = 50
"""That a tenant keeps of a prompt."""
LONGEST_VALUE: Final = 50_000
"""Characters of a variable's value in a case."""


def draft_save(*, who: Principal, user: User | None, key: str, words: Words, seen: int | None = None) -> Standing:
    """Keep words as the draft of a prompt: they hold for nobody until they are published. `seen` is the prompt's `seq`
    that was looked at, 0 for a prompt that nobody had touched.

    Raises `NotFound`, `InvalidInput` with an issue for each field that there is not and each that is missing, and
    `Conflict` where somebody else has saved or published in between.
    """
    demand(who, PROMPTS_EDIT)
    with transaction.atomic():
        standing = _locked(who, user, key, seen)
        _require_fit(standing.spec, words)
        content = words.model_dump()
        if standing.draft is not None and standing.draft.content == content:
            return standing
        PromptVersion.objects.filter(prompt=standing.row, number=None).delete()
        PromptVersion(prompt=standing.row, content=content, created_by=user).save(force_insert=True)
        held = standing.draft or standing.published
        _note(auditing.PROMPT_DRAFTED, who, standing, _told(held), fingerprint(content))
        return _moved(who, standing)


def draft_discard(*, who: Principal, key: str, seen: int | None = None) -> Standing:
    """Give a draft up. Raises `Conflict` where there is none."""
    demand(who, PROMPTS_EDIT)
    with transaction.atomic():
        standing = _seen(selectors.prompt_get(who=who, key=key, lock=True), seen)
        if standing.draft is None:
            raise Conflict(
                f"{standing.spec.title} has no draft; nothing was changed.", remedy="There is nothing to do."
            )
        _note(auditing.PROMPT_DISCARDED, who, standing, _told(standing.draft), {})
        standing.draft.delete()
        return _moved(who, standing)


def draft_publish(
    *, who: Principal, user: User | None, key: str, note: str = "", seen: int | None = None
) -> PromptVersion:
    """Have the draft hold from the next call on, as a version that is never changed.

    Raises `Conflict` where there is no draft, where it says what holds already, or somebody was quicker.
    """
    demand(who, PROMPTS_EDIT)
    with transaction.atomic():
        standing = _seen(selectors.prompt_get(who=who, key=key, lock=True), seen)
        draft, spec = standing.draft, standing.spec
        if draft is None or standing.row is None:
            raise Conflict(f"{spec.title} has no draft; nothing was published.", remedy="Save one first.")
        words = selectors.words_of(draft)
        _require_fit(spec, words)
        held = standing.wording
        if (held.system, held.user) == (words.system, words.user):
            raise Conflict(
                "The draft says what holds already; nothing was published.", remedy="Change it, or discard it."
            )
        draft.delete()
        return _publish(who, user, standing, words, note)


def prompt_restore(
    *, who: Principal, user: User | None, key: str, number: int | None, seen: int | None = None
) -> Standing:
    """Go back to an earlier version, which is published as a new one; None: to the program's own words, as each
    release has them. A draft is kept. Raises `NotFound`, and `Conflict` where these hold already."""
    demand(who, PROMPTS_EDIT)
    with transaction.atomic():
        standing = _seen(selectors.prompt_get(who=who, key=key, lock=True), seen)
        published = standing.published
        if number is None:
            if standing.row is None or published is None:
                raise Conflict(
                    "The program's own words hold already; nothing was changed.", remedy="There is nothing to do."
                )
            _note(auditing.PROMPT_BUILT_IN, who, standing, _told(published), {})
            standing.row.published = None
            return _moved(who, standing)
        words = selectors.words_of(selectors.version_get(who=who, spec=standing.spec, number=number))
        if published is not None and selectors.words_of(published) == words:
            raise Conflict(f"Version {published.number} says the same and holds already; nothing was changed.")
        _require_fit(standing.spec, words)
        _publish(who, user, standing, words, f"Back to version {number}")
        return selectors.prompt_get(who=who, key=key)


def case_save(*, who: Principal, user: User | None, spec: PromptSpec, title: str, values: dict[str, Any]) -> PromptCase:
    """Keep values to try wordings out on; another case of the same title is taken the place of.

    Raises `InvalidInput`.
    """
    demand(who, PROMPTS_EDIT)
    title, known = " ".join(title.split()), {each.name for each in spec.variables}
    issues = []
    if not title or len(title) > 100 or not title.isprintable():
        issues.append(Issue(path="title", message="Give it a name of 1 to 100 printable characters."))
    issues += [
        Issue(path=f"values.{name}", message="There is no such variable.") for name in values if name not in known
    ]
    issues += [
        Issue(path=f"values.{name}", message=f"Write at most {LONGEST_VALUE:,} characters, without NUL.")
        for name, value in values.items()
        if isinstance(value, str) and (len(value) > LONGEST_VALUE or "\x00" in value)
    ]
    if issues:
        raise InvalidInput("The case cannot be kept; nothing was stored.", issues=issues)
    with transaction.atomic():
        mine = PromptCase.objects.filter(prompt_key=spec.key)
        mine.filter(title=title).delete()
        if mine.count() >= MOST_CASES:
            raise Conflict(f"{MOST_CASES} cases are kept already; nothing was stored.", remedy="Delete one first.")
        case = PromptCase(prompt_key=spec.key, title=title, values=values, created_by=user)
        case.save(force_insert=True)
        record(auditing.PROMPT_CASE_KEPT, who=who, subject=_subject(spec), case=title, **fingerprint(values))
    return case


def case_delete(*, who: Principal, spec: PromptSpec, id: UUID) -> None:
    """Raises `NotFound`."""
    demand(who, PROMPTS_EDIT)
    with transaction.atomic():
        deleted, _ = PromptCase.objects.filter(prompt_key=spec.key, pk=id).delete()
        if not deleted:
            raise NotFound("There is no such case here.", remedy="See the cases of the prompt.")
        record(auditing.PROMPT_CASE_DELETED, who=who, subject=_subject(spec), case_id=id)


def _locked(who: Principal, user: User | None, key: str, seen: int | None) -> Standing:
    """The prompt with its row, which is made where nobody had touched it, locked."""
    standing = selectors.prompt_get(who=who, key=key, lock=True)
    if standing.row is None:
        Prompt.objects.bulk_create(
            [Prompt(key=key, title=standing.spec.title, seq=0, created_by=user)], ignore_conflicts=True
        )
        standing = selectors.prompt_get(who=who, key=key, lock=True)
    return _seen(standing, seen)


def _seen(standing: Standing, seen: int | None) -> Standing:
    if seen is not None and seen != standing.seq:
        raise Conflict(
            f"Somebody else has changed {standing.spec.title} in the meantime; nothing was stored.",
            remedy="Look at how it is now, and make your change to that.",
        )
    return standing


def _moved(who: Principal, standing: Standing) -> Standing:
    """Count a change of the prompt, and read it again."""
    row = standing.row
    if row is not None:
        row.seq += 1
        row.save(update_fields=["seq", "published"])
    return selectors.prompt_get(who=who, key=standing.spec.key)


def _publish(who: Principal, user: User | None, standing: Standing, words: Words, note: str) -> PromptVersion:
    row = standing.row
    if row is None:
        raise NotFound("There is nothing to publish.")
    last = row.versions.aggregate(last=Max("number"))["last"] or 0
    made = PromptVersion(
        prompt=row, number=last + 1, content=words.model_dump(), note=note.strip()[:200], created_by=user,
        published_at=timezone.now(),
    )  # fmt: skip
    made.save(force_insert=True)
    _note(auditing.PROMPT_PUBLISHED, who, standing, _told(standing.published), _told(made), note=made.note)
    row.published = made
    _moved(who, standing)
    return made


def _note(
    kind: EntryKind, who: Principal, standing: Standing, before: dict[str, Any], after: dict[str, Any], **facts: Any
) -> None:
    record(kind, who=who, subject=_subject(standing.spec), before=before, after=after, **facts)


def _subject(spec: PromptSpec) -> Subject:
    return Subject("ai.prompt", spec.key, spec.title)


def _told(version: PromptVersion | None) -> dict[str, Any]:
    """What stands for a wording in an entry: whoever may read it does so on the page of the prompt."""
    if version is None:
        return {}
    numbered = {"version": version.number} if version.number else {}
    return {**numbered, **fingerprint(version.content)}


def _require_fit(spec: PromptSpec, words: Words) -> None:
    if issues := wording_issues(system=words.system, user=words.user, variables=spec.variables):
        raise InvalidInput("The words cannot be used; nothing was stored.", issues=issues)

"""Who has a part in what a run does, and so is not the second person that a rule asks for.

A program has no judgement of its own: what it started, wrote or asked for is also that of every member who made a key
for it. Nobody else is known to have had its text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, TextField
from django.db.models.functions import Cast

from apps.accounts.models import User
from apps.gateway.models import ApiKey
from apps.gateway.selectors import keepers_of
from apps.workflows.models import WorkflowRun, WorkflowVersion


def parts_in(runs: Collection[UUID]) -> dict[UUID, dict[UUID, str]]:
    """By run: who has a part in it, and which. Two statements for all of them.

    They are who started it, or one of the runs that it takes up, as its inputs are theirs; and who wrote what it
    follows, published it, or asked somebody else to.
    """
    rows = WorkflowRun.objects.filter(pk__in=runs).values_list(
        "pk", "version__authors", "version__asked_by", "version__created_by", "starters", "created_by"
    )
    found: dict[UUID, dict[UUID, str]] = {}
    for run, authors, asker, publisher, starters, starter in rows:
        having: list[tuple[str, Iterable[UUID | None]]] = [
            ("wrote what this run follows", map(UUID, authors)),
            ("asked for the publication of what this run follows", [asker]),
            ("published what this run follows", [publisher]),
            ("started the run that this one takes up", map(UUID, starters)),
            ("started this run", [starter]),
        ]
        found[run] = {user: part for part, people in having for user in people if user is not None}
    keepers = keepers_of({user for parts in found.values() for user in parts})
    for parts in found.values():
        for program, part in list(parts.items()):
            for keeper in keepers.get(program, ()):
                parts.setdefault(keeper, f"made a key for the program that {part}")
    return found


def writers_of(draft: WorkflowVersion) -> dict[UUID, str]:
    """Who has a part in a draft, and which. One statement."""
    found = {UUID(each): "wrote a part of the draft" for each in draft.authors}
    if draft.created_by_id is not None:
        found[draft.created_by_id] = "wrote a part of the draft"
    if draft.asked_by_id is not None:
        found[draft.asked_by_id] = "asked for it"
    for program, keepers in keepers_of(found).items():
        for keeper in keepers:
            found.setdefault(keeper, f"made a key for the program that {found[program]}")
    return found


def has_part(person: User | OuterRef) -> Q:
    """Of approvals, those of which the person has a part in what is asked, as `parts_in` tells of a run. `person` is as
    the statement of this condition names them."""
    kept = ApiKey.objects.filter(user=OuterRef("pk"), made_by=_within(_within(person)))
    names = User.objects.filter(Q(pk=_within(person)) | Q(Exists(kept), is_service=True))
    return Q(
        Exists(
            names.filter(
                Q(pk=OuterRef("run__created_by"))
                | Q(pk=OuterRef("run__version__created_by"))
                | Q(pk=OuterRef("run__version__asked_by"))
                | Q(_stands_in("run__starters"))
                | Q(_stands_in("run__version__authors"))
            )
        )
    )


def _within(person: Any) -> Any:
    """The person as a statement names them that stands in the one in which `person` names them."""
    return OuterRef(person) if isinstance(person, OuterRef) else getattr(person, "pk", person)


def _stands_in(keys: str) -> Func:
    """Whether the key of a member stands in a list of an approval."""
    return Func(OuterRef(keys), Cast(F("pk"), TextField()), function="jsonb_exists", output_field=BooleanField())

"""How work is attacked: forged rows and messages, and claims, fences and ids of others.

Both tenants have a due row of every kind under the same id. An attack says what is wrong, or nothing; whether rows of
the other tenant changed is looked at after each of them by `test_work`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID, uuid4

from django.db import connection, transaction

from apps.common import work
from apps.common.work import Claim, FenceLost, WorkKind
from apps.dispatch import rows, services
from apps.dispatch.board import Board
from apps.dispatch.turns import turn
from apps.tenants.context import PUBLIC, current_schema, public_context, tenant_context
from apps.tenants.models import Tenant
from tests.isolation.operations import WORK, kinds
from tests.isolation.scene import Scene

BOARD = Board()


class Broken(RuntimeError):
    """What work raises that fails in the middle."""


@dataclass(frozen=True)
class Place:
    """A kind of work in two tenants; the attacker is in `ours`."""

    kind: WorkKind
    ours: Tenant
    theirs: Tenant
    scene: Scene

    @property
    def id(self) -> UUID:
        """Of the row: of a tenant's thing that both have, or of the other tenant for work of the platform."""
        return WORK[self.kind.name](self.scene.theirs.shared) if self.kind.scope == "tenant" else self.theirs.pk

    @property
    def foreign_id(self) -> UUID:
        """That means nothing in ours."""
        return WORK[self.kind.name](self.scene.theirs.own) if self.kind.scope == "tenant" else uuid4()

    @property
    def label(self) -> str:
        """In whose name the rows stand that the attacker is after."""
        return self.theirs.schema_name if self.kind.scope == "tenant" else PUBLIC

    def home(self) -> AbstractContextManager[None]:
        """Where those rows belong."""
        return tenant_context(self.theirs) if self.kind.scope == "tenant" else public_context()

    def claim(self, schema: str) -> Claim:
        found = rows.claim(tenant=schema, queue=self.kind.queue, limit=64, slots=64).claims
        return next(claim for claim in found if claim.kind == self.kind.name)

    def row(self, id: UUID, schema: str) -> tuple[object, ...] | None:
        """The work row as it stands."""
        with connection.cursor() as cursor:
            cursor.execute(
                "select fence, signal, deaths, due_at, lease_until from public.dispatch_work "
                "where id = %s and kind = %s and tenant = %s",
                [id, self.kind.name, schema],
            )
            found: tuple[object, ...] | None = cursor.fetchone()
            return found

    def forge(self, id: UUID, schema: str) -> None:
        """A row that no program of ours would write."""
        rows.insert(kind=self.kind.name, ids=[id], tenant=schema, queue=self.kind.queue, due_at=None, priority=0)


def _opens(claim: Claim) -> bool:
    """Whether somebody who holds the claim may write here."""
    try:
        with work.fenced(claim):
            return True
    except FenceLost:
        return False


def _is_carried_out(kind: WorkKind, claim: Claim) -> bool:
    try:
        kind.perform(claim)
    except FenceLost:
        return False
    return True


# Claims and fences


def claim_of_equal_id(place: Place) -> str:
    claims = rows.claim(tenant=place.ours.schema_name, queue=place.kind.queue, limit=64, slots=64).claims
    return "" if {claim.tenant for claim in claims} == {place.ours.schema_name} else "it was given rows of others"


def work_on_equal_id(place: Place) -> str:
    before = place.row(place.id, place.ours.schema_name)
    place.kind.perform(place.claim(place.ours.schema_name))
    after = place.row(place.id, place.ours.schema_name)
    done = after is None or (before is not None and after[3] != before[3])  # gone, or due at another time
    return "" if done else "it was not done at home"


def foreign_claim_carried_out(place: Place) -> str:
    return "it was carried out" if _is_carried_out(place.kind, place.claim(place.label)) else ""


def foreign_claim_relabelled(place: Place) -> str:
    stolen = replace(place.claim(place.label), tenant=place.ours.schema_name)
    return "it was carried out" if _is_carried_out(place.kind, stolen) else ""


def foreign_claim_written_under(place: Place) -> str:
    claim = place.claim(place.label)
    stolen = [replace(claim, tenant=place.ours.schema_name)]
    if place.kind.scope == "tenant":  # work of the platform writes from wherever it is
        stolen.append(claim)
    return "it let somebody write" if any(_opens(each) for each in stolen) else ""


def guessed_fence(place: Place) -> str:
    claim, guess = place.claim(place.label), random.Random(1)
    fences = (0, 1, claim.fence - 1, claim.fence + 1, *(guess.getrandbits(62) for _ in range(20)))
    with place.home():
        return "it let somebody write" if any(_opens(replace(claim, fence=fence)) for fence in fences) else ""


def foreign_lease_renewed(place: Place) -> str:
    """With our own fence, under which the other's row is not held."""
    stolen = replace(_own_claim(place), tenant=place.label)
    return _unless_changed(place, lambda: rows.renew([stolen]))


def foreign_row_given_back(place: Place) -> str:
    stolen = replace(_own_claim(place), tenant=place.label)
    return _unless_changed(place, lambda: rows.release(stolen))


def foreign_row_finished(place: Place) -> str:
    stolen = replace(_own_claim(place), tenant=place.label)
    return _unless_changed(place, lambda: rows.finish(stolen))


def _own_claim(place: Place) -> Claim:
    """A claim of the same kind and id in our own name."""
    place.forge(place.id, place.ours.schema_name)
    found = rows.claim(tenant=place.ours.schema_name, queue=place.kind.queue, limit=64, slots=64).claims
    return next(claim for claim in found if claim.kind == place.kind.name and claim.id == place.id)


def _unless_changed(place: Place, act: Callable[[], object]) -> str:
    before = place.row(place.id, place.label)
    with suppress(FenceLost):
        act()
    return "" if place.row(place.id, place.label) == before is not None else "it changed the row of the other"


# Ids


def foreign_id_signalled(place: Place) -> str:
    return "it was signalled" if _with_foreign_row(place, lambda id: work.signal(place.kind.name, id)) else ""


def foreign_id_withdrawn(place: Place) -> str:
    return "it was taken back" if _with_foreign_row(place, lambda id: work.withdraw(place.kind.name, id)) else ""


def nothing_begins() -> AbstractContextManager[object]:
    """What their own worker claims does not begin: a run that does is changed, as it should be, by nobody of ours."""
    return patch.object(rows, "_claiming", lambda tenant, queue: rows._CLAIM)


def foreign_letter_requeued(place: Place) -> str:
    id = place.foreign_id
    with place.home(), nothing_begins(), transaction.atomic():
        work.schedule(place.kind.name, id)
        claims = rows.claim(tenant=place.label, queue=place.kind.queue, limit=64, slots=64).claims
        rows.bury(next(claim for claim in claims if claim.id == id), "it died")
    if place.kind.scope == "platform":  # its letters are the platform's, wherever somebody asks: not under our name
        return "it was requeued" if rows.requeue(kind=place.kind.name, id=id, tenant=place.ours.schema_name) else ""
    return "it was requeued" if work.requeue(place.kind.name, id) else ""


def _with_foreign_row(place: Place, ask: Callable[[UUID], bool]) -> bool:
    """What is said of a row whose id means nothing here. Work of the platform has no row of that id anywhere."""
    id = place.foreign_id
    if place.kind.scope == "tenant":
        with place.home(), transaction.atomic():
            work.schedule(place.kind.name, id)
    before = place.row(id, place.label)
    return ask(id) or place.row(id, place.label) != before


def foreign_id_pending(place: Place) -> str:
    found = set(place.kind.pending())
    named = place.foreign_id if place.kind.scope == "tenant" else place.theirs.pk
    return "it is listed as work of ours" if named in found else ""


def rows_rebuilt(place: Place) -> str:
    before = _count(place.label)
    services.work_rebuild()
    return "" if _count(place.label) == before else "rows of the other were made or lost"


def tenant_forgotten(place: Place) -> str:
    before = _count(place.label)
    services.tenant_forget(schema=place.ours.schema_name)
    return (
        "" if _count(place.label) == before and not _count(place.ours.schema_name) else "the wrong rows were forgotten"
    )


def _count(schema: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from public.dispatch_work where tenant = %s", [schema])
        return int(cursor.fetchone()[0])


# Forged rows and messages


MOST_TURNS: Final = 5
"""That all work of a tenant takes, on a machine with much else to do."""


def _turn(place: Place, schema: str) -> int:
    """What a worker does with a message. Work that fails spoils no more than it would outside a test's transaction.

    Rows of other kinds are taken up and laid aside: what becomes of those is looked at where each of them is tried.
    """
    with ExitStack() as apart:
        for kind in kinds():
            for verb in ("perform", "perform_together"):
                real = transaction.atomic(getattr(type(kind), verb))
                apart.enter_context(patch.object(type(kind), verb, _of_one_kind(place.kind, real)))
        return turn(schema=schema, queue=place.kind.queue, board=BOARD)


def _of_one_kind(tried: WorkKind, real: Callable[..., None]) -> Callable[..., None]:
    def perform(self: WorkKind, claims: Claim | Sequence[Claim]) -> None:
        if self.name == tried.name:
            real(self, claims)
        else:
            for claim in [claims] if isinstance(claims, Claim) else claims:
                rows.finish(claim)

    return perform


def forged_row_of_foreign_id(place: Place) -> str:
    place.forge(place.foreign_id, place.ours.schema_name)
    _turn(place, place.ours.schema_name)
    return ""


def forged_row_in_our_name(place: Place) -> str:
    """Work of the platform on the other tenant, as if it were work of ours."""
    place.forge(place.id, place.ours.schema_name)
    _turn(place, place.ours.schema_name)
    return "" if _is_there(place) else "the other tenant is gone"


def forged_row_of_the_platform(place: Place) -> str:
    place.forge(place.foreign_id, PUBLIC)
    _turn(place, PUBLIC)
    return ""


def forged_row_of_no_tenant(place: Place) -> str:
    for schema in ("t_nobody", "information_schema", ""):
        place.forge(place.id, schema)
        if _turn(place, schema):
            return f"work was taken up for {schema!r}"
    return ""


def message_twice(place: Place) -> str:
    """Late, and after the work was done: a turn ends in time, whatever is left."""
    schema = place.ours.schema_name if place.kind.scope == "tenant" else PUBLIC
    for _ in range(MOST_TURNS):
        if not _turn(place, schema):
            break
    return "it was carried out again" if _turn(place, schema) or not _is_there(place) else ""


def message_received_inside_ours(place: Place) -> str:
    """A worker that was in our tenant does the other's work, and is in ours again."""
    _turn(place, place.label)
    return "" if current_schema() == place.ours.schema_name else f"it stayed in {current_schema()}"


def failure_in_the_middle(place: Place) -> str:
    """The other's work fails; what the same worker does next is ours alone."""

    def fail(*_: object) -> None:
        raise Broken

    with public_context(), nothing_begins(), ExitStack() as broken:
        for kind in kinds():
            for verb in ("perform", "perform_together"):
                broken.enter_context(patch.object(type(kind), verb, fail))
        _turn(place, place.label)
        if current_schema() != PUBLIC:
            return f"it stayed in {current_schema()}"
    if place.kind.scope == "tenant":
        _turn(place, place.ours.schema_name)
    return ""


def whom_it_tells(place: Place) -> str:
    """Events and wake-ups of what is done in ours carry the name of ours."""
    told: list[str] = []
    waiting: list[Any] = []
    with (
        patch(
            "apps.tenants.live._send", lambda groups, message: told.extend(each.partition(".")[0] for each in groups)
        ),
        patch("apps.dispatch.wakeups.wake", lambda schema, queue: told.append(schema)),
        patch("django.db.transaction.on_commit", lambda call, **_: waiting.append(call)),
    ):
        work.schedule(place.kind.name, place.id)
        _turn(place, place.ours.schema_name if place.kind.scope == "tenant" else PUBLIC)
        for call in waiting:
            call()
    own = {place.ours.schema_name} if place.kind.scope == "tenant" else {PUBLIC}
    return "" if own >= set(told) else f"it told {', '.join(sorted(set(told) - own))}"


def scheduled_inside_ours(place: Place) -> str:
    """Work of the platform that is asked for inside a tenant stands in the platform's name alone."""
    id = place.foreign_id
    work.schedule(place.kind.name, id)
    ours, label = place.row(id, place.ours.schema_name), place.row(id, PUBLIC)
    return "" if ours is None and label is not None else "it stands in the name of a tenant"


def id_of_a_thing(place: Place) -> str:
    """The id of a run in the place of a tenant's."""
    place.forge(UUID(place.scene.theirs.own.run), PUBLIC)
    _turn(place, PUBLIC)
    return "" if _is_there(place) else "the other tenant is gone"


def tenant_at_rest(place: Place) -> str:
    """Work on a tenant that nobody is making or deleting leaves it as it is."""
    with public_context():
        place.kind.perform(place.claim(PUBLIC))
    return "" if _is_there(place) else "the other tenant is gone"


def _is_there(place: Place) -> bool:
    with public_context():
        tenant: Tenant = Tenant.objects.get(pk=place.theirs.pk)
        return tenant.is_ready

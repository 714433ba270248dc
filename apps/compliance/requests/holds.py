"""Legal holds: what must not be erased."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.services import record
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound
from apps.common.permissions import Principal, demand
from apps.common.privacy import Person
from apps.compliance.auditing import HOLD_RELEASED, HOLD_SET
from apps.compliance.models import LegalHold
from apps.compliance.permissions import PRIVACY_MANAGE, PRIVACY_VIEW
from apps.compliance.requests.persons import person_of, subject_of
from apps.compliance.requests.problems import Held


def holds_query(*, who: Principal) -> QuerySet[LegalHold]:
    """All of them, newest first."""
    demand(who, PRIVACY_VIEW)
    return LegalHold.objects.select_related("set_by", "released_by").order_by("-id")


def hold_get(*, who: Principal, id: UUID) -> LegalHold:
    """One hold. Raises `NotFound`."""
    hold = holds_query(who=who).filter(pk=id).first()
    if hold is None:
        raise NotFound("There is no such hold here.", remedy="See the list of holds.")
    return hold


def hold_set(
    *,
    who: Principal,
    user: User,
    title: str,
    reason: str,
    member: UUID | None,
    identifiers: Sequence[str],
    everything: bool,
) -> LegalHold:
    """Hold back a person's data, or `everything`, from being erased and from going by its period.

    Raises `InvalidInput` with an issue for each place, and `NotFound` for a member who is none here.
    """
    demand(who, PRIVACY_MANAGE)
    title, reason = " ".join(title.split()), reason.strip()
    issues = []
    if not 1 <= len(title) <= 120 or not title.isprintable():
        issues.append(Issue(path="title", message="Name the matter in 1 to 120 characters, without a person's name."))
    if not 1 <= len(reason) <= 2_000:
        issues.append(Issue(path="reason", message="Say why, in 1 to 2,000 characters."))
    if everything and (member or any(each.strip() for each in identifiers)):
        issues.append(Issue(path="everything", message="Hold everything, or name a person: not both."))
    if issues:
        raise InvalidInput("No hold was set.", issues=issues)
    person = None if everything else person_of(member=member, identifiers=identifiers)
    with transaction.atomic():
        hold = LegalHold.objects.create(
            title=title, reason=reason, subject=None if person is None else subject_of(person), set_by=user
        )
        record(HOLD_SET, who=who, subject=hold, after={"holds": "everything" if person is None else "a person"})
    return hold


def hold_release(*, who: Principal, user: User, hold: LegalHold) -> LegalHold:
    """Let what was held be erased and go by its period again. Raises `Conflict` where it was released already."""
    demand(who, PRIVACY_MANAGE)
    with transaction.atomic():
        hold = LegalHold.objects.select_for_update(of=("self",)).select_related("set_by", "released_by").get(pk=hold.pk)
        if not hold.is_standing:
            raise Conflict(f"“{hold}” was released already. Nothing was changed.", remedy="See the list of holds.")
        hold.released_by, hold.released_at = user, timezone.now()
        hold.save(update_fields=["released_by", "released_at"])
        record(HOLD_RELEASED, who=who, subject=hold, before={"standing": True}, after={"standing": False})
    return hold


def standing() -> list[LegalHold]:
    """The holds that nobody has released. One statement."""
    return list(LegalHold.objects.filter(released_at=None).order_by("id"))


def require_no_hold(person: Person) -> None:
    """Raise `Held` where the person's data must not be erased."""
    for hold in standing():
        held = hold.person
        if held is None or _meet(held, person):
            raise Held(f"The hold “{hold}” keeps this data. Nothing was erased.")


def _meet(one: Person, other: Person) -> bool:
    if one.member is not None and one.member == other.member:
        return True
    return one.is_in(list(other.identifiers)) or other.is_in(list(one.identifiers))

"""Reads of members and service accounts."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.permissions import MEMBERS_VIEW
from apps.common.errors import NotFound
from apps.common.permissions import ROLES, Principal, demand

PAGE = 50
_RANKS = {key: rank for rank, key in enumerate(ROLES)}


def rank(role: str) -> int:
    """How far a role stands from the owner: 0 is the most powerful."""
    return _RANKS.get(role, len(_RANKS))


@dataclass(frozen=True)
class MemberPage:
    members: list[User]
    page: int
    pages: int
    found: int
    """Members that match."""
    active: int
    """Active members and service accounts of the tenant, whatever is searched for: what the quota counts."""

    @property
    def previous(self) -> int:
        return self.page - 1

    @property
    def next(self) -> int:
        return self.page + 1


def members_page(*, who: Principal, search: str = "", role: str = "", state: str = "", page: int = 1) -> MemberPage:
    """One page of members, most powerful first, in two statements. `state` is active, invited, inactive or empty."""
    demand(who, MEMBERS_VIEW)
    narrow = Q(is_service=False, valid_until=None)
    if text := search.replace("\x00", "").strip():  # a byte that the database has no text with
        narrow &= Q(name__icontains=text) | Q(email__icontains=text)
    if role in ROLES:
        narrow &= Q(role=role)
    invited = Q(password__startswith=UNUSABLE_PASSWORD_PREFIX, last_login=None)
    narrow &= {
        "active": Q(is_active=True) & ~invited,
        "invited": Q(is_active=True) & invited,
        "inactive": Q(is_active=False),
    }.get(state, Q())
    counts = User.objects.aggregate(
        found=Count("id", filter=narrow), active=Count("id", filter=Q(is_active=True, valid_until=None))
    )
    pages = max(1, -(-counts["found"] // PAGE))
    page = min(max(1, page), pages)
    order = Case(*(When(role=key, then=Value(n)) for key, n in _RANKS.items()), output_field=IntegerField())
    members = (
        User.objects.select_related("directory")
        .filter(narrow)
        .order_by("-is_active", order, "email")[(page - 1) * PAGE : page * PAGE]
    )
    return MemberPage(list(members), page, pages, **counts)


def member_get(*, who: Principal, id: UUID) -> User:
    """One member. Raises `NotFound` where there is none in this tenant."""
    demand(who, MEMBERS_VIEW)
    member = User.objects.filter(pk=id, is_service=False, valid_until=None).first()
    if member is None:
        raise NotFound("There is no such member here.", remedy="See the list of members.")
    return member


def member_sign_ins(*, who: Principal, id: UUID) -> tuple[User, list[Authenticator], list[UserSession]]:
    """A member, their factors and where they are signed in, latest first. Raises `NotFound`."""
    member = member_get(who=who, id=id)
    factors = Authenticator.objects.filter(user=member).order_by("created_at")
    sessions = UserSession.objects.filter(user=member).order_by("-last_seen_at")[:PAGE]
    return member, list(factors), list(sessions)


def service_accounts_query(*, who: Principal) -> QuerySet[User]:
    """The service accounts, newest first."""
    demand(who, MEMBERS_VIEW)
    return User.objects.filter(is_service=True).order_by("-id")


def service_accounts_list(*, who: Principal) -> list[User]:
    """All of them, active ones first, each with the number of its `keys` that work, in one statement."""
    working = Count("api_keys", filter=Q(api_keys__revoked_at=None, api_keys__expires_at__gt=timezone.now()))
    return list(service_accounts_query(who=who).annotate(keys=working).order_by("-is_active", "name", "id"))


def service_account_get(*, who: Principal, id: UUID) -> User:
    """One service account. Raises `NotFound` where there is none in this tenant."""
    account = service_accounts_query(who=who).filter(pk=id).first()
    if account is None:
        raise NotFound("There is no such service account here.", remedy="See the list of service accounts.")
    return account

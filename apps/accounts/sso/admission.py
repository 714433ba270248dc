"""Who comes in by what a provider says of them, and with which role."""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from apps.accounts.auditing import ROLE_SET
from apps.accounts.models import DirectoryUser, SsoConnection, SsoDomain, User
from apps.accounts.services import require_room, user_create
from apps.accounts.signals import rights_taken
from apps.accounts.sso.asserted import Asserted
from apps.accounts.sso.auditing import SSO_LINKED, SSO_MEMBER_MADE
from apps.accounts.sso.problems import SsoRefused
from apps.accounts.sso.schemas import Rules
from apps.audit.services import record
from apps.common.errors import Conflict


@transaction.atomic
def admit(connection: SsoConnection, person: Asserted) -> User:
    """The member that a person is, made or given their role where the rules say so. Raises `SsoRefused`.

    Somebody is known by the provider's name for them. The first time a member is found by their address, or one is
    made; in either case, and at each sign-in, the address has to be verified by the provider and in a domain that the
    tenant has shown to be its own. Who was deactivated stays out.
    """
    _require_address(connection, person)
    rules = Rules.model_validate(connection.rules)
    user = _known(connection, person) or _linked(connection, person)
    if user is None:
        return _made(connection, person, rules)
    if not user.is_active:
        raise SsoRefused("inactive")
    _set_role(connection, user, person, rules)
    return user


def _require_address(connection: SsoConnection, person: Asserted) -> None:
    if not person.email_verified or "@" not in person.email:
        raise SsoRefused("unverified")
    domain = person.email.rpartition("@")[2]
    if not SsoDomain.objects.filter(connection=connection, name=domain, verified_at__isnull=False).exists():
        raise SsoRefused("domain", f"It is of {domain}.")


def _known(connection: SsoConnection, person: Asserted) -> User | None:
    """Who came in by this provider before under this name."""
    account = SocialAccount.objects.filter(provider=str(connection.pk), uid=person.subject).first()
    return User.objects.select_for_update().get(pk=account.user_id) if account else None


def _linked(connection: SsoConnection, person: Asserted) -> User | None:
    """A member with this address, who from now on is known by the provider's name for them."""
    user = User.objects.select_for_update().filter(email=person.email, is_service=False, valid_until=None).first()
    if user is None:
        return None
    if not user.is_active:
        raise SsoRefused("inactive")
    if SocialAccount.objects.filter(provider=str(connection.pk), user=user).exists():
        raise SsoRefused("other-person", "Somebody else of the provider had this address before.")
    _link(connection, user, person)
    record(SSO_LINKED, who=connection, subject=user, connection=connection.name)
    return user


def _made(connection: SsoConnection, person: Asserted, rules: Rules) -> User:
    if not rules.just_in_time:
        raise SsoRefused("unknown")
    role = rules.role_of(person.groups)
    if role is None:
        raise SsoRefused("group")
    try:
        require_room()
    except Conflict as full:
        raise SsoRefused("full") from full
    user = user_create(email=person.email, name=person.name, role=role)
    _link(connection, user, person)
    record(SSO_MEMBER_MADE, who=connection, subject=user, after={"email": user.email, "role": role})
    return user


def _link(connection: SsoConnection, user: User, person: Asserted) -> None:
    SocialAccount.objects.create(user=user, provider=str(connection.pk), uid=person.subject, extra_data={})


def _set_role(connection: SsoConnection, user: User, person: Asserted, rules: Rules) -> None:
    """The role that the groups lead to, where groups lead to roles.

    An owner stays one: that is done by hand; and whom a directory manages (SCIM) has the role that it gives.
    """
    if user.role == "owner" or not rules.roles or DirectoryUser.objects.filter(user=user, is_managed=True).exists():
        return
    role = rules.role_of(person.groups)
    if role is None:
        raise SsoRefused("group")
    if role != user.role:
        before, user.role = user.role, role
        user.save(update_fields=["role"])
        record(ROLE_SET, who=connection, subject=user, before={"role": before}, after={"role": role})
        rights_taken.send(User, members={user.pk: before})

"""Writes to members and service accounts.

The rules: nobody deals with a role above their own or raises anyone above it; a tenant always has an active owner;
nobody changes their own role or deactivates themselves; the quota counts active members and service accounts.

A service account is never an owner, so that a tenant is always somebody's, and its role may call the API, which is all
that it is there for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from apps.accounts.auditing import (
    INVITED_AGAIN,
    MANAGEMENT_SET,
    MEMBER_DEACTIVATED,
    MEMBER_INVITED,
    MEMBER_REACTIVATED,
    ROLE_SET,
    SERVICE_CHANGED,
    SERVICE_MADE,
    SESSIONS_ENDED,
)
from apps.accounts.models import DirectoryUser, User
from apps.accounts.permissions import MEMBERS_MANAGE
from apps.accounts.selectors import rank
from apps.accounts.sessions import everything_end
from apps.accounts.signals import rights_taken
from apps.accounts.sso.only import require_not_break_glass
from apps.audit.actors import Acts
from apps.audit.services import record
from apps.common.errors import Conflict, InvalidInput, Issue, PermissionDenied
from apps.common.ids import uuid7
from apps.common.permissions import ROLES, codes_of, demand
from apps.gateway.permissions import API_USE
from apps.tenants.context import current_tenant, tenant_url
from apps.tenants.live import sockets_recheck

logger = logging.getLogger(__name__)

SERVICE_HOST = "service.invalid"


def user_create(*, email: str, name: str, role: str, password: str | None = None, is_staff: bool = False) -> User:
    """Store a person whose address needs no proof (made by an operator, a command or an invitation), past all rules."""
    user = User.objects.create_user(email, password, name=name, role=role, is_staff=is_staff)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@transaction.atomic
def member_invite(*, actor: User, email: str, name: str, role: str) -> User:
    """Add a member and mail them a link to choose a password. Raises `InvalidInput`, `Conflict`, `PermissionDenied`."""
    actor = _acting(actor)
    email, name = email.strip().lower(), name.strip()
    _check_invitation(email, name, role)
    _require_reach(actor, role)
    if User.objects.filter(email=email).exists():
        raise Conflict(
            f"{email} is a member already; nothing was sent.", remedy="Change their role in the list instead."
        )
    require_room()
    member = user_create(email=email, name=name, role=role)
    record(MEMBER_INVITED, who=actor, subject=member, after={"email": email, "role": role})
    _invitation_mail(member, inviter=str(actor))
    return member


@transaction.atomic
def member_invite_again(*, actor: User, member: User) -> None:
    """Mail another link to a member who has not chosen a password. Raises `Conflict` when they have."""
    actor = _acting(actor)
    member = _fresh(member)
    _require_reach(actor, member.role)
    if not member.is_invited or not member.is_active:
        raise Conflict(f"{member} needs no invitation; nothing was sent.", remedy="They can reset their own password.")
    record(INVITED_AGAIN, who=actor, subject=member)
    _invitation_mail(member, inviter=str(actor))


@transaction.atomic
def role_set(*, actor: User, member: User, role: str) -> User:
    """Give a member another role. Raises `PermissionDenied` above one's own, `Conflict` for the last owner."""
    actor = _acting(actor)
    if role not in ROLES:
        raise InvalidInput(
            f"There is no role {role!r}; nothing was changed.", issues=[Issue(path="role", message=role)]
        )
    member = _for_change(actor, member)
    _require_reach(actor, role)
    if member.role == "owner" and role != "owner":
        _require_other_owner(member)
    if role != "owner":
        require_not_break_glass(member)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    if before != role:
        record(ROLE_SET, who=actor, subject=member, before={"role": before}, after={"role": role})
        rights_taken.send(User, members={member.pk: before})
    return member


@transaction.atomic
def member_deactivate(*, actor: User, member: User) -> User:
    """Sign a member out everywhere and keep them out; what they did stays. Raises as `role_set`."""
    actor = _acting(actor)
    member = _for_change(actor, member)
    if member.role == "owner":
        _require_other_owner(member)
    membership_end(who=actor, member=member)
    return member


@transaction.atomic
def member_reactivate(*, actor: User, member: User) -> User:
    """Let a member in again, with the role they had. Raises `Conflict` when the quota is used up."""
    actor = _acting(actor)
    member = _for_change(actor, member)
    membership_resume(who=actor, member=member)
    return member


@transaction.atomic
def member_management_set(*, actor: User, member: User, managed: bool) -> User:
    """Take over from the directory a member whom it manages, or give them back to it. Raises as `role_set`.

    Whoever is taken over stays as they are, and the directory is refused any change of them. Giving back a member whom
    no directory has sent changes nothing, and neither does either for a member who is so already.
    """
    actor = _acting(actor)
    member = _for_change(actor, member, whoever_manages=True)
    known = DirectoryUser.objects.filter(user=member).exclude(is_managed=managed)
    if known.update(is_managed=managed, deleted_at=None):
        record(MANAGEMENT_SET, who=actor, subject=member, after={"managed": managed})
    return member


def membership_end(*, who: Acts | None, member: User) -> None:
    """Sign out everywhere a member, locked, and keep them out: sessions, tokens and keys are those of an active member.

    Whether `who` may is their caller's to know.
    """
    if member.is_active:
        require_not_break_glass(member)
        member.is_active, member.signed_out_at = False, timezone.now()
        member.save(update_fields=["is_active", "signed_out_at"])
        sockets_recheck([member.pk])
        record(MEMBER_DEACTIVATED, who=who, subject=member, **_turned(member))
        rights_taken.send(User, members={member.pk: member.role})


def membership_resume(*, who: Acts | None, member: User) -> None:
    """Let in again a member, locked. Raises `Conflict` when the quota is used up."""
    if not member.is_active:
        require_room()
        member.is_active = True
        member.save(update_fields=["is_active"])
        record(MEMBER_REACTIVATED, who=who, subject=member, **_turned(member), role=member.role)


@transaction.atomic
def member_sign_out(*, actor: User, member: User) -> User:
    """End all sessions of a member, and the tokens of signing in over the API. Raises as `role_set`."""
    member = _for_change(_acting(actor), member)
    everything_end(member)
    record(SESSIONS_ENDED, who=actor, subject=member, sessions="all sessions")
    return member


@transaction.atomic
def member_factors_remove(*, actor: User, member: User) -> User:
    """Take a member's second factors off who has lost them, end their sessions and tell them by mail. Raises as
    `role_set`, and `Conflict` where there is none."""
    member = _for_change(_acting(actor), member)
    require_not_break_glass(member)
    factors = Authenticator.objects.filter(user=member)
    if not factors.exists():
        raise Conflict(f"{member} has no second factor; nothing was changed.", remedy="They can set one up themselves.")
    for factor in factors:
        factor.delete()  # each is recorded
    everything_end(member)
    _mail_soon("Your second factor was taken off", "accounts/email/factors_removed.txt", member, actor=str(actor))
    return member


@transaction.atomic
def service_account_create(*, actor: User, name: str, role: str) -> User:
    """Add the account of a program: keys are made for it, and it never signs in. Raises as `member_invite`."""
    actor, name = _acting(actor), name.strip()
    _check_service(name, role)
    _require_reach(actor, role)
    require_room()
    # A row needs an address; this is none that a mail could reach (RFC 2606), and nobody is shown it.
    account = User.objects.create_user(f"{uuid7()}@{SERVICE_HOST}", None, name=name, role=role, is_service=True)
    record(SERVICE_MADE, who=actor, subject=account, after=_standing(account))
    return account


@transaction.atomic
def service_account_change(
    *,
    actor: User,
    account: User,
    name: str | None = None,
    role: str | None = None,
    is_active: bool | None = None,
    check: Callable[[User], None] = lambda account: None,
) -> User:
    """Give a service account another name or role, or end or resume it; None leaves a thing as it is.

    Its keys do what the role allows from then on, and nothing while it is deactivated. `check` gets the account as it
    is before, locked, and raises where it is not what the caller knows. Raises as `role_set`.
    """
    actor = _acting(actor)
    account = _for_change(actor, account)
    check(account)
    name = account.name if name is None else name.strip()
    role = account.role if role is None else role
    _check_service(name, role)
    _require_reach(actor, role)
    if is_active and not account.is_active:
        require_room()
    before = _standing(account)
    account.name, account.role = name, role
    account.is_active = account.is_active if is_active is None else is_active
    account.save(update_fields=["name", "role", "is_active"])
    if (after := _standing(account)) != before:
        record(SERVICE_CHANGED, who=actor, subject=account, before=before, after=after)
    return account


def service_roles() -> list[str]:
    """The roles that a service account may have, most powerful first."""
    return [key for key in ROLES if key != "owner" and API_USE in codes_of(key)]


def first_owner_invite(*, tenant: Any, **_: Any) -> None:
    """When a tenant is made: invite its first owner. Does nothing for a tenant without one, or that has users."""
    if tenant.owner_email and not User.objects.exists():
        owner = user_create(email=tenant.owner_email, name="", role="owner")
        record(MEMBER_INVITED, who=None, subject=owner, after={"email": owner.email, "role": "owner"})
        _invitation_mail(owner, inviter="The operator of this installation")


def password_link(member: User) -> str:
    """The address at which a member chooses a password: once, within a day, and only in this tenant."""
    key = [user_pk_to_url_str(member), default_token_generator.make_token(member)]
    path = reverse("account_reset_password_from_key", args=key, urlconf=settings.ROOT_URLCONF)
    return tenant_url(current_tenant(), path)


def _standing(account: User) -> dict[str, Any]:
    """What of a service account can be changed."""
    return {"name": account.name, "role": account.role, "is_active": account.is_active}


def _turned(member: User) -> dict[str, Any]:
    """What an entry says of a member who was just deactivated, or reactivated."""
    return {"before": {"is_active": not member.is_active}, "after": {"is_active": member.is_active}}


def owners_lock() -> list[User]:
    """The active owners, locked. Every change of members takes this lock first, so that they go one after another."""
    return list(User.objects.select_for_update().filter(role="owner", is_active=True).order_by("id"))


def _acting(actor: User) -> User:
    """Who acts, as stored now: what was true when the request began may have been changed by another member."""
    owners_lock()
    actor = _fresh(actor)
    demand(actor, MEMBERS_MANAGE)
    return actor


def _for_change(actor: User, member: User, *, whoever_manages: bool = False) -> User:
    """The member as stored now, for a change by `actor`. One whom the directory manages is changed there."""
    member = _fresh(member)
    if member.pk == actor.pk:
        raise Conflict(
            "You cannot change your own membership; nothing was changed.", remedy="Ask another administrator."
        )
    _require_reach(actor, member.role)
    if not whoever_manages and member.role != "owner":
        _require_own(member)
    return member


def _require_own(member: User) -> None:
    if DirectoryUser.objects.filter(user=member, is_managed=True).exists():
        raise Conflict(
            f"Your directory manages {member}, and would undo it. Nothing was changed.",
            remedy="Change it in the directory, or take the member over on the page of members first.",
        )


def _fresh(member: User) -> User:
    return User.objects.select_for_update().get(pk=member.pk)


def _require_reach(actor: User, role: str) -> None:
    if rank(role) < rank(actor.role):
        raise PermissionDenied(
            f"Your role, {ROLES[actor.role].title.lower()}, is below {ROLES[role].title.lower()}. Nothing was changed.",
            remedy="Ask an owner.",
        )


def _require_other_owner(member: User) -> None:
    if all(owner.pk == member.pk for owner in owners_lock()):
        raise Conflict(
            f"{member} is the last active owner, and someone has to be one. Nothing was changed.",
            remedy="Make somebody else an owner first.",
        )


def require_room() -> None:
    most = current_tenant().max_members
    if User.objects.filter(is_active=True, valid_until=None).count() >= most:
        raise Conflict(
            f"Your organisation has {most} active members and service accounts, as many as its plan allows. "
            "Nothing was changed.",
            remedy="Deactivate someone, or ask the operator of this installation for more.",
        )


def _check_service(name: str, role: str) -> None:
    issues = []
    if not name or len(name) > 150 or not name.isprintable():
        issues.append(Issue(path="name", message="Give a name of 1 to 150 characters that says which program it is."))
    if role not in service_roles():
        issues.append(Issue(path="role", message=f"Choose one that may call the API: {', '.join(service_roles())}."))
    if issues:
        raise InvalidInput("Nothing was changed.", issues=issues)


def _check_invitation(email: str, name: str, role: str) -> None:
    issues = []
    try:
        validate_email(email)
    except ValidationError:
        issues.append(Issue(path="email", message="Enter an e-mail address, for example ana@example.org."))
    if len(email) > 254:
        issues.append(Issue(path="email", message="This address is too long: 254 characters at most."))
    if len(name) > 150:
        issues.append(Issue(path="name", message="This name is too long: 150 characters at most."))
    if not name.isprintable():
        issues.append(Issue(path="name", message="This name holds characters that cannot be shown."))
    if role not in ROLES:
        issues.append(Issue(path="role", message=f"There is no role {role!r}: choose one of the list."))
    if issues:
        raise InvalidInput("The invitation was not sent.", issues=issues)


def _invitation_mail(member: User, *, inviter: str) -> None:
    _mail_soon("Your invitation", "accounts/email/invitation.txt", member, inviter=inviter, link=password_link(member))


def _mail_soon(subject: str, template: str, member: User, **context: str) -> None:
    """Send a mail when the transaction commits. A mail server that is away is logged: what was done stays done."""
    tenant = current_tenant()
    text = render_to_string(template, {"member": member, "tenant": tenant, **context})

    def send() -> None:
        try:
            send_mail(f"[{tenant.name}] {subject}", text, None, [member.email])
        except OSError as error:  # smtplib's errors are OSErrors
            logger.error("a mail could not be sent: %s", error, extra={"tenant": tenant.schema_name, "mail": subject})

    transaction.on_commit(send)

"""What a directory does to members and groups.

The rules: an owner is never touched, nor a member whom a person here has taken over; the quota is that of any member;
whoever the directory removes stays in the records, and may not come in. The role of a managed member is the most
powerful of the groups they are in, and viewer without one; it follows the groups as soon as they, or what they give,
change. A member who was here before the directory wrote them keeps their role until then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from apps.accounts import services as members
from apps.accounts.auditing import (
    DEPROVISIONED,
    GROUP_CHANGED,
    GROUP_MAPPED,
    GROUP_REMOVED,
    GROUP_SENT,
    PROVISIONED,
    PROVISIONED_AGAIN,
    ROLE_SET,
)
from apps.accounts.models import DirectoryGroup, DirectoryMembership, DirectoryUser
from apps.accounts.models import User as Account
from apps.accounts.models.scim import MAPPABLE
from apps.accounts.permissions import IDENTITY_MANAGE, MEMBERS_MANAGE
from apps.accounts.scim import selectors
from apps.accounts.scim.directory import Directory
from apps.accounts.scim.documents import Group, Refused, User
from apps.accounts.selectors import rank
from apps.accounts.signals import rights_taken
from apps.audit.actors import Acts
from apps.audit.services import Record as Entry
from apps.audit.services import record, record_many
from apps.common.errors import Conflict, InvalidInput, Issue, PermissionDenied
from apps.common.permissions import ROLES, demand

DEFAULT_ROLE = "viewer"
LONGEST_EXTERNAL_ID = 255

Change = Callable[[Any], None]
"""Changes a document, as it stands now and is locked; raises where that cannot be."""


@transaction.atomic
def user_provision(*, directory: Directory, document: User) -> Account:
    """Make the member that a directory sends. Raises `Refused`, and `PermissionDenied` when the quota is used up.

    Whom a directory had removed is the same person again, by the same address.
    """
    _begin(directory)
    email = _address_of(document)
    document.active = document.active is not False
    known = Account.objects.select_for_update(of=("self",)).filter(email=email).select_related("directory").first()
    if known is not None:
        return _again(directory, known, document)
    if document.active is not False:
        _require_room()
    account = members.user_create(email=email, name=_name_of(document), role=DEFAULT_ROLE)
    if document.active is False:
        account.is_active = False
        account.save(update_fields=["is_active"])
    _write(account, document)
    record(PROVISIONED, who=directory, subject=account, after=_standing(account, document))
    return account


@transaction.atomic
def user_change(*, directory: Directory, id: str, base: str, change: Change) -> Account:
    """Change a member by what `change` makes of their document. Raises `Refused`, `PermissionDenied`, `NotFound`."""
    _begin(directory)
    account = _writable(selectors.user_get(who=directory, id=id, lock=True))
    document = selectors.user_document(account, base=base)
    before = _standing(account, document)
    change(document)
    email = _address_of(document)
    if email != account.email:
        _move(account, email)
    name = _name_of(document)
    if name != account.name:
        account.name = name
        account.save(update_fields=["name"])
    _turn(directory, account, document.active is not False)
    _write(account, document)
    after = _standing(account, document)
    if before != after:
        record(PROVISIONED_AGAIN, who=directory, subject=account, before=before, after=after)
    return account


@transaction.atomic
def user_remove(*, directory: Directory, id: str, check: Change) -> None:
    """Keep a member out, and be asked for them no more; what they did stays theirs. Raises as `user_change`."""
    _begin(directory)
    account = _writable(selectors.user_get(who=directory, id=id, lock=True))
    check(account)
    members.membership_end(who=directory, member=account)
    DirectoryMembership.objects.filter(user=account).delete()
    now = timezone.now()
    DirectoryUser.objects.update_or_create(user=account, defaults={"deleted_at": now, "changed_at": now})
    record(DEPROVISIONED, who=directory, subject=account)


@transaction.atomic
def group_provision(*, directory: Directory, document: Group) -> DirectoryGroup:
    """Make the group that a directory sends. It gives no role until an administrator says so. Raises `Refused`."""
    _begin(directory)
    group = DirectoryGroup.objects.create(
        display_name=_text(document.display_name, "displayName"), external_id=_external_id(document)
    )
    added, _ = _members_set(group, document)
    record(GROUP_SENT, who=directory, subject=group, members=len(added))
    return group


@transaction.atomic
def group_change(*, directory: Directory, id: str, base: str, change: Change) -> DirectoryGroup:
    """Change a group by what `change` makes of its document; roles follow. Raises `Refused`, `NotFound`."""
    _begin(directory)
    group = selectors.group_get(who=directory, id=id, lock=True)
    document = selectors.group_document(group, base=base)
    before = {"name": group.display_name, "external_id": group.external_id}
    change(document)
    group.display_name, group.external_id = _text(document.display_name, "displayName"), _external_id(document)
    group.changed_at = timezone.now()
    group.save(update_fields=["display_name", "external_id", "changed_at"])
    added, removed = _members_set(group, document)
    after = {"name": group.display_name, "external_id": group.external_id}
    if before != after or added or removed:
        record(
            GROUP_CHANGED,
            who=directory,
            subject=group,
            before=before,
            after=after,
            added=len(added),
            removed=len(removed),
        )
    if group.role:
        roles_follow(who=directory, accounts=added | removed)
    return group


@transaction.atomic
def group_remove(*, directory: Directory, id: str, check: Change) -> None:
    """Remove a group; the roles of those who were in it follow. Raises `NotFound`."""
    _begin(directory)
    group = selectors.group_get(who=directory, id=id, lock=True)
    check(group)
    were = set(group.memberships.values_list("user_id", flat=True))
    record(GROUP_REMOVED, who=directory, subject=group)
    group.delete()
    if group.role:
        roles_follow(who=directory, accounts=were)


@transaction.atomic
def group_map(*, actor: Account, group: DirectoryGroup, role: str) -> DirectoryGroup:
    """Say what role a group gives; empty: none. Those in it have it at once. Raises `InvalidInput`,
    `PermissionDenied` above one's own role."""
    members.owners_lock()
    demand(actor, IDENTITY_MANAGE)
    group = DirectoryGroup.objects.select_for_update().get(pk=group.pk)
    if role and role not in MAPPABLE:
        raise InvalidInput("Nothing was changed.", issues=[Issue(path="role", message="Choose one of the list.")])
    for each in filter(None, (role, group.role)):
        if rank(each) < rank(actor.role):
            raise PermissionDenied(
                f"Your role is below {ROLES[each].title.lower()}. Nothing was changed.", remedy="Ask an owner."
            )
    if role != group.role:
        before, group.role = group.role, role
        group.save(update_fields=["role"])
        record(GROUP_MAPPED, who=actor, subject=group, before={"role": before}, after={"role": role})
        roles_follow(who=actor, accounts=set(group.memberships.values_list("user_id", flat=True)))
    return group


def roles_follow(*, who: Acts, accounts: Iterable[UUID]) -> None:
    """Give each of these managed members the most powerful role of their groups. In four statements at most."""
    found = Account.objects.select_for_update(of=("self",)).filter(pk__in=accounts, directory__is_managed=True)
    managed = {
        account.pk: account for account in found.exclude(role="owner").exclude(directory__deleted_at__isnull=False)
    }
    given: dict[UUID, set[str]] = {pk: {DEFAULT_ROLE} for pk in managed}
    for user, role in DirectoryMembership.objects.filter(user__in=managed).values_list("user_id", "group__role"):
        given[user] |= {role} & set(MAPPABLE)
    changed, entries, had = [], [], {}
    for pk, account in managed.items():
        before, account.role = account.role, min(given[pk], key=rank)
        if account.role != before:
            changed.append(account)
            had[pk] = before
            entries.append(Entry(ROLE_SET, who, account, {"role": before}, {"role": account.role}))
    Account.objects.bulk_update(changed, ["role"])
    record_many(entries)
    if had:
        rights_taken.send(Account, members=had)


def _begin(directory: Directory) -> None:
    """Every change of members goes one after another, a directory's too."""
    members.owners_lock()
    demand(directory, MEMBERS_MANAGE)


def _writable(account: Account) -> Account:
    """The member, if a directory may change them."""
    if account.role == "owner":
        raise PermissionDenied(
            f"{account} is an owner, whom no directory changes. Nothing was changed.",
            remedy="Leave owners out of what is provisioned, or give them another role in the console first.",
        )
    known = getattr(account, "directory", None)
    if known is not None and not known.is_managed:
        raise PermissionDenied(
            f"{account} was taken over by hand. Nothing was changed.",
            remedy="Have an administrator give them back to the directory on the page of members.",
        )
    return account


def _again(directory: Directory, account: Account, document: User) -> Account:
    """A member of this address is there: they are taken up again where the directory had removed them."""
    known = getattr(account, "directory", None)
    if account.is_service or account.is_visitor or known is None or known.deleted_at is None:
        raise Refused(
            409,
            f"{account.email} is a member already; nothing was changed. Ask for them by a filter on userName, and "
            "change them by their id.",
            "uniqueness",
        )
    _writable(account)
    _turn(directory, account, document.active is not False)
    account.name = _name_of(document)
    account.save(update_fields=["name"])
    known.deleted_at = None
    _write(account, document)
    record(PROVISIONED, who=directory, subject=account, after=_standing(account, document))
    roles_follow(who=directory, accounts={account.pk})
    account.refresh_from_db()
    return account


def _write(account: Account, document: User) -> None:
    """Keep the document beside the member."""
    told = document.model_dump(include={"name", "display_name", "emails", "active"})
    told.pop("schemas", None)
    addresses = [
        {key: value.lower() if isinstance(value, str) else value for key, value in entry.items()}
        for entry in told.get("emails", [])
    ]
    known = getattr(account, "directory", None) or DirectoryUser(user=account)
    known.external_id, known.profile, known.addresses = _external_id(document), told, addresses
    known.changed_at = timezone.now()
    known.save()
    account.directory = known


def _standing(account: Account, document: User) -> dict[str, Any]:
    """What of a member an entry tells."""
    return {
        "email": account.email,
        "name": account.name,
        "external_id": document.external_id or "",
        "role": account.role,
        "active": account.is_active,
    }


def _turn(directory: Directory, account: Account, active: bool) -> None:
    if not active:
        members.membership_end(who=directory, member=account)
    elif not account.is_active:
        _require_room()
        members.membership_resume(who=directory, member=account)


def _move(account: Account, email: str) -> None:
    """Give a member another address to sign in by, which the directory answers for."""
    if Account.objects.filter(email=email).exists():
        raise Refused(409, f"{email} is another member's; nothing was changed.", "uniqueness")
    account.email = email
    account.save(update_fields=["email"])
    EmailAddress.objects.filter(user=account).delete()
    EmailAddress.objects.create(user=account, email=email, verified=True, primary=True)


def _members_set(group: DirectoryGroup, document: Group) -> tuple[set[UUID], set[UUID]]:
    """Have in the group whom the document names; who came and who went. Raises `Refused` for one who is not there."""
    wanted: set[UUID] = set()
    for member in document.members or []:
        try:
            wanted.add(UUID(str(member.value)))
        except ValueError as error:
            raise Refused(400, f"There is no user {str(member.value)[:60]!r} here.", "invalidValue") from error
    there = set(group.memberships.values_list("user_id", flat=True))
    added, removed = wanted - there, there - wanted
    known = set(selectors.people().filter(pk__in=added).values_list("pk", flat=True))
    if missing := added - known:
        raise Refused(400, f"There is no user {min(missing)} here; nothing was changed.", "invalidValue")
    DirectoryMembership.objects.bulk_create(DirectoryMembership(group=group, user_id=pk) for pk in added)
    if removed:
        group.memberships.filter(user__in=removed).delete()
    return added, removed


def _address_of(document: User) -> str:
    """The address that the person signs in by. Raises `Refused`."""
    email = (document.user_name or "").strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise Refused(
            400, "userName has to be the e-mail address that the person signs in by.", "invalidValue"
        ) from error
    return email


def _name_of(document: User) -> str:
    parts = document.name
    joined = " ".join(filter(None, (parts.given_name, parts.family_name))) if parts else ""
    return _text(document.display_name or (parts and parts.formatted) or joined or "", "displayName")[:150].strip()


def _external_id(document: User | Group) -> str:
    text = _text(document.external_id, "externalId")
    if len(text) > LONGEST_EXTERNAL_ID:
        raise Refused(400, f"externalId has {LONGEST_EXTERNAL_ID} characters at most.", "invalidValue")
    return text


def _text(value: str | None, attribute: str) -> str:
    """A text that can be shown. Raises `Refused`."""
    if not (value or "").isprintable():
        raise Refused(400, f"{attribute} holds characters that cannot be shown.", "invalidValue")
    return value or ""


def _require_room() -> None:
    try:
        members.require_room()
    except Conflict as problem:  # to a directory, a conflict is that the member is there already
        raise PermissionDenied(problem.detail, remedy=problem.remedy) from problem

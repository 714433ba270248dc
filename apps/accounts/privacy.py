"""What the organisation knows of its members, how they come in, and for how long it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet

from apps.accounts.models import (
    DirectoryGroup,
    DirectoryMembership,
    DirectoryUser,
    OperatorGrant,
    OperatorVisit,
    ScimToken,
    SsoConnection,
    SsoPolicy,
    SsoSession,
    User,
)
from apps.accounts.signals import rights_taken
from apps.common.privacy import Erased, Found, Ineffaceable, Item, Person, PersonalData, exempt
from apps.tenants.personal import PersonalRows, RetainedRows, salted_digest

NOBODYS_HOST: Final = "erased.invalid"
"""Of the address that a row must have, and that no mail reaches (RFC 2606)."""


class Members(PersonalData):
    key = "accounts.member"
    title = "Members"
    what = "Name, address, role, and when the account was made and last used."
    erasure = "The account becomes that of a former member: no name, no address, no way in. What it did stays its own."
    tables = ("accounts.User",)

    def total(self) -> int:
        return 1

    def find(self, person: Person, *, mark: str | None, limit: int, to_erase: bool) -> Found:
        users = User.objects.filter(_is(person))
        if to_erase:
            users = users.exclude(email__endswith=f"@{NOBODYS_HOST}")
        return Found([_item(user) for user in users.order_by("id")], looked=1, mark=None)

    def erase(self, person: Person, rows: Sequence[str], *, request: str) -> Erased:
        digests = {}
        for user in User.objects.filter(_is(person), pk__in=rows).select_for_update():
            refuse_owner(user)
            digests[str(user.pk)] = salted_digest(_item(user).content)
            User.objects.filter(pk=user.pk).update(
                name=f"Former member {user.pk.hex[-6:]}", email=f"{user.pk.hex}@{NOBODYS_HOST}", last_login=None,
                password=make_password(None), is_active=False, is_staff=False,
            )  # fmt: skip
            rights_taken.send(User, members={user.pk: user.role})
        return Erased(digests)


def refuse_owner(user: User) -> None:
    """Raise `Ineffaceable` for an active owner, as an organisation is always somebody's."""
    if user.role == "owner" and user.is_active:
        raise Ineffaceable(
            "This member is an active owner of the organisation. Nothing was erased.",
            remedy="Hand over first: make somebody else an owner, and give this member another role.",
        )


def _is(person: Person) -> Q:
    """The account of a person: by its key, and by an address that is one of the identifiers."""
    return Q(is_service=False) & (Q(pk=person.member) | Q(email__in=[each.lower() for each in person.identifiers]))


def _item(user: User) -> Item:
    same = ("name", "email", "role", "is_active", "created_at", "last_login")
    columns = {
        name: value.isoformat() if hasattr(value := getattr(user, name), "isoformat") else value for name in same
    }
    return Item(str(user.pk), str(user), user.created_at, {"columns": columns, "says": []})


class ServiceAccounts(PersonalRows):
    key = "accounts.service_account"
    title = "Service accounts"
    what = "The names of accounts of programs."
    model = User
    texts = ("name",)
    hidden = ("password", "email")

    def rows(self) -> QuerySet[Any]:
        return User.objects.filter(is_service=True)


class _OfMembers(PersonalRows):
    """Rows that are nothing without the member, and are deleted."""

    erasure = "It is deleted."
    member = removes = ("user",)

    def title_of(self, row: Any) -> str:
        return self.title


class Addresses(_OfMembers):
    key = "accounts.address"
    title = "Addresses of members"
    what = "E-mail addresses, and whether they were confirmed."
    model = EmailAddress
    when = ""


class Factors(_OfMembers):
    key = "accounts.factor"
    title = "Second factors"
    what = "Which there are, and when they were used; their secrets are shown to nobody."
    model = Authenticator
    hidden = ("data",)


class Devices(_OfMembers):
    key = "accounts.device"
    title = "Devices that are signed in"
    what = "The network address, the browser, and when it was last seen."
    model = UserSession
    hidden = ("session_key", "data")


class External(_OfMembers):
    key = "accounts.external"
    title = "Accounts at identity providers"
    what = "The name and what the provider said of the member."
    model = SocialAccount
    when = "date_joined"


class SsoSessions(_OfMembers):
    key = "accounts.sso_session"
    title = "Sessions of single sign-on"
    what = "That a provider signed the member in, and when."
    model = SsoSession
    hidden = ("session_key", "sid")


class Directory(_OfMembers):
    key = "accounts.directory_user"
    title = "What a directory sent of members"
    what = "Names and addresses, as they were sent."
    model = DirectoryUser
    texts = ("external_id", "profile", "addresses")


class Memberships(_OfMembers):
    key = "accounts.directory_membership"
    title = "Groups that members are in"
    what = "Which groups of the directory."
    model = DirectoryMembership
    when = ""


class Groups(PersonalRows):
    key = "accounts.directory_group"
    title = "Groups of the directory"
    what = "Their names."
    model = DirectoryGroup
    texts = ("display_name", "external_id")


class ScimTokens(PersonalRows):
    key = "accounts.scim_token"
    title = "Tokens of the directory"
    what = "Their names, and who made them."
    model = ScimToken
    member = ("created_by",)
    texts = ("name",)
    hidden = ("digest",)


class Connections(PersonalRows):
    key = "accounts.sso_connection"
    title = "Identity providers"
    what = "Their names, whom they let in, and who connected them."
    model = SsoConnection
    member = ("created_by",)
    texts = ("name",)
    sealed = ("rules", "findings")  # the others are keys


class SsoPolicies(PersonalRows):
    key = "accounts.sso_policy"
    title = "Policy of single sign-on"
    what = "Which owner keeps a way in without it."
    model = SsoPolicy
    member = ("break_glass",)
    when = ""


class Grants(PersonalRows):
    key = "accounts.operator_grant"
    title = "Operators' access"
    what = "Which operator asked, why, and who granted it."
    model = OperatorGrant
    member = ("granted_by", "closed_by")
    texts = ("operator_email", "asked_by", "ticket", "reason")
    when = "asked_at"


class Visits(PersonalRows):
    key = "accounts.operator_visit"
    title = "Visits of operators"
    what = "Which operator was inside, and when."
    model = OperatorVisit
    member = ("visitor",)
    texts = ("operator_email", "ticket")
    when = "entered_at"


class BackOffice(PersonalRows):
    key = "accounts.back_office"
    title = "Changes in the back office"
    what = "What an operator changed there."
    model = LogEntry
    member = ("user",)
    texts = ("object_repr", "change_message")
    when = "action_time"


class Sessions(PersonalData):
    """Whose session it is stands inside, signed: each is opened."""

    key = "accounts.session"
    title = "Sessions"
    what = "That somebody is signed in, and until when."
    erasure = "They are ended and deleted."
    tables = ("sessions.Session",)

    def total(self) -> int:
        return Session.objects.count()

    def find(self, person: Person, *, mark: str | None, limit: int, to_erase: bool) -> Found:
        rows = list(Session.objects.filter(session_key__gt=mark or "").order_by("session_key")[:limit])
        items = [
            # Nobody is shown the key of a session that works; it is the row's name, and the row is sealed.
            Item(row.session_key, "Session", None, {"columns": {"until": row.expire_date.isoformat()}, "says": []})
            for row in rows
            if _is_of(row, person)
        ]
        return Found(items, len(rows), rows[-1].session_key if len(rows) == limit else None)

    def erase(self, person: Person, rows: Sequence[str], *, request: str) -> Erased:
        found = [row for row in Session.objects.filter(session_key__in=rows) if _is_of(row, person)]
        store = import_module(settings.SESSION_ENGINE).SessionStore
        for row in found:
            store(row.session_key).delete()
        return Erased({row.session_key: salted_digest(row.session_data) for row in found})


def _is_of(row: Session, person: Person) -> bool:
    held = row.get_decoded()
    return held.get("_auth_user_id") == str(person.member) or person.is_in(held)


class SessionsKept(RetainedRows):
    key = "accounts.session"
    title = "Sessions that have ended"
    group = "People and programs"
    what = "Their rows are deleted."
    note = "The period begins when they end."
    default = 1
    most = 30
    model = Session
    when = "expire_date"


class DevicesKept(RetainedRows):
    key = "accounts.device"
    title = "Devices that were not seen for long"
    group = "People and programs"
    what = "The row with address and browser is deleted."
    note = "They help members to see who used their account."
    default = 90
    most = 400
    model = UserSession
    when = "last_seen_at"


exempt("Rights and kinds of things, without a word of anybody.",
    "auth.Permission", "auth.Group", "auth.Group_permissions", "contenttypes.ContentType",
    "accounts.SignInPolicy", "accounts.SsoDomain",
)  # fmt: skip
exempt("It is deleted with what it belongs to.", "account.EmailConfirmation", "socialaccount.SocialToken")
exempt("Identity providers are `accounts.SsoConnection`; this table is empty.", "socialaccount.SocialApp")
exempt("A digest of what was used once, which names nobody.", "accounts.SsoSeen")

"""Members, what they come with, and who else is let in."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

from tests.isolation.ground import credentials
from tests.isolation.ground.sides import HOLDER, PASSWORD


def member(id: UUID, role: str, email: str, name: str) -> Any:
    from allauth.account.models import EmailAddress
    from django.contrib.auth.hashers import make_password

    from apps.accounts.models import User

    # The same hash in both tenants: nothing but the schema tells their signatures apart.
    user = User.objects.create(
        id=id, email=email, name=name, role=role, password=make_password(PASSWORD, salt="a" * 22)
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def holder(slug: str, marker: str) -> Any:
    """A member who has set up an authenticator app and recovery codes."""
    from tests.accounts.factors import app_of, recovery_codes_of

    holder = member(HOLDER, "viewer", f"holder@{slug}.example", name=f"Holder {marker}")
    app_of(holder)
    recovery_codes_of(holder)
    return holder


def passkey(id: int, marker: str) -> int:
    """A passkey of that member under this key, far above those that the database gives to other factors."""
    from allauth.mfa.models import Authenticator

    data = {"name": f"Passkey {marker}", "credential": {}}
    Authenticator.objects.create(id=id, user_id=HOLDER, type="webauthn", data=data)
    return id


def service_account(id: UUID, name: str) -> str:
    from apps.accounts.models import User

    User.objects.create_user(f"{id}@service.invalid", None, id=id, name=name, role="builder", is_service=True)
    return str(id)


def group(id: UUID, marker: str, member: Any) -> str:
    """A group of the directory that gives the role that its member has."""
    from apps.accounts.models import DirectoryGroup

    group = DirectoryGroup.objects.create(id=id, display_name=f"Group {marker}", role=member.role)
    group.members.add(member)
    return str(id)


def scim_token_row(id: UUID, marker: str) -> str:
    credentials.scim_token(id, f"Directory {marker}")
    return str(id)


def grant(id: UUID, marker: str) -> str:
    from django.utils import timezone

    from apps.accounts.models import OperatorGrant

    OperatorGrant.objects.create(
        id=id, asked_by="ops@example.org", asked_at=timezone.now(), reason=f"Reason {marker}", hours=1
    )
    return str(id)


def open_grant(id: UUID, marker: str, owner: Any) -> str:
    from django.utils import timezone

    from apps.accounts.models import OperatorGrant

    OperatorGrant.objects.create(
        id=id,
        operator_email="ops@example.org",
        reason=f"Leave {marker}",
        granted_by=owner,
        granted_at=timezone.now(),
        ends_at=credentials.soon(),
    )
    return str(id)


def sso(run: Any, marker: str) -> None:
    """An identity provider of the id of a run, with a domain of that id."""
    from apps.accounts.models import SsoConnection, SsoDomain

    name = f"p{run.number}-{marker}"
    access = {
        "entity_id": f"https://login.example/{marker}",
        "sso_url": f"https://login.example/{marker}/sso",
        "certificates": [_saml_keys()["certificate"]],
    }
    made = SsoConnection.objects.create(
        id=run.pk, kind="saml", name=name, access=access, rules={}, keys=_saml_keys(), is_enabled=True
    )
    SsoDomain.objects.create(id=run.pk, connection=made, name=f"{name}.invalid".lower(), token=marker)


@cache
def _saml_keys() -> dict[str, str]:
    from apps.accounts.sso.saml import keys_made

    return keys_made("Of the tests")

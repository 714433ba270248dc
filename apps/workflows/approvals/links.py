"""Signed links that bring one person to one question. They open no door: whoever follows one still signs in.

A link is bound to the tenant, the question, the person and the question's deadline, and good for nothing else: what it
opens is the page of the question, for that person.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.common.errors import NotFound, PermissionDenied
from apps.common.permissions import Principal
from apps.tenants.context import current_schema, current_tenant, tenant_url
from apps.workflows import selectors
from apps.workflows.models import Approval

LONGEST: Final = 500
"""Characters of a token: of a longer one not even the signature is looked at."""
State = Literal["open", "expired", "decided", "withdrawn"]


def link_token(*, approval: Approval, user: User) -> str:
    """What stands in a link to this question that is good for this person, until its time is over."""
    told = {"approval": str(approval.pk), "user": str(user.pk), "until": approval.due_at.isoformat()}
    return _signer().sign_object(told)


def link_address(*, approval: Approval, user: User) -> str:
    """The whole address of such a link, for a mail."""
    path = reverse("workflows:approval-link", args=[link_token(approval=approval, user=user)])
    return tenant_url(current_tenant(), path)


def link_open(*, who: Principal, user: User, token: str) -> tuple[Approval, State]:
    """The question that a link leads to, for `user`, who has signed in, and how it stands: a link that is over still
    shows what became of it.

    Raises `NotFound` for what is no link of this organisation, and `PermissionDenied` for the link of another person:
    it says nothing of the question, nor whose it is.
    """
    told = _read(token)
    if told["user"] != str(user.pk):
        raise PermissionDenied(
            "This link was sent to another member, and is good for them alone. Nothing was decided.",
            remedy="Sign in as the person who got the mail, or look for the question in your own list of approvals.",
        )
    approval = selectors.approval_get(who=who, id=UUID(told["approval"]))
    if approval.decided_at is not None:
        return approval, "decided"
    if approval.withdrawn_at is not None:
        return approval, "withdrawn"
    is_over = min(approval.due_at, datetime.fromisoformat(told["until"])) <= timezone.now()
    return approval, "expired" if is_over else "open"


def link_holds(*, token: str, approval: Approval, user: User) -> bool:
    """Whether a form that carries this token came by a link to this question for this person: then its answer is said
    to have come so (`via="link"`)."""
    try:
        told = _read(token)
    except NotFound:
        return False
    return (told["approval"], told["user"]) == (str(approval.pk), str(user.pk))


def _read(token: str) -> dict[str, Any]:
    try:
        if len(token) > LONGEST:
            raise BadSignature
        told: dict[str, Any] = _signer().unsign_object(token)
    except BadSignature:
        raise NotFound(
            "This link leads nowhere: it was cut off or changed, or is not of this organisation.",
            remedy="Open it from the mail as a whole, or look for the question in your list of approvals.",
        ) from None
    return told


def _signer() -> Signer:
    return Signer(salt=f"workflows.approval:{current_schema()}")

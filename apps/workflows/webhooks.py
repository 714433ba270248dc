"""Secrets of webhooks, and whether a message is signed with one (Standard Webhooks 1.0)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.audit.services import record
from apps.common.errors import Conflict, NotAuthenticated
from apps.common.permissions import Principal, demand
from apps.gateway.overlaps import overlap_time
from apps.workflows import auditing
from apps.workflows.models import Trigger
from apps.workflows.permissions import WORKFLOWS_EDIT
from apps.workflows.triggers import Webhook

TOLERANCE = timedelta(seconds=300)
"""How far the time of a message may be from ours, as Standard Webhooks has it."""


class MessageRefused(NotAuthenticated):
    code, status, title = "message_refused", 401, "The message is not signed as it must be"
    cause = "Its signature, its id or its time is missing or wrong, or its time is more than five minutes from ours."
    effect = "Nothing was started."
    remedy = "Sign it as Standard Webhooks says, with the secret of this trigger, and check the clock of its sender."


def secret_new() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


@transaction.atomic
def secret_rotate(*, who: Principal, trigger: Trigger, overlap: str) -> Trigger:
    """Give a webhook another secret, which may be shown now and never again.

    The one it had is taken beside it for the `overlap`, one of `apps.gateway.overlaps`; an earlier one ends at once.
    Raises `InvalidInput`, and `Conflict` for a trigger without a secret.
    """
    demand(who, WORKFLOWS_EDIT)
    time = overlap_time(overlap)
    trigger = Trigger.objects.select_for_update(of=("self",)).select_related("workflow").get(pk=trigger.pk)
    if trigger.kind != Webhook.key:
        raise Conflict("Only a webhook has a secret; nothing was changed.", remedy="Choose a webhook.")
    trigger.former_secret = trigger.secret if time else None
    trigger.former_until = timezone.now() + time if time else None
    trigger.secret = secret_new()
    trigger.save(update_fields=["secret", "former_secret", "former_until"])
    subject = auditing.workflow_subject(trigger.workflow)
    record(auditing.SECRET_ROTATED, who=who, subject=subject, trigger=trigger.pk, former_until=trigger.former_until)
    return trigger


def message_verified(trigger: Trigger, headers: Mapping[str, str], body: bytes) -> str:
    """The id of a message whose signature and time are right. Raises `MessageRefused`."""
    message, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message or len(message) > 200 or not message.isprintable() or not sent.isdecimal() or len(sent) > 12:
        raise MessageRefused("The message has no id or no time.")
    if abs(timezone.now().timestamp() - int(sent)) > TOLERANCE.total_seconds():  # of any size: it may be of no year
        raise MessageRefused("The message is from another time.")
    wanted = [_signature(secret, message, sent, body) for secret in _secrets(trigger)]
    given = [each.partition(",")[2] for each in headers.get("webhook-signature", "").split() if each.startswith("v1,")]
    # Each is compared with each, so that the time it takes tells nothing of which one is near.
    if True not in [hmac.compare_digest(one, each.encode()) for one in wanted for each in given[:10]]:
        raise MessageRefused("The signature is not that of this message.")
    return message


def _secrets(trigger: Trigger) -> list[str]:
    """What messages may be signed with now."""
    overlapping = trigger.former_until is not None and timezone.now() < trigger.former_until
    return [str(trigger.secret), *([str(trigger.former_secret)] if overlapping else [])]


def _signature(secret: str, message: str, sent: str, body: bytes) -> bytes:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.digest(key, f"{message}.{sent}.".encode() + body, hashlib.sha256))

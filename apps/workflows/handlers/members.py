"""Members who leave, or lose their role: questions may be left with too few who can answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver

from apps.accounts.signals import rights_taken
from apps.workflows.approvals.reaching import who_left_look


@receiver(rights_taken, dispatch_uid="workflows.who_left")
def who_left(members: Mapping[UUID, str], **_: Any) -> None:
    # Behind the locks of members, which come after those of work rows. A look that is lost is made up for by the next.
    transaction.on_commit(partial(who_left_look, dict(members)), robust=True)

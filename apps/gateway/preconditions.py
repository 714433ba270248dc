"""Answers that say which state they show (`ETag`), and changes that are made to that state only (`If-Match`).

Tags are strong: of two states whose representations differ in anything, the tags differ (RFC 9110, 8.8 and 13.1).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from django.utils.http import parse_etags
from pydantic import BaseModel
from rest_framework.request import Request

from apps.common.errors import Problem

CHANGING: Final = frozenset({"PUT", "PATCH", "DELETE"})


class PreconditionFailed(Problem):
    code, status, title = "precondition_failed", 412, "The thing has changed since you read it"
    cause = "The tag in the header If-Match is not that of the present state: somebody was quicker."
    effect = "Nothing was changed."
    remedy = "Read the thing again, decide whether the change still holds, and send it with the new tag."


def etag_of(shown: dict[str, Any]) -> str:
    """The tag of a representation: of all of it, also where only some of its fields are sent."""
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"))
    return f'"{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"'


def is_known(request: Request, etag: str) -> bool:
    """Whether a reader has this state already, by what `If-None-Match` says: the answer is then 304."""
    tags = parse_etags(request.headers.get("If-None-Match", ""))
    return tags == ["*"] or etag in {tag.removeprefix("W/") for tag in tags}


def require_match(request: Request, item: BaseModel) -> None:
    """Raise `PreconditionFailed` where `If-Match` is sent and `item`, the present state, is not the one it names."""
    sent = request.headers.get("If-Match")
    if sent is None:
        return
    tags = parse_etags(sent)
    if tags != ["*"] and etag_of(item.model_dump(mode="json")) not in tags:
        raise PreconditionFailed

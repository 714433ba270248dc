"""A request that names itself by an `Idempotency-Key` is carried out once, however often it is sent.

The answer is stored in the transaction of the effect, and a repeat gets it byte for byte for `KEPT`. Who comes while
the first is still under way is told so at once: the key's hash is an advisory lock of that transaction, and waiting for
it would hold a thread and a connection for each of them. An answer that tells an error is rolled back with all else and
not kept, so that the next try is a first one. Expired answers go a few at a time, with the look-up of others.

The header is that of draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.http import HttpResponse, QueryDict
from django.utils import timezone
from psycopg.errors import UniqueViolation
from rest_framework.response import Response

from apps.common.errors import BadRequest, Conflict, InvalidInput, Issue
from apps.common.transactions import whole
from apps.gateway.models import IdempotentAnswer
from apps.tenants.context import current_schema

if TYPE_CHECKING:
    from rest_framework.request import Request

    from apps.gateway.api.base import ApiView

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
KEPT: Final = timedelta(hours=24)
LONGEST: Final = 255
"""Characters of a key."""
RETRY_SECONDS: Final = 1
"""Until a request that is under way has usually ended."""

_PRINTABLE = re.compile(r"[ -~]+")
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')  # a string of RFC 9651
# One statement: whether the key is ours until the transaction ends, and the answer that is kept for it. It removes this
# key's answer once that has expired, and two others: one is added by each request, so that more go than come.
_TAKE = """
with held as materialized (select pg_try_advisory_xact_lock(%(lock)s) as mine),
swept as (
    delete from gateway_idempotentanswer where expires_at <= %(now)s and (
        (user_id = %(user)s and key = %(key)s) or id in (
            select id from gateway_idempotentanswer where expires_at <= %(now)s
            order by expires_at limit 2 for update skip locked
        )
    )
)
select held.mine, answer.* from held left join gateway_idempotentanswer answer
on answer.user_id = %(user)s and answer.key = %(key)s and answer.expires_at > %(now)s
"""


class RequestUnderWay(Conflict):
    code, status, title = "request_under_way", 409, "A request with this Idempotency-Key is being carried out"
    cause = "Another request with the same key came first and has not been answered yet."
    effect = "This one was not carried out; the first one goes on."
    remedy = "Send it again, with the same key, after as many seconds as the header Retry-After names."
    retry_after = RETRY_SECONDS


class AnswerNotKept(Conflict):
    code, status, title = "answer_not_kept", 409, "This was done already, and its answer is not kept"
    cause = "The request was carried out before, and its answer held a secret, which is shown once and stored nowhere."
    effect = "It was done once, by the first request; this one changed nothing."
    remedy = "If the answer got lost, revoke what was made, and make another one with a new Idempotency-Key."


class KeyOfAnother(InvalidInput):
    code, status, title = "idempotency_key_reused", 422, "This Idempotency-Key belongs to another request"
    cause = "A request with the same key, and with another address or body, was carried out in the last 24 hours."
    effect = "This one was not carried out."
    remedy = "Make a new key for each new request, and send a repeat exactly as it was."


def once(post: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view's `post` that carries out a request with an `Idempotency-Key` once, in one transaction with its answer.

    Authentication and permissions come before it, each time. Open views know nobody whose key it could be, and take no
    notice of it.
    """

    @wraps(post)
    def carried_out_once(view: ApiView, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        sent = request.headers.get(HEADER)
        if sent is None or not request.user.is_authenticated:
            return post(view, request, *args, **kwargs)
        key, print_ = key_of(sent), fingerprint(request)

        def attempt() -> HttpResponse:
            with whole():
                known = _take(request, key)
                if known is not None:
                    return _again(known, print_)
                answer = post(view, request, *args, **kwargs)
                if answer.status_code >= 400:
                    transaction.set_rollback(True)
                else:
                    _keep(view, request, key, print_, answer)
                return answer

        try:
            return attempt()
        except IntegrityError as error:
            # The first one committed after the snapshot of our look-up, and before we asked for its lock.
            if not _is_of_answers(error):
                raise
        return attempt()

    return carried_out_once


def key_of(sent: str) -> str:
    """The key in the header's text: plain, or quoted as the draft has it. Raises `BadRequest`."""
    text = sent.strip()
    if text.startswith('"'):
        quoted = _QUOTED.fullmatch(text)
        text = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else ""
    if not _PRINTABLE.fullmatch(text) or len(text) > LONGEST:
        message = f"Send 1 to {LONGEST} printable ASCII characters, for example a new UUID."
        raise BadRequest(
            f"The header {HEADER} cannot be used. Nothing was done.",
            remedy=message,
            issues=[Issue(path=HEADER, message=message)],
        )
    return text


def fingerprint(request: Request) -> bytes:
    """Tells the request from every other: its method, address, query and what its body says.

    Not how it says it: the order of JSON's names and the boundary of a form differ between two tries. Files are read
    piece by piece. Raises what reading the body raises.
    """
    digest = hashlib.sha256()

    def add(*parts: Any) -> None:
        digest.update(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode() + b"\n")

    add(request.method, request.path, sorted(request.query_params.lists()))
    body = request.data
    if not isinstance(body, QueryDict):
        add("value", body)
        return digest.digest()
    for name, values in sorted(body.lists()):
        for value in values:
            if isinstance(value, UploadedFile):
                add("file", name, value.name, _digest(value))
            else:
                add("text", name, value)
    return digest.digest()


def _digest(file: UploadedFile[Any]) -> str:
    digest = hashlib.sha256()
    for piece in file.chunks():
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()


def _take(request: Request, key: str) -> IdempotentAnswer | None:
    """Hold the key until the transaction ends; return what is kept for it. Raises `RequestUnderWay`."""
    name = f"{current_schema()}\0{request.user.pk}\0{key}"
    lock = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
    found = IdempotentAnswer.objects.raw(
        _TAKE, {"lock": lock, "user": request.user.pk, "key": key, "now": timezone.now()}
    )[0]
    if not found.mine:  # type: ignore[attr-defined]
        raise RequestUnderWay
    return found if found.pk is not None else None


def _is_of_answers(error: IntegrityError) -> bool:
    """Whether a key was stored twice. Told by the table: the names of constraints are not the same in every schema."""
    cause = error.__cause__
    return isinstance(cause, UniqueViolation) and cause.diag.table_name == IdempotentAnswer._meta.db_table


def _again(known: IdempotentAnswer, print_: bytes) -> HttpResponse:
    """The answer that was given before. Raises `KeyOfAnother`, `AnswerNotKept`."""
    if bytes(known.fingerprint) != print_:
        raise KeyOfAnother
    if known.body is None:
        raise AnswerNotKept
    return HttpResponse(known.body, status=known.status, headers={**known.headers, REPLAYED: "true"})


def _keep(view: ApiView, request: Request, key: str, print_: bytes, answer: HttpResponse) -> None:
    """Store the answer, as it will be sent: what is rendered now is not rendered again."""
    if isinstance(answer, Response):
        answer.accepted_renderer = request.accepted_renderer
        answer.accepted_media_type = request.accepted_media_type
        answer.renderer_context = view.get_renderer_context()  # type: ignore[attr-defined]
        answer.render()
    IdempotentAnswer.objects.create(
        user=view.who.user,
        key=key,
        fingerprint=print_,
        status=answer.status_code,
        headers=dict(answer.headers),
        body=None if view.shows_secret else answer.content.decode(),
        expires_at=timezone.now() + KEPT,
    )

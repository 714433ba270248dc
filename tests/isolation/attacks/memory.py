"""Attacks on what is remembered between requests: answers, cursors, tags, tickets, counters, rows."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from tests.isolation.attacks.base import (
    API,
    CHANGES,
    CLOSED,
    KEEPS,
    PAGES,
    READS,
    SHOWS,
    Attack,
    Try,
    always,
    nobody,
    owns,
)
from tests.isolation.ground.making import numbers
from tests.isolation.ground.sides import Side
from tests.isolation.judge import Outcome
from tests.isolation.moves import ciphertexts_restore, ciphertexts_swap
from tests.isolation.scene import Answer, Request, Send, by_owner, control


def _foreign_cursor_made(attempt: Try) -> str:
    first = replace(attempt.request(attempt.theirs), query={"limit": "1"})
    following = str(json.loads(attempt.send(by_owner(attempt.operation, first, attempt.theirs)).content)["next"])
    return parse_qs(urlsplit(following).query)["cursor"][0]


def _read_by_them(attempt: Try) -> Answer:
    return control(attempt.operation, attempt.theirs, attempt.send)


def _with_foreign_tag(attempt: Try) -> Answer:
    tag = attempt.prepared.headers.get("ETag", '"1"')
    return attempt.as_owner(headers={"If-None-Match": tag})


def _state_of_theirs(attempt: Try) -> str:
    """The tag of their thing of the same key, as their owner reads it."""
    wanted = replace(attempt.request(attempt.theirs), method="GET", form="", data={})
    return attempt.send(by_owner(attempt.operation, wanted, attempt.theirs)).headers["ETag"]


def _told_unchanged(attempt: Try, answer: Answer) -> str:
    """What shows nothing of a tenant is the same for both, and may say so."""
    same = answer.status_code == 304 and attempt.operation.is_marked
    return "it says that what is ours is what is theirs" if same else ""


def _sent_by_them(attempt: Try) -> None:
    wanted = attempt.request(attempt.theirs, headers=_idempotent(attempt))
    attempt.send(by_owner(attempt.operation, wanted, attempt.theirs))


def _idempotent(attempt: Try) -> dict[str, str]:
    return {"Idempotency-Key": f"isolation {attempt.theirs.slug} {attempt.operation.name}"}


def _told_again(attempt: Try, answer: Answer) -> str:
    return "it repeats what the other was answered" if "Idempotency-Replayed" in answer.headers else ""


def _ticket_of(side: Side, send: Send) -> str:
    """Bought with a key that has the same id in both tenants."""
    answer = send(Request(host=side.host, method="POST", path="/api/v1/tickets", bearer=side.api_key))
    return str(json.loads(answer.content)["ticket"])


def _numbers_grew(attempt: Try, answer: Answer) -> str:
    before, after = attempt.prepared, numbers(attempt.ours, attempt.theirs, at_rest=attempt.scene.at_rest)
    changed = sorted(name for name, value in after.items() if before.get(name) != value)
    return f"it counts with the other: {', '.join(changed)}" if changed else ""


MEMORY = [
    Attack(
        "foreign ticket",
        "Put a one-time ticket that the other owner just got into the address, at our host.",
        lambda attempt: attempt.send(attempt.request(query={"ticket": attempt.prepared})),
        nobody,
        (API, READS),
        prepare=lambda attempt: _ticket_of(attempt.theirs, attempt.send),
    ),
    Attack(
        "own ticket at the foreign host",
        "Put a one-time ticket of our own into an address of the other's host.",
        lambda attempt: attempt.send(attempt.request(attempt.theirs, query={"ticket": attempt.prepared})),
        nobody,
        (API, READS, CLOSED),
        prepare=lambda attempt: _ticket_of(attempt.ours, attempt.send),
    ),
    Attack(
        "Idempotency-Key of the other",
        "Send what the other owner has just sent, with the same key, member and body, in case we are told the answer.",
        lambda attempt: attempt.as_owner(attempt.theirs.shared, headers=_idempotent(attempt)),
        owns,
        (API, KEEPS),
        prepare=_sent_by_them,
        doubt=_told_again,
    ),
    Attack(
        "numbers of the other",
        "Ask at our host, in case it counts in the other's rate limits, usage or live figures.",
        lambda attempt: attempt.as_owner(attempt.theirs.shared),
        owns,
        prepare=lambda attempt: numbers(attempt.ours, attempt.theirs, at_rest=attempt.scene.at_rest),
        doubt=_numbers_grew,
    ),
    Attack(
        "foreign cursor",
        "Go on at our list from a cursor that was made for the same list of the other tenant.",
        lambda attempt: attempt.as_owner(query={"cursor": attempt.prepared}),
        always(Outcome.INVALID),
        (READS, PAGES),
        prepare=_foreign_cursor_made,
    ),
    Attack(
        "after the other has read the same",
        "Ask right after the other owner did, in case an answer is kept under a key that both have.",
        lambda attempt: attempt.as_owner(attempt.theirs.shared),
        owns,
        (READS,),
        prepare=_read_by_them,
    ),
    Attack(
        "entity tag of a foreign thing",
        "Ask with If-None-Match whether our thing is the same as the other's of the same key.",
        _with_foreign_tag,
        owns,
        (READS,),
        prepare=_read_by_them,
        doubt=_told_unchanged,
    ),
    Attack(
        "state of a foreign thing",
        "Change our thing with If-Match and the tag that the other's of the same key has.",
        lambda attempt: attempt.as_owner(headers={"If-Match": attempt.prepared}),
        always(Outcome.CHANGED),
        (CHANGES,),
        prepare=_state_of_theirs,
    ),
    Attack(
        "foreign ciphertext in our rows",
        "Have somebody with access to the storage put the other's encrypted values and files in the place of ours, "
        "under the same keys, and read them with our own rights.",
        lambda attempt: attempt.as_owner(attempt.theirs.shared),
        always(Outcome.DAMAGED),
        (READS, SHOWS),
        prepare=lambda attempt: ciphertexts_swap(attempt.theirs, attempt.ours),
        restore=lambda attempt: ciphertexts_restore(attempt.prepared, attempt.ours),
    ),
]

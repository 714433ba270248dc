"""Attacks that name things of the other tenant: by id, by link, by path."""

from __future__ import annotations

from urllib.parse import quote

from tests.isolation.attacks.base import (
    API,
    CHANGES,
    IN_ADDRESS,
    KEYED,
    LINK,
    MANY,
    NAMES,
    READS,
    READS_OR_NAMES,
    STATUS,
    Attack,
    Try,
    always,
    owns,
)
from tests.isolation.judge import Outcome, outcomes
from tests.isolation.scene import Answer, by_owner


def _foreign_file(attempt: Try) -> Answer:
    """Whatever the address names, led out of our folder to a file of theirs."""
    path = attempt.operation.path_with(
        quote(f"../../{attempt.theirs.schema}/datasets/{attempt.theirs.own.dataset}", "")
    )
    return attempt.send(by_owner(attempt.operation, attempt.request(path=path), attempt.ours))


def _foreign_link(attempt: Try) -> Answer:
    return attempt.send(attempt.request(things=attempt.theirs.shared))


def _foreign_id_by_key(attempt: Try) -> Answer:
    return attempt.send(attempt.request(things=attempt.theirs.own, bearer=attempt.ours.api_key))


def _mixed_ids(attempt: Try) -> Answer:
    ours, theirs = attempt.request(), attempt.request(things=attempt.theirs.own)
    listed = {name for name, value in ours.data.items() if isinstance(value, list)}
    return attempt.as_owner(data={**ours.data, **{name: [*ours.data[name], *theirs.data[name]] for name in listed}})


def _more_than_our_own(attempt: Try, answer: Answer) -> str:
    if attempt.operation.body is None or attempt.operation.body.many != "each":
        return ""
    told = outcomes(answer)
    named = attempt.request(things=attempt.theirs.own).data["ids"]
    known = [id for id in named if told.get(id) != "not_found"]
    return f"it knows {', '.join(known)}" if known or len(told) < 2 * len(named) else ""


THINGS = [
    Attack(
        "id of a foreign thing",
        "Name a thing that only the other tenant has.",
        lambda attempt: attempt.as_owner(attempt.theirs.own),
        always(Outcome.NOT_FOUND),
        (NAMES,),
    ),
    Attack(
        "id of a foreign thing, by API key",
        "The same with a key of ours that holds every scope.",
        _foreign_id_by_key,
        always(Outcome.NOT_FOUND),
        (KEYED, NAMES),
    ),
    Attack(
        "whether a foreign thing exists",
        "Ask by HEAD, which shows nothing, whether there is a thing that only the other tenant has.",
        lambda attempt: attempt.as_owner(attempt.theirs.own, method="HEAD"),
        always(Outcome.NOT_FOUND),
        (READS, IN_ADDRESS, STATUS),
    ),
    Attack(
        "waiting for a foreign thing",
        "Ask to be told of the next change of a thing that only the other tenant has.",
        lambda attempt: attempt.as_owner(attempt.theirs.own, query={"wait": "1"}),
        always(Outcome.NOT_FOUND),
        (API, READS, NAMES),
    ),
    Attack(
        "id that both have",
        "Name a thing whose primary key is the same in both tenants.",
        lambda attempt: attempt.as_owner(attempt.theirs.shared),
        owns,
        (READS_OR_NAMES,),
    ),
    Attack(
        "whether a foreign thing has a state",
        "Ask by If-Match whether there is a state of a thing that only the other tenant has.",
        lambda attempt: attempt.as_owner(attempt.theirs.own, headers={"If-Match": "*"}),
        always(Outcome.NOT_FOUND),
        (CHANGES,),
    ),
    Attack(
        "foreign ids among our own",
        "Name things of both tenants in one request.",
        _mixed_ids,
        lambda each: Outcome.NOT_FOUND if each.body and each.body.many == "all" else Outcome.OWN,
        (MANY,),
        doubt=_more_than_our_own,
    ),
    Attack(
        "path to a foreign file",
        "Put a path to a file of the other tenant in the place of what the address names.",
        _foreign_file,
        always(Outcome.NOT_FOUND),
        (IN_ADDRESS,),
    ),
    Attack(
        "foreign link for an account that both have",
        "Follow a link that sets a password, made in the other tenant for a member of the same key and password.",
        _foreign_link,
        always(Outcome.NOT_FOUND),
        (LINK,),
    ),
]

"""Attacks with credentials: of the other tenant, of both, forged, and too narrow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.isolation import forgery
from tests.isolation.attacks.base import (
    API,
    BY_DIRECTORY,
    CLOSED,
    KEYED,
    REFRESHES,
    REVOKE,
    SCOPED,
    SECRET,
    Attack,
    Try,
    always,
    nobody,
    nobody_in_api,
)
from tests.isolation.ground.sides import Side
from tests.isolation.judge import Outcome
from tests.isolation.operations import Operation
from tests.isolation.scene import Answer, request_of


def _with(*, session: Callable[[Side], str] | None = None, bearer: Callable[[Side], str] | None = None) -> Any:
    """The other tenant's credentials at our host."""

    def act(attempt: Try) -> Answer:
        theirs = attempt.theirs
        changes: dict[str, Any] = {name: of(theirs) for name, of in (("session", session), ("bearer", bearer)) if of}
        return attempt.send(attempt.request(**changes))

    return act


def _forged(make: Callable[[Side, Side], str]) -> Callable[[Try], Answer]:
    """A token that was made as no tenant makes one, at our host."""
    return lambda attempt: attempt.send(attempt.request(bearer=make(attempt.ours, attempt.theirs)))


def _at_their_host(attempt: Try) -> Answer:
    wanted = attempt.request(attempt.theirs)
    return attempt.send(replace(wanted, bearer=attempt.ours.token, session=attempt.ours.session))


def _forged_at_their_host(attempt: Try) -> Answer:
    token = forgery.foreign_key(attempt.ours, attempt.theirs)
    return attempt.send(attempt.request(attempt.theirs, bearer=token))


def _narrow_key(attempt: Try) -> Answer:
    ours = attempt.ours
    key = ours.narrow_key if attempt.operation.code != ours.narrow_scope else ours.other_narrow_key
    return attempt.send(attempt.request(bearer=key))


def _foreign_secret(attempt: Try) -> Answer:
    ours = attempt.ours
    return attempt.send(request_of(attempt.operation, ours, ours.shared, filled_by=attempt.theirs))


def _copied_secret(attempt: Try) -> Answer:
    ours, owner = attempt.ours, replace(attempt.theirs, refresh_token=attempt.theirs.copied_refresh_token)
    return attempt.send(request_of(attempt.operation, ours, ours.shared, filled_by=owner))


def _nobody_unless_told_nothing(operation: Operation) -> Outcome:
    """Whoever revokes is told the same of any text."""
    return Outcome.OWN if operation.name == REVOKE else Outcome.NOBODY


CREDENTIALS = [
    Attack(
        "nobody signed in",
        "Ask without any credential.",
        lambda attempt: attempt.send(attempt.request()),
        nobody,
        (CLOSED,),
    ),
    Attack(
        "foreign session",
        "Send the session cookie of the other tenant's owner to our host.",
        _with(session=lambda side: side.session),
        nobody,
    ),
    Attack(
        "foreign token",
        "Send the other owner's token to our host; both owners have the same key.",
        _with(bearer=lambda side: side.token),
        nobody,
    ),
    Attack(
        "foreign API key",
        "Send an API key of the other tenant to our host.",
        _with(bearer=lambda side: side.api_key),
        nobody,
    ),
    Attack(
        "foreign refresh token",
        "Send a refresh token of the other owner to our host as if it were a token.",
        _with(bearer=lambda side: side.refresh_token),
        nobody,
        (API,),
    ),
    Attack(
        "foreign token of a directory",
        "Send the token that the other tenant's directory provisions with to our host.",
        _with(bearer=lambda side: side.scim_token),
        nobody,
        (API,),
    ),
    Attack(
        "foreign token of a directory whose row was copied",
        "The same, after its row was copied into our tenant.",
        _with(bearer=lambda side: side.copied_scim_token),
        nobody,
        (API,),
    ),
    Attack(
        "own token of a directory where none is taken",
        "Use what our directory provisions with for anything but provisioning.",
        lambda attempt: attempt.send(attempt.request(bearer=attempt.ours.scim_token)),
        nobody,
        (KEYED, CLOSED),
    ),
    Attack(
        "own token or key where a directory's is taken",
        "Provision with an API key of ours that holds every scope.",
        lambda attempt: attempt.send(attempt.request(bearer=attempt.ours.api_key)),
        nobody,
        (BY_DIRECTORY,),
    ),
    Attack(
        "own token of a directory at the foreign host",
        "Send what our directory provisions with to the other tenant's host.",
        lambda attempt: attempt.send(attempt.request(attempt.theirs, bearer=attempt.ours.scim_token)),
        nobody,
        (BY_DIRECTORY,),
    ),
    Attack(
        "foreign session whose row was copied",
        "The same, after the row of the session was copied into our tenant, as by a careless restore.",
        _with(session=lambda side: side.copied_session),
        nobody,
    ),
    Attack(
        "foreign API key whose row was copied",
        "The same with the row of an API key.",
        _with(bearer=lambda side: side.copied_api_key),
        nobody,
    ),
    Attack(
        "token for a foreign audience",
        "A token that is signed with our tenant's key, as by a copy of it, and names the other as its audience.",
        _forged(forgery.foreign_audience),
        nobody,
        (API,),
    ),
    Attack(
        "token of a foreign issuer",
        "A token that is signed with our tenant's key and names the other as its issuer.",
        _forged(forgery.foreign_issuer),
        nobody,
        (API,),
    ),
    Attack(
        "token that names a foreign key",
        "A token that is signed with our tenant's key and whose `kid` is that of the other's published key.",
        _forged(forgery.foreign_kid),
        nobody,
        (API,),
    ),
    Attack(
        "token of a foreign member",
        "A token that is signed with our tenant's key, for a member that only the other tenant has.",
        _forged(forgery.foreign_member),
        nobody,
        (API,),
    ),
    Attack(
        "own key behind a foreign token",
        "A token that says all that a token of the other tenant says, signed with our key, at the other's host.",
        _forged_at_their_host,
        nobody,
        (API, CLOSED),
    ),
    Attack(
        "own credentials at the foreign host",
        "Send our own session and token to the other tenant's host.",
        _at_their_host,
        nobody,
        (CLOSED,),
    ),
    Attack(
        "own session with a foreign token",
        "Mix credentials of both tenants in a request to our host.",
        lambda attempt: attempt.send(attempt.request(session=attempt.ours.session, bearer=attempt.theirs.token)),
        nobody_in_api,
    ),
    Attack(
        "own token with a foreign session",
        "Mix them the other way round.",
        lambda attempt: attempt.send(attempt.request(session=attempt.theirs.session, bearer=attempt.ours.token)),
        lambda operation: Outcome.OWN if operation.is_api else nobody(operation),
    ),
    Attack(
        "own API key without the scope",
        "Use a key of our own tenant for what its scopes do not hold.",
        _narrow_key,
        always(Outcome.FORBIDDEN),
        (KEYED, CLOSED, SCOPED),
    ),
    Attack(
        "secret of the foreign owner",
        "Send our host an address and a password, or a refresh token, that are right in the other tenant.",
        _foreign_secret,
        _nobody_unless_told_nothing,
        (SECRET,),
    ),
    Attack(
        "refresh token whose row was copied",
        "Send our host a refresh token of the other, whose row was copied into our tenant.",
        _copied_secret,
        _nobody_unless_told_nothing,
        (REFRESHES,),
    ),
]

"""Attacks by all else that a request says: hosts, origins, queries, bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tests.isolation.attacks.base import (
    BODY,
    CLOSED,
    COOKIES,
    FILE,
    READS,
    WRITES,
    Attack,
    Try,
    always,
    nobody,
    owns,
)
from tests.isolation.judge import Outcome
from tests.isolation.operations import QUERIES
from tests.isolation.scene import Answer


def _named_host(attempt: Try) -> Answer:
    theirs = attempt.theirs
    headers = {
        "X-Forwarded-Host": theirs.host,
        "Forwarded": f"host={theirs.host}",
        "X-Original-Host": theirs.host,
        "X-Tenant": theirs.slug,
        "X-Schema": theirs.schema,
    }
    query = {"tenant": theirs.slug, "schema": theirs.schema, "host": theirs.host}
    return attempt.as_owner(theirs.shared, headers=headers, query=query if attempt.operation.method == "GET" else {})


def _forwarded_credentials(attempt: Try) -> Answer:
    headers = {"X-Forwarded-Host": attempt.theirs.host, "Forwarded": f"host={attempt.theirs.host}"}
    theirs = attempt.theirs
    return attempt.send(attempt.request(headers=headers, session=theirs.session, bearer=theirs.token))


def _spelled_otherwise(attempt: Try) -> Answer:
    wanted = attempt.request(attempt.theirs, host=f"{attempt.theirs.slug.upper()}.LOCALHOST.")
    return attempt.send(replace(wanted, bearer=attempt.ours.token, session=attempt.ours.session))


def _own_origin(attempt: Try) -> Answer:
    """A page of ours in the browser of their owner, which sends their cookie along: it reads what CORS lets it."""
    wanted = attempt.request(attempt.theirs, session=attempt.theirs.session, headers={"Origin": attempt.ours.origin})
    answer = attempt.send(wanted)
    allowed = answer.headers.get("Access-Control-Allow-Origin", "")
    return answer if allowed in {attempt.ours.origin, "*"} else Withheld(answer.status_code)


@dataclass(frozen=True)
class Withheld:
    """An answer that a browser keeps from the page that asked for it."""

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


def _own_form(attempt: Try) -> Answer:
    """The form is sent by a page of ours. The cookie of the token was set by ours too, for the domain above both."""
    origin = {"Origin": f"http://{attempt.ours.host}"}
    return attempt.send(attempt.request(attempt.theirs, session=attempt.theirs.session, headers=origin))


def _query(number: int) -> Callable[[Try], Answer]:
    return lambda attempt: attempt.as_owner(query=QUERIES[number](attempt.theirs.own))


def _named_in_body(attempt: Try) -> Answer:
    theirs, wanted = attempt.theirs, attempt.request()
    names = {"tenant": theirs.slug, "schema": theirs.schema, "created_by": theirs.own.member, "user": theirs.own.member}
    return attempt.as_owner(data={**wanted.data, **names})


def _foreign_filename(attempt: Try) -> Answer:
    theirs = attempt.theirs
    return attempt.as_owner(filename=f"../../{theirs.schema}/datasets/{theirs.own.dataset}.parquet")


def _at_absolute_target(attempt: Try) -> Answer:
    return attempt.as_owner(target_host=attempt.theirs.host)


def _at_two_hosts(attempt: Try) -> Answer:
    return attempt.as_owner(second_host=attempt.theirs.host)


REQUESTS = [
    Attack(
        "foreign host named beside our own",
        "Name the other's host or tenant wherever a proxy or a program might look: X-Forwarded-Host, Forwarded, "
        "X-Original-Host, X-Tenant, the query.",
        _named_host,
        owns,
    ),
    Attack(
        "foreign credentials for a host that is named beside our own",
        "Send the other's session and token to our host, and name the other's host in X-Forwarded-Host and Forwarded.",
        _forwarded_credentials,
        nobody,
    ),
    Attack(
        "foreign host spelled otherwise",
        "Send our credentials to the other's host in capitals and with a dot at the end.",
        _spelled_otherwise,
        nobody,
        (CLOSED,),
    ),
    Attack(
        "foreign host in the request line",
        "Send the target in absolute form, with the other's host in it, and our own in the Host header.",
        _at_absolute_target,
        owns,
        on_wire=True,
    ),
    Attack(
        "two Host headers",
        "Send our own host and the other's in two Host headers.",
        _at_two_hosts,
        owns,
        on_wire=True,
    ),
    Attack(
        "read by a page of our origin",
        "Have a page of an origin that our tenant allows read it in the browser of the other's owner.",
        _own_origin,
        owns,
        (READS,),
    ),
    Attack(
        "form of our origin",
        "Have a page of our host send the form in the browser of the other's owner, with a CSRF cookie that was set "
        "for the domain above both hosts.",
        _own_form,
        always(Outcome.FORBIDDEN),
        (WRITES, COOKIES),
    ),
    Attack(
        "search for what both have",
        "Search for a word that stands in texts of both tenants.",
        _query(0),
        owns,
        (READS,),
    ),
    Attack(
        "foreign ids in the query", "Name things of the other tenant in filters and anchors.", _query(1), owns, (READS,)
    ),
    Attack(
        "foreign tenant in the body",
        "Add the other's tenant and member to the body, in case it is stored as it comes.",
        _named_in_body,
        owns,
        (BODY,),
    ),
    Attack(
        "file name that leads to a foreign file",
        "Upload a file whose name is the path of a file of the other tenant.",
        _foreign_filename,
        owns,
        (FILE,),
    ),
]

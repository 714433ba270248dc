"""What an attacker tries on an operation, and what must come of it.

An attack is a function that sends its requests through `Try.send` and gives back the answer to judge. Where it makes no
sense for an operation, one of its needs says why; that stands in the table of the docs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from apps.gateway.permissions import API_USE, OPEN
from apps.gateway.preconditions import CHANGING
from tests.isolation import forgery
from tests.isolation.ground import Side, Things, numbers
from tests.isolation.judge import Outcome, outcomes
from tests.isolation.moves import ciphertexts_restore, ciphertexts_swap
from tests.isolation.operations import QUERIES, REFUSING_WORDS, Operation, listings
from tests.isolation.scene import Answer, Request, Scene, Send, by_owner, control, request_of


@dataclass(frozen=True)
class Try:
    """One attack on one operation."""

    operation: Operation
    scene: Scene
    send: Send
    prepared: Any = None
    """What the attack's `prepare` gave back."""

    @property
    def ours(self) -> Side:
        return self.scene.ours

    @property
    def theirs(self) -> Side:
        return self.scene.theirs

    def request(self, side: Side | None = None, things: Things | None = None, **changes: Any) -> Request:
        """The operation by nobody, at our host and on our own things unless others are named."""
        side = side or self.ours
        return replace(request_of(self.operation, side, things or side.shared), **changes)

    def as_owner(self, things: Things | None = None, **changes: Any) -> Answer:
        """What comes of the operation when our owner asks for it at home."""
        return self.send(replace(by_owner(self.operation, self.request(things=things), self.ours), **changes))


REVOKE = "POST /api/v1/tokens/revoke"
SECRETS = {"POST /api/v1/tokens", "POST /accounts/login/", "POST /api/v1/tokens/refresh", REVOKE}


@dataclass(frozen=True)
class Need:
    """What an operation must be like for an attack on it to make sense."""

    otherwise: str
    """Why it makes none where this does not hold: for the table."""
    holds: Callable[[Operation], bool]


CLOSED = Need("it is open to everybody", lambda each: not each.is_open)
SCOPED = Need("every key may call it", lambda each: each.code not in {"", OPEN, API_USE})
NAMES = Need("it names no thing of a tenant", lambda each: each.names_things)
IN_ADDRESS = Need("its address names no thing of a tenant", lambda each: each.names_things_in_address)
API = Need("it is a page, which takes no token and no key", lambda each: each.is_api)
READS = Need("it only writes", lambda each: each.method == "GET")
WRITES = Need("it only reads", lambda each: each.method != "GET")
READS_OR_NAMES = Need(
    "it only writes, and names no thing of a tenant", lambda each: READS.holds(each) or NAMES.holds(each)
)
KEEPS = Need("it keeps no answer for a repeat", lambda each: each.method == "POST" and not each.is_open)
CHANGES = Need(
    "it changes no thing that has a state", lambda each: each.is_api and each.method in CHANGING and each.names_things
)
MANY = Need("it names one thing at a time", lambda each: each.body is not None and each.body.many != "")
SHOWS = Need("it shows no row of a tenant", lambda each: each.is_marked)
PAGES = Need("it is no list in pages", lambda each: each.template in listings())
BODY = Need("it takes no body", lambda each: each.body is not None and each.body.form in {"json", "form"})
FILE = Need("it takes no file", lambda each: each.body is not None and each.body.form == "file")
COOKIES = Need("it looks at no cookie", lambda each: each.by_session)
LINK = Need("it is no signed link", lambda each: each.app == "allauth" and "key" in each.parameters)
STATUS = Need("its status is the same whatever is asked for", lambda each: each.route not in REFUSING_WORDS)
SECRET = Need("its body holds no credential", lambda each: each.name in SECRETS)
REFRESHES = Need("its body holds no refresh token", lambda each: each.name in SECRETS and "/tokens/" in each.route)


def owns(operation: Operation) -> Outcome:
    return Outcome.OWN


def nobody(operation: Operation) -> Outcome:
    """Foreign credentials are none: what is open stays open."""
    return Outcome.OWN if operation.is_open else Outcome.NOBODY


def nobody_in_api(operation: Operation) -> Outcome:
    """Where a bearer counts before a cookie, it decides; a page looks at the cookie alone."""
    return Outcome.NOBODY if operation.is_api and not operation.is_open else Outcome.OWN


def always(outcome: Outcome) -> Callable[[Operation], Outcome]:
    return lambda operation: outcome


def nothing_wrong(attempt: Try, answer: Answer) -> str:
    return ""


@dataclass(frozen=True)
class Attack:
    name: str
    aim: str
    """What the attacker does and hopes for: for the table."""
    act: Callable[[Try], Answer]
    outcome: Callable[[Operation], Outcome]
    needs: tuple[Need, ...] = ()
    prepare: Callable[[Try], Any] | None = None
    """What happens before, in either tenant; what it changes is not laid to the attack."""
    doubt: Callable[[Try, Answer], str] = field(default=nothing_wrong)
    """What is wrong with an answer besides what every answer is judged by; empty when nothing is."""
    restore: Callable[[Try], None] | None = None
    """Takes back what `prepare` did to our own rows and files."""
    on_wire: bool = False
    """Whether it needs a network: tried by the drill alone."""

    def why_not(self, operation: Operation) -> str:
        """Why it makes no sense for the operation; empty when it does."""
        return next((need.otherwise for need in self.needs if not need.holds(operation)), "")

    @contextmanager
    def attempt(self, operation: Operation, scene: Scene, send: Send) -> Iterator[Try]:
        """All is ready for the attack inside: rows are looked at from there."""
        attempt = Try(operation, scene, send)
        if self.prepare:
            attempt = replace(attempt, prepared=self.prepare(attempt))
        try:
            yield attempt
        finally:
            if self.restore:
                self.restore(attempt)


# Credentials


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
        (API, CLOSED, SCOPED),
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


# Names of things


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
    return attempt.as_owner(data={name: [*ours.data[name], *theirs.data[name]] for name in ours.data})


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
        (API, NAMES),
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


# Hosts, origins, queries and bodies


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


# What is remembered between requests


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

ATTACKS = [*CREDENTIALS, *THINGS, *REQUESTS, *MEMORY]
LEAST = 12
"""How many of them must make sense for every operation."""


def applicable(operation: Operation, *, on_wire: bool = False) -> list[Attack]:
    """The attacks that are tried on it, those that need a network too if there is one."""
    return [each for each in ATTACKS if not each.why_not(operation) and (on_wire or not each.on_wire)]

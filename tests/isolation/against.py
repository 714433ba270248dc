"""Try the attacks on a running installation: `python -m tests.isolation.against PORT`, in its environment.

Prints a line of JSON per operation or socket and attack: `{"way", "attack", "finding"}`, an empty finding where it came
to nothing. Reads are tried on one pair of tenants; each write gets a pair of its own, as what it does stays done.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import socket
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import django
import httpx
import redis
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

AGENT = "retail.demand_forecaster"
OWNER = "the owner at home"
EARS = "what happens in the other tenant"


class Installation:
    """The clients of one that runs on this machine."""

    def __init__(self, port: int) -> None:
        from django.conf import settings

        self.port, self.settings = port, settings
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)

    def send(self, wanted: Any) -> httpx.Response:
        """A request of `tests.isolation.scene`. Whoever writes has the CSRF token of their own browser."""
        cookies = {self.settings.CSRF_COOKIE_NAME: "c" * 32}
        if wanted.session:
            cookies[self.settings.SESSION_COOKIE_NAME] = wanted.session
        headers = {
            "Host": f"{wanted.host}:{self.port}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "X-CSRFToken": "c" * 32,
            **wanted.headers,
        }
        if wanted.bearer:
            headers["Authorization"] = f"Bearer {wanted.bearer}"
        body: dict[str, Any] = {}
        if wanted.form == "json":
            body = {"json": wanted.data}
        elif wanted.form == "file":
            body = {"files": {"file": (wanted.filename, wanted.data["file"].encode(), "text/csv")}}
        elif wanted.form:
            body = {"data": dict(wanted.data)}
        path = f"{wanted.path}?{urlencode(wanted.query)}" if wanted.query else wanted.path
        made = self._http.build_request(wanted.method, path, headers=headers, **body)
        if wanted.target_host or wanted.second_host:
            return self._send_as_it_stands(made, wanted)
        return self._http.send(made, follow_redirects=False)

    def _send_as_it_stands(self, made: httpx.Request, wanted: Any) -> httpx.Response:
        """Send what no library would: a target in absolute form, or two Host headers."""
        target = made.url.raw_path.decode()
        if wanted.target_host:
            target = f"http://{wanted.target_host}:{self.port}{target}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(wanted.method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in made.headers.items():
                connection.putheader(name, value)
            if wanted.second_host:
                connection.putheader("Host", f"{wanted.second_host}:{self.port}")
            connection.endheaders(made.read())
            answer = connection.getresponse()
            return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())
        finally:
            connection.close()

    def shake_hands(self, host: str, address: str, credentials: dict[str, str]) -> ClientConnection:
        """Open a socket. Raises `WebSocketException` when it is refused."""
        from tests.sockets import headers

        named = headers(host, **credentials)
        named.pop("host")
        origin = named.pop("origin", None)
        return connect(
            f"ws://{host}:{self.port}{address}",
            sock=socket.create_connection(("127.0.0.1", self.port)),
            additional_headers=named,
            origin=origin,  # type: ignore[arg-type]  # a text
            open_timeout=30,
        )


def results(port: int) -> Iterator[tuple[str, str, str]]:
    """Way in, attack, finding."""
    from tests.isolation.ground.credentials import tokens_fresh
    from tests.isolation.ground.making import sides_make
    from tests.isolation.operations import operations, sockets
    from tests.isolation.scene import Scene

    here = Installation(port)
    pairs = 0

    def fresh() -> Scene:
        nonlocal pairs
        pairs += 1
        sides = sides_make((f"isolation-a{pairs}", f"isolation-b{pairs}"), agent=AGENT)
        return Scene(*sides, at_rest=False)

    def renewed(scene: Scene) -> Scene:
        return Scene(*tokens_fresh((scene.ours, scene.theirs)), at_rest=False)

    scene = fresh()
    for route in sockets():
        for attack, finding in on_socket(here, scene, route):
            yield f"socket {route.route}", attack, finding
    for operation in sorted(operations(), key=lambda each: each.method != "GET"):
        there = renewed(scene) if operation.method == "GET" else fresh()
        for attack, finding in on_operation(here, there, operation):
            yield operation.name, attack, finding


def on_operation(here: Installation, scene: Any, operation: Any) -> Iterator[tuple[str, str]]:
    from django.db import connection

    from tests.isolation.attacks import applicable
    from tests.isolation.judge import failing, finding
    from tests.isolation.rows import digests
    from tests.isolation.scene import control
    from tests.running import wait_until

    schemas = [scene.theirs.schema, scene.ours.schema]
    attacks = applicable(operation, on_wire=True)
    for attack in sorted(attacks, key=lambda each: not each.outcome(operation).is_refusal):  # the rest may change ours
        with attack.attempt(operation, scene, here.send) as attempt:
            if attack.prepare:
                wait_until(lambda: _is_at_rest(scene.theirs), "the workers are done with what was asked for", within=60)
            before = digests(connection, schemas)
            answer = attack.act(attempt)
            after = digests(connection, schemas)
            anywhere = attack.outcome(operation).is_refusal
            changed = before != after if anywhere else before[schemas[0]] != after[schemas[0]]
            wrong = finding(operation, attack, scene, answer, changed=changed)
            yield attack.name, wrong or attack.doubt(attempt, answer)
    yield OWNER, failing(operation, scene.theirs, scene.ours, control(operation, scene.theirs, here.send))


def _is_at_rest(side: Any) -> bool:
    """Whether no work of the tenant is left to do now, which would change its rows: runs that wait for somebody, and
    schedules, have rows that nobody touches."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from public.dispatch_work where tenant = %s "
            "and (lease_until is not null or due_at < clock_timestamp() + interval '1 minute'))",
            [side.schema],
        )
        return not cursor.fetchone()[0]


def on_socket(here: Installation, scene: Any, route: Any) -> Iterator[tuple[str, str]]:
    from tests.isolation.socket_attacks import applicable

    for attack in applicable(route):
        yield attack.name, _refused(here, attack.make(route, scene))
    side, theirs = scene.ours, scene.theirs
    with here.shake_hands(side.host, route.address(side, side.shared), {"bearer": side.token}) as ours:
        yield OWNER, ""
        for guess in (theirs.schema, f"run.{theirs.own.run}"):
            ours.send(json.dumps({"type": "subscribe", "topic": guess, "group": guess}))
        asyncio.run(_happen(side, theirs))
        heard = [ours.recv(timeout=30)]
        while "the last" not in heard[-1]:
            heard.append(ours.recv(timeout=30))
    yield EARS, "it is heard" if any(theirs.marker in str(message) for message in heard) else ""


def _refused(here: Installation, attempt: Any) -> str:
    try:
        with here.shake_hands(attempt.host, attempt.address, dict(attempt.credentials)):
            return "it was let in"
    except InvalidStatus as refusal:
        status = refusal.response.status_code
        return "" if status == 403 else f"it broke: {status}"
    except WebSocketException as error:
        return f"it broke: {error}"


async def _happen(side: Any, theirs: Any) -> None:
    """Something happens in their tenant, in every group that is listened to in ours; then something in ours."""
    from channels.layers import get_channel_layer
    from django.conf import settings

    mark = f"{side.schema}."
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        channels = [name.decode() for name in server.pubsub_channels(f"*{mark}*")]
    topics = [name.rpartition(mark)[2] for name in channels]
    layer = get_channel_layer()
    for topic in topics:
        event = {"type": "live.event", "event": {"marker": theirs.marker}}
        await layer.group_send(f"{theirs.schema}.{topic}", event)
    for topic in topics:
        await layer.group_send(f"{side.schema}.{topic}", {"type": "live.event", "event": {"note": "the last"}})


def main(port: int) -> None:
    django.setup()
    logging.getLogger("httpx").setLevel(logging.WARNING)  # or it tells of every request
    from tests.isolation.operations import unknown

    for way in unknown():
        print(json.dumps({"way": way, "attack": "", "finding": "not covered"}), flush=True)
    for way, attack, finding in results(port):
        print(json.dumps({"way": way, "attack": attack, "finding": finding}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))

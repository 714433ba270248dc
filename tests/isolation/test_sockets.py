"""Every socket of a tenant's host, times every attack: who gets in, and what they hear."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels_redis.pubsub import RedisPubSubLoopLayer

from apps.tenants.models import Tenant
from orchestrall.asgi import application
from tests.isolation.attacks import LEAST
from tests.isolation.ground.credentials import ticket_fresh
from tests.isolation.ground.sides import Side
from tests.isolation.operations import SocketRoute, sockets
from tests.isolation.scene import Scene
from tests.isolation.socket_attacks import applicable
from tests.sockets import Socket, headers, refusal, tell

pytestmark = pytest.mark.usefixtures("sockets_keep_db")

every_socket = pytest.mark.parametrize("route", sockets(), ids=lambda route: route.route)


@every_socket
def test_owners_are_let_in_at_home_and_hear_their_own(route: SocketRoute, scene: Scene) -> None:
    async def opens(side: Side, **credentials: str) -> int:
        return await refusal(application, route.address(side, side.shared), headers(side.host, **credentials))

    for side in (scene.ours, scene.theirs):
        for credentials in ({"bearer": side.token}, {"bearer": side.api_key}, {"session": side.session}):
            assert async_to_sync(opens)(side, **credentials) == 0
        address = f"{route.address(side, side.shared)}?ticket={ticket_fresh(side)}"
        assert async_to_sync(refusal)(application, address, headers(side.host)) == 0


@every_socket
def test_no_attack_opens_a_socket(route: SocketRoute, scene: Scene) -> None:
    opened = []
    for attack in applicable(route):
        attempt = attack.make(route, scene)
        if not async_to_sync(refusal)(application, attempt.address, headers(attempt.host, **attempt.credentials)):
            opened.append(attack.name)
    assert opened == []


@every_socket
def test_at_least_twelve_attacks_make_sense_for_every_socket(route: SocketRoute) -> None:
    assert len(applicable(route)) + 1 >= LEAST, "with what is listened to"


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all groups that are joined."""
    names: list[str] = []
    real = RedisPubSubLoopLayer.group_add

    async def group_add(self: Any, group: str, channel: str) -> None:
        names.append(group)
        await real(self, group, channel)

    monkeypatch.setattr(RedisPubSubLoopLayer, "group_add", group_add)
    return names


@every_socket
def test_a_socket_hears_nothing_of_the_other_tenant(
    route: SocketRoute, scene: Scene, acme: Tenant, globex: Tenant, joined: list[str]
) -> None:
    """With things of equal names in both: what happens there is not heard here, whatever the client asks for."""
    side, theirs = scene.ours, scene.theirs

    async def listen() -> list[dict[str, Any]]:
        socket = Socket(application, route.address(side, side.shared), headers(side.host, bearer=side.token))
        assert await socket.open() == 0
        for guess in (theirs.schema, f"{theirs.schema}.runs", f"run.{theirs.own.run}"):
            await socket.say(f'{{"type": "subscribe", "topic": "{guess}", "group": "{guess}", "run": "{guess}"}}')
        topics = [group.partition(".")[2] for group in joined]
        for topic in topics:
            await tell(globex, topic, marker=theirs.marker)
        await tell(acme, topics[-1], last=True)
        heard: list[dict[str, Any]] = []
        while not heard or not heard[-1].get("last"):
            heard.append(await socket.hear())
        await socket.close()
        return heard

    heard = async_to_sync(listen)()
    assert joined
    assert [group for group in joined if not group.startswith(f"{side.schema}.")] == []
    assert theirs.marker not in str(heard)

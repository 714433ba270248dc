"""The door for sockets: who gets in, what they hear, and when they are put out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from channels_redis.pubsub import RedisPubSubLoopLayer
from django.conf import settings
from django.test import Client
from django.urls import path, re_path

from apps.accounts.models import User
from apps.common.errors import NotFound
from apps.gateway import services, tokens
from apps.gateway.permissions import KEYS_VIEW
from apps.gateway.principals import Caller
from apps.gateway.sockets import NOT_ALLOWED, NOT_FOUND, NOT_SIGNED_IN, NoSocket, TenantConsumer, TenantSocketMiddleware
from apps.tenants import live
from apps.tenants.context import current_schema, tenant_context
from apps.tenants.models import Tenant
from tests.gateway.conftest import MakeKey
from tests.sockets import Socket, headers, refusal, scope_of, tell

Make = Callable[..., User]

pytestmark = pytest.mark.usefixtures("sockets_keep_db")


class Watch(TenantConsumer):
    """Watches one thing; `secret` may be seen by nobody."""

    permission = KEYS_VIEW
    beat = 0.02
    recheck = 0.04

    def topics(self) -> list[str]:
        thing = self.scope["url_route"]["kwargs"]["thing"]
        if thing == "secret":
            raise NotFound("There is no such thing.")
        return [f"thing.{thing}"]

    def snapshot(self) -> list[dict[str, Any]]:
        return [{"seq": 0, "schema": current_schema(), "user": str(self.who.user.pk)}]


class Quiet(Watch):
    beat = 1000.0


DOOR = TenantSocketMiddleware(
    URLRouter(
        [
            path("ws/<slug:thing>/", Quiet.as_asgi()),
            path("beat/<slug:thing>/", Watch.as_asgi()),
            re_path("", NoSocket.as_asgi()),
        ]
    )
)


def socket(sent: dict[str, str], address: str = "/ws/one/") -> Socket:
    return Socket(DOOR, address, sent)


async def refused(sent: dict[str, str], address: str = "/ws/one/") -> int:
    """The code with which the handshake is refused."""
    return await refusal(DOOR, address, sent)


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner")


@pytest.fixture
def token(owner: User) -> str:
    return tokens.token_issue(user=owner)


def test_a_caller_gets_the_state_first_and_then_what_happens(acme: Tenant, owner: User, token: str) -> None:
    async def scene() -> None:
        it = socket(headers(bearer=token))
        assert await it.open() == 0
        assert await it.hear() == {"seq": 0, "schema": "t_acme", "user": str(owner.pk)}
        await tell(acme, "thing.one", seq=1)
        assert await it.hear() == {"seq": 1}
        await it.close()

    async_to_sync(scene)()


def test_a_socket_hears_nothing_of_other_things_and_other_tenants(acme: Tenant, globex: Tenant, token: str) -> None:
    async def scene() -> None:
        it = socket(headers(bearer=token))
        await it.open()
        await it.hear()
        await tell(globex, "thing.one", seq=1)
        await tell(acme, "thing.two", seq=2)
        await tell(acme, "thing.one", seq=3)
        assert await it.hear() == {"seq": 3}
        await it.close()

    async_to_sync(scene)()


def test_an_api_key_and_a_session_open_it_too(
    owner: User, make_key: MakeKey, client_for: Callable[..., Client]
) -> None:
    _, key = make_key(owner)
    cookie = client_for(owner).cookies[settings.SESSION_COOKIE_NAME].value

    async def scene() -> None:
        for sent in (headers(bearer=key), headers(cookie=f"odd; {settings.SESSION_COOKIE_NAME}={cookie}; a=b")):
            it = socket(sent)
            assert await it.open() == 0
            await it.close()

    async_to_sync(scene)()


def test_who_is_nobody_is_refused(acme: Tenant, owner: User, make_key: MakeKey) -> None:
    key, text = make_key(owner)
    services.key_revoke(who=Caller(owner), key=key)
    name = settings.SESSION_COOKIE_NAME

    async def scene() -> list[int]:
        strangers = [
            headers(),
            headers(authorization="Bearer "),
            headers(bearer="not.a.token"),
            headers(bearer="é"),
            headers(bearer=text),
            headers(authorization="Basic dXNlcjpwYXNz"),
            headers(cookie=f"{name}=0123456789abcdefghijklmnopqrstuv"),
            headers(cookie=f"{name}="),
            headers(cookie=";;;=;"),
        ]
        return [await refused(sent) for sent in strangers]

    assert set(async_to_sync(scene)()) == {NOT_SIGNED_IN}


def test_a_bad_bearer_does_not_fall_back_to_a_good_session(owner: User, client_for: Callable[..., Client]) -> None:
    cookie = client_for(owner).cookies[settings.SESSION_COOKIE_NAME].value
    sent = headers(bearer="not.a.token", session=cookie)
    assert async_to_sync(refused)(sent) == NOT_SIGNED_IN


def test_the_other_tenants_session_token_and_key_are_refused(
    globex: Tenant, owner: User, member: Make, make_key: MakeKey, client_for: Callable[..., Client]
) -> None:
    twin = member("owner", tenant=globex)
    assert twin.pk == owner.pk
    _, key = make_key(twin, tenant=globex)
    with tenant_context(globex):
        token = tokens.token_issue(user=twin)
    cookie = client_for(twin, tenant=globex).cookies[settings.SESSION_COOKIE_NAME].value

    async def scene() -> list[int]:
        sent = [headers(bearer=key), headers(bearer=token), headers(session=cookie)]
        return [await refused(each) for each in sent]

    assert set(async_to_sync(scene)()) == {NOT_SIGNED_IN}


def test_who_may_not_see_it_is_refused(member: Make, make_key: MakeKey, owner: User) -> None:
    analyst = tokens.token_issue(user=member("analyst"))
    viewer = tokens.token_issue(user=member("viewer"))
    _, narrow = make_key(owner, "runs.view")

    async def scene() -> list[int]:
        return [await refused(headers(bearer=each)) for each in (analyst, narrow)]

    assert async_to_sync(scene)() == [NOT_ALLOWED, NOT_ALLOWED]
    assert async_to_sync(refused)(headers(bearer=viewer)) == NOT_SIGNED_IN  # its role may not use the API at all


def test_what_is_not_there_is_refused(token: str) -> None:
    async def scene() -> list[int]:
        return [
            await refused(headers(bearer=token), address) for address in ("/ws/secret/", "/ws/a b/", "/elsewhere", "/")
        ]

    assert set(async_to_sync(scene)()) == {NOT_FOUND}


@pytest.mark.parametrize("host", ["nobody.localhost", "localhost", "", "acme.localhost.evil"])
def test_a_host_that_is_nobodys_is_refused(acme: Tenant, token: str, host: str) -> None:
    assert async_to_sync(refused)(headers(host, bearer=token)) == NOT_FOUND


@pytest.mark.parametrize("status", ["creating", "suspended", "deleting"])
def test_a_tenant_that_is_not_ready_is_refused(acme: Tenant, token: str, status: str) -> None:
    Tenant.objects.filter(pk=acme.pk).update(status=status)
    assert async_to_sync(refused)(headers(bearer=token)) == NOT_FOUND


@pytest.mark.parametrize(
    ("host", "origin", "opens"),
    [
        ("acme.localhost", "http://acme.localhost", True),
        ("acme.localhost:8000", "http://acme.localhost:8000", True),
        ("acme.localhost:443", "https://acme.localhost", True),
        ("acme.localhost", "http://globex.localhost", False),
        ("acme.localhost:8000", "http://acme.localhost:8001", False),
        ("acme.localhost", "https://acme.localhost:444", False),
        ("acme.localhost", "null", False),
        ("acme.localhost", "", False),
        ("acme.localhost", "http://acme.localhost:port", False),
        ("acme.localhost", "http://acme.localhost.evil", False),
    ],
)
def test_a_page_of_another_origin_opens_nothing(token: str, host: str, origin: str, opens: bool) -> None:
    async def scene() -> bool:
        return not await refused(headers(host, bearer=token, origin=origin))

    assert async_to_sync(scene)() is opens


def test_a_silent_socket_is_pinged(token: str) -> None:
    async def scene() -> None:
        it = socket(headers(bearer=token), "/beat/one/")
        await it.open()
        assert await it.hear("ping") == {"v": 1, "type": "ping"}
        await it.close()

    async_to_sync(scene)()


def test_of_a_client_that_is_gone_in_the_middle_of_a_message_nothing_stays(
    acme: Tenant, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its server raises where a message is sent, and no word of a disconnection comes."""
    left: list[str] = []
    real = RedisPubSubLoopLayer.group_discard

    async def group_discard(self: Any, group: str, channel: str) -> None:
        left.append(group)
        await real(self, group, channel)

    monkeypatch.setattr(RedisPubSubLoopLayer, "group_discard", group_discard)

    async def scene() -> set[str]:
        handshake: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        await handshake.put({"type": "websocket.connect"})
        sent: list[str] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message["type"])
            if len(sent) == 2:  # accepted, the state: now something happens
                await tell(acme, "thing.one", seq=1)
            if len(sent) == 3:
                raise OSError("the client is gone")

        before = asyncio.all_tasks()
        with pytest.raises(OSError, match="gone"):
            await DOOR(scope_of("/ws/one/", headers(bearer=token)), handshake.get, send)
        return {task.get_coro().__qualname__ for task in asyncio.all_tasks() - before}  # type: ignore[union-attr]

    running = async_to_sync(scene)()
    member = f"t_acme.member.{UUID(int=1)}"
    assert sorted(left) == [member, "t_acme.tenant", "t_acme.thing.one"]
    assert "TenantConsumer._keep" not in running


def test_what_a_client_says_is_not_looked_at(acme: Tenant, token: str) -> None:
    async def scene() -> None:
        it = socket(headers(bearer=token))
        await it.open()
        await it.hear()
        await it.say("no json {")
        await it.say(b"\xff")
        await it.say('{"type": "tenant.closed", "topic": "thing.two"}')
        await tell(acme, "thing.one", seq=1)
        assert await it.hear() == {"seq": 1}
        await it.close()

    async_to_sync(scene)()


def closing(change: Callable[[], object], sent: dict[str, str]) -> int:
    """The code with which an open socket ends once `change` has happened."""

    async def scene() -> int:
        it = socket(sent, "/beat/one/")
        assert await it.open() == 0
        await sync_to_async(change)()
        return await it.end()

    return async_to_sync(scene)()


def test_who_is_deactivated_is_put_out(owner: User, token: str, acme: Tenant) -> None:
    def change() -> None:
        with tenant_context(acme):
            User.objects.filter(pk=owner.pk).update(is_active=False)

    assert closing(change, headers(bearer=token)) == NOT_SIGNED_IN


def test_who_signs_out_is_put_out(owner: User, client_for: Callable[..., Client]) -> None:
    browser = client_for(owner)
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    sent = headers(session=cookie)
    assert closing(lambda: browser.post("/accounts/logout/"), sent) == NOT_SIGNED_IN


def test_who_loses_the_role_is_put_out(owner: User, token: str, acme: Tenant) -> None:
    def change() -> None:
        with tenant_context(acme):
            User.objects.filter(pk=owner.pk).update(role="analyst")

    assert closing(change, headers(bearer=token)) == NOT_ALLOWED


def test_a_tenant_that_is_closed_puts_everybody_out_at_once(acme: Tenant, token: str) -> None:
    async def scene() -> int:
        it = socket(headers(bearer=token))
        await it.open()
        group = live.socket_group(live.CLOSING, acme)
        await get_channel_layer().group_send(group, {"type": "tenant.closed"})
        return await it.end()

    assert async_to_sync(scene)() == NOT_FOUND


def test_a_database_that_is_away_for_a_moment_ends_no_socket(
    token: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from django.db import OperationalError

    async def away(self: Any) -> bool:
        raise OperationalError("server closed the connection")

    async def scene() -> None:
        it = socket(headers(bearer=token), "/beat/one/")
        await it.open()
        monkeypatch.setattr(Watch, "_may_stay", away)
        while "could not be looked at again" not in caplog.text:
            await it.hear("ping")
        await it.hear("ping")
        await it.close()

    async_to_sync(scene)()


def test_a_topic_that_is_added_later_is_asked_for_anew(acme: Tenant, owner: User, token: str) -> None:
    class Growing(Quiet):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any) -> None:
            if await self.subscribe(f"thing.{text_data}"):
                await self.send_json({"type": "added"})

    door = TenantSocketMiddleware(URLRouter([path("ws/<slug:thing>/", Growing.as_asgi())]))

    def demote() -> None:
        with tenant_context(acme):
            User.objects.filter(pk=owner.pk).update(role="analyst")

    async def scene() -> int:
        it = Socket(door, "/ws/one/", headers(bearer=token))
        await it.open()
        await it.say("two")
        await it.hear("added")
        await tell(acme, "thing.two", seq=2)
        assert await it.hear() == {"seq": 2}
        await sync_to_async(demote)()
        await it.say("three")
        return await it.end()

    assert async_to_sync(scene)() == NOT_ALLOWED

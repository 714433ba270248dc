"""Try forged credentials on a running installation: `python -m tests.drills._forging PORT`, in its environment.

Prints a line of JSON per attempt, `{"attack", "what", "accepted", "broke", "wrong", "good"}`, where `good` credentials
must be accepted and no others.
"""

from __future__ import annotations

import json
import logging
import socket
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import django
import httpx
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.running import wait_until


class RunningDoor:
    """The program at a port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)

    def ask(
        self, tenant: Any, method: str, path: str, *, bearer: str = "", body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        named = {"Host": self._host(tenant)} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        answer = self._http.request(method, path, headers=named, json=body)
        return answer.status_code, answer.json() if answer.content else {}

    def opens(self, tenant: Any, address: str) -> bool:
        """Raises `InvalidStatus` where the program fails rather than refuses."""
        try:
            with connect(
                f"ws://{self._host(tenant)}{address}",
                sock=socket.create_connection(("127.0.0.1", self.port)),
                open_timeout=30,
            ):
                return True
        except InvalidStatus as refusal:
            if refusal.response.status_code != 403:
                raise
            return False

    def settle(self, tenant: Any) -> None:
        """Processes look at a tenant again after some seconds: wait until this one publishes its new key alone."""
        from apps.gateway.tokens import key_id
        from apps.tenants.keys import verification_keys

        wanted = [key_id(key) for key in verification_keys(tenant)]

        def published() -> bool:
            found = self._http.get("/.well-known/jwks.json", headers={"Host": self._host(tenant)}).json()
            return [key["kid"] for key in found["keys"]] == wanted

        wait_until(published, "the new key is published", within=30)

    def _host(self, tenant: Any) -> str:
        return f"{tenant.slug}.localhost:{self.port}"


def main(port: int) -> None:
    django.setup()
    logging.getLogger("httpx").setLevel(logging.WARNING)  # or it tells of every request
    from apps.tenants.services import tenant_create
    from tests.forgeries import CONTROL, attempts, ground_make

    home, abroad = (
        tenant_create(slug=slug, name=slug.title(), industry="retail", plan="enterprise", now=True)
        for slug in ("forgeries-home", "forgeries-abroad")
    )
    for each in attempts(ground_make(home, abroad, RunningDoor(port))):
        print(json.dumps({**asdict(each), "wrong": each.is_wrong, "good": each.attack == CONTROL}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""What models say about the results of runs, and inputs from plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.errors import WaitExpired
from orchestrall_client.message_models import Filled, Message
from orchestrall_client.models import Agent, Run
from orchestrall_client.pages import id_of, listed
from orchestrall_client.runs import PATH, agent_path

LONGEST_WAIT = 30.0
"""Seconds that one request waits."""


class Messages:
    """`client.messages`"""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def explain(self, run: Run | UUID | str, *, idempotency_key: str | None = None) -> Message:
        """Have a result explained: by a model, or without one in the agent's own words.

        message = client.messages.wait(client.messages.explain(run))
        print(message.text, message.is_verified)
        """
        return self._create(run, {"kind": "explanation"}, idempotency_key)

    def ask(self, run: Run | UUID | str, question: str, *, idempotency_key: str | None = None) -> Message:
        """Ask a question about a result. `Conflict` where no model is chosen."""
        return self._create(run, {"kind": "answer", "question": question}, idempotency_key)

    def draft(
        self,
        run: Run | UUID | str,
        purpose: str,
        *,
        audience: str = "",
        tone: str = "plain",
        idempotency_key: str | None = None,
    ) -> Message:
        """Have a letter or report drafted that rests on a result. `tone` is plain, formal or friendly."""
        body = {"kind": "draft", "purpose": purpose, "audience": audience, "tone": tone}
        return self._create(run, body, idempotency_key)

    def _create(self, run: Run | UUID | str, body: dict[str, Any], key: str | None) -> Message:
        call = Call("POST", _of(run), json=body)
        return self._connection.one(call.once(key), Message)

    def list(
        self, run: Run | UUID | str, *, fields: Sequence[str] | None = None, page_size: int | None = None
    ) -> Iterator[Any]:
        """What was asked and said about a result, in order. With `fields` each is a dict of these alone."""
        return listed(self._connection, _of(run), Message, fields=fields, limit=page_size)

    def get(self, message: Message) -> Message:
        """One of them as it is now."""
        return self._connection.one(get(_at(message)), Message)

    def wait(self, message: Message, *, timeout: float | None = None) -> Message:
        """Wait until it has ended. After `timeout` seconds (None: never) this raises `WaitExpired`; it goes on."""
        clock = self._connection.retries.clock
        until = None if timeout is None else clock() + timeout
        while True:
            left = LONGEST_WAIT if until is None else min(LONGEST_WAIT, max(0.0, until - clock()))
            now = self._connection.one(
                Call("GET", _at(message), params={"wait": round(left, 3)}, seconds=left), Message
            )
            if not now.is_open:
                return now
            if until is not None and timeout is not None and clock() >= until:
                raise WaitExpired(now, timeout)

    def change(self, message: Message, text: str) -> Message:
        """Keep a draft as you have changed it: its numbers are looked up anew."""
        return self._connection.one(Call("PUT", _at(message), json={"text": text}), Message)

    def cancel(self, message: Message) -> Message:
        """Stop it. What is written is kept. `Conflict` when it has ended."""
        return self._connection.one(Call("POST", f"{_at(message)}/cancel"), Message)

    def fill(self, agent: str | Agent, text: str) -> Filled:
        """Have a model put plain words into the input of an agent. Look at it before you start a run with it.

        filled = client.messages.fill("retail.demand_forecaster", "The next eight weeks of my weekly sales")
        run = client.runs.start("retail.demand_forecaster", input=filled.input)
        """
        return self._connection.one(Call("POST", f"{agent_path(agent)}/fill", json={"text": text}), Filled)


def _of(run: Run | UUID | str) -> str:
    return f"{PATH}/{id_of(run, 'run')}/messages"


def _at(message: Message) -> str:
    return f"{PATH}/{message.run}/messages/{message.number}"

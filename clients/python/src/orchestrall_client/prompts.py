"""Prompts: the words that models are given, drafted, published, and gone back from."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.model_setup_models import Prompt, PromptVersion
from orchestrall_client.pages import listed

PromptKey = Prompt | str
PATH = "/api/v1/prompts"


class Prompts:
    """`client.prompts`

    client.prompts.draft("explain", system="You explain to a nurse.", user="Explain this: {result}")
    client.prompts.publish("explain", note="For the wards")
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> builtins.list[Prompt]:
        """Every prompt with the words that hold now, by title."""
        return [Prompt.model_validate(each) for each in self._connection.json(get(PATH))["items"]]

    def get(self, prompt: PromptKey) -> Prompt:
        """One prompt with its variables, the words that hold now, and its draft."""
        return self._connection.one(get(_at(prompt)), Prompt)

    def versions(
        self, prompt: PromptKey, *, fields: Sequence[str] | None = None, page_size: int | None = None
    ) -> Iterator[Any]:
        """What was published of it, newest first. With `fields` each is a dict of these alone."""
        return listed(self._connection, f"{_at(prompt)}/versions", PromptVersion, fields=fields, limit=page_size)

    def draft(self, prompt: PromptKey, *, system: str = "", user: str = "") -> Prompt:
        """Keep words as the draft. `InvalidRequest` for a field that there is not, or a needed one that is missing."""
        return self._connection.one(Call("PUT", f"{_at(prompt)}/draft", json={"system": system, "user": user}), Prompt)

    def discard(self, prompt: PromptKey) -> None:
        """Give the draft up. `Conflict` where there is none."""
        self._connection.json(Call("DELETE", f"{_at(prompt)}/draft"))

    def publish(self, prompt: PromptKey, *, note: str = "") -> PromptVersion:
        """Have the draft hold from the next call on. `Conflict` where there is none, or it says what holds already."""
        return self._connection.one(Call("POST", f"{_at(prompt)}/publish", json={"note": note}).once(), PromptVersion)

    def restore(self, prompt: PromptKey, version: int | None) -> Prompt:
        """Go back to an earlier version, which becomes a new one; None: to the program's own words."""
        return self._connection.one(Call("POST", f"{_at(prompt)}/restore", json={"version": version}).once(), Prompt)


def _at(prompt: PromptKey) -> str:
    return f"{PATH}/{quote(prompt.key if isinstance(prompt, Prompt) else prompt, safe='')}"

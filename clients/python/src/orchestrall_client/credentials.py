"""Who asks: an API key, or a person whose tokens are renewed as they end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

import httpx
from pydantic import Field, ValidationError

from orchestrall_client.errors import OrchestrallError, UnexpectedAnswer
from orchestrall_client.models import Model

ISSUE, REFRESH, REVOKE = "/api/v1/tokens", "/api/v1/tokens/refresh", "/api/v1/tokens/revoke"


class Tokens(Model):
    """An access token, good for minutes, and the refresh token that is traded once for the next pair."""

    access_token: str = Field(repr=False)
    refresh_token: str | None = Field(default=None, repr=False)


Post = Callable[[str, dict[str, str]], Any]
"""`post(path, body)`: ask once, without a credential, for the answer's JSON."""


class Credential(Protocol):
    def bearer(self) -> str:
        """What `Authorization: Bearer` carries now."""

    def renew(self, refused: str) -> str | None:
        """What to carry instead of what was refused; None where there is nothing else."""

    def end(self) -> None:
        """It is not used any more."""


class Key:
    """An API key: there is no other than it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def bearer(self) -> str:
        return self._text

    def renew(self, refused: str) -> str | None:
        return None

    def end(self) -> None:
        """A key is good for others still."""


class SignIn:
    """A person's tokens, got with the first request. Threads share them: whoever is refused first renews for all.

    A refresh token is good for one trade, and a second trade of it ends all that came of it. So a trade whose answer
    was lost is not tried again: the person signs in anew, which is what is also done when the server refuses the trade.
    """

    def __init__(self, email: str, password: str, post: Post) -> None:
        self._email, self._password, self._post = email, password, post
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None

    def bearer(self) -> str:
        with self._lock:
            if self._tokens is None:
                self._tokens = self._sign_in()
            return self._tokens.access_token

    def renew(self, refused: str) -> str | None:
        with self._lock:
            if self._tokens is None or self._tokens.access_token == refused:
                held, self._tokens = self._tokens, None
                self._tokens = self._traded(held) or self._sign_in()
            return self._tokens.access_token

    def end(self) -> None:
        """Sign out: the refresh token, and all that came of the sign-in, is good no more."""
        with self._lock:
            held, self._tokens = self._tokens, None
        if held is not None and held.refresh_token is not None:
            self._post(REVOKE, {"token": held.refresh_token})

    def _traded(self, held: Tokens | None) -> Tokens | None:
        if held is None or held.refresh_token is None:
            return None
        try:
            return _tokens(self._post(REFRESH, {"refresh_token": held.refresh_token}))
        except (OrchestrallError, httpx.RequestError):
            return None

    def _sign_in(self) -> Tokens:
        return _tokens(self._post(ISSUE, {"email": self._email, "password": self._password}))


def _tokens(told: Any) -> Tokens:
    try:
        return Tokens.model_validate(told)
    except ValidationError as error:
        raise UnexpectedAnswer("The answer to a sign-in holds no token.") from error

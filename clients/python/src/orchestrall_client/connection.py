"""Requests and answers: authentication, tries, and what an answer means. The rest of the package says what to ask."""

from __future__ import annotations

import platform
import shutil
import socket
import ssl
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from orchestrall_client.credentials import Credential, Key, SignIn
from orchestrall_client.errors import OrchestrallError, Problem, UnexpectedAnswer, Unreachable, problem_of
from orchestrall_client.loopback import PATTERNS, LoopbackTransport, is_here
from orchestrall_client.models import Model
from orchestrall_client.retries import NEVER_SENT, PASSING, Attempts, Retries, retry_after

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

SAFE: Final = frozenset({"GET", "HEAD"})
UNDER_WAY: Final = "request_under_way"
"""The code of a 409 that says: the first try of this very request is still being worked on."""
# Seconds that a server takes at most for a file of the largest size.
CHECKED: Final = 120.0
# Of a download, what is kept in memory before it goes to a file.
SPOOL: Final = 8 << 20


@dataclass(frozen=True)
class Upload:
    """A file to send: a name, and a file that can be read from its start again and again."""

    name: str
    file: BinaryIO


@dataclass(frozen=True)
class Call:
    """One request, with what stays the same over its tries."""

    method: str
    path: str
    params: Mapping[str, Any] | None = None
    json: Any = None
    form: Mapping[str, str] | None = None
    upload: Upload | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    """How long the answer may be held back, on top of the usual time."""
    open: bool = False
    """Asked without a credential."""

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again although it may have been carried out."""
        return self.method in SAFE or "Idempotency-Key" in self.headers

    @property
    def patience(self) -> float:
        """Seconds on top of the usual time until the answer begins: a file is read and checked as a whole first."""
        return self.seconds + (CHECKED if self.upload else 0.0)

    def once(self, key: str | None = None) -> Call:
        """The same, as a request that is carried out once however often it is sent (within 24 hours)."""
        return replace(self, headers={**self.headers, "Idempotency-Key": key or str(uuid.uuid4())})


class Items(Model):
    """A list, as the server tells it: all of it, or a page and the address of the next one."""

    items: list[dict[str, Any]]
    next: str | None = None


def get(path: str, **params: Any) -> Call:
    """A reading request. A parameter that is None, or an empty text, is left out."""
    return Call("GET", path, params={name: value for name, value in params.items() if value not in (None, "")})


class Connection:
    """The way to one organisation's host. Threads may share it."""

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        person: tuple[str, str] | None = None,
        timeout: float,
        retries: Retries,
        verify: bool | ssl.SSLContext,
        allow_http: bool,
        transport: httpx.BaseTransport | None,
        agent: str,
    ) -> None:
        self.url, self.retries = base_url(url, allow_http=allow_http), retries
        self._timeout = timeout
        self._credential: Credential = Key(key) if key else SignIn(*(person or ("", "")), self._openly)
        here = LoopbackTransport(verify) if transport is None else None
        self._http = httpx.Client(
            base_url=self.url,
            headers={"User-Agent": f"{agent} Python/{platform.python_version()}", "Accept": "application/json"},
            verify=verify,
            transport=transport,
            mounts=dict.fromkeys(PATTERNS, here) if here else None,
        )

    def close(self) -> None:
        """Sign out, and close the connections."""
        with suppress(OrchestrallError, httpx.RequestError):  # what is not revoked ends by itself
            self._credential.end()
        self._http.close()

    def one(self, call: Call, model: type[M]) -> M:
        """The answer as a model."""
        return self.read_as(model, self.json(call), call)

    def many(self, call: Call, model: type[M]) -> list[M]:
        """The answer's `items`, as models."""
        told = self.json(call)
        return [self.read_as(model, item, call) for item in self.read_as(Items, told, call).items]

    @staticmethod
    def read_as(model: type[M], told: Any, call: Call) -> M:
        """What the server told as a model. Raises `UnexpectedAnswer`."""
        try:
            return model.model_validate(told)
        except ValidationError as error:
            raise _foreign(call, f"{error.error_count()} fields of {model.__name__} are missing or other") from error

    def json(self, call: Call) -> Any:
        """The answer's JSON; None for one without a body."""
        return self.perform(call, lambda response: _json(call, response))

    def download(self, call: Call, to: str | Path | BinaryIO) -> None:
        """Write the answer's body to a path or an open file, once it is there as a whole: half a file is never left."""
        call = replace(call, headers={**call.headers, "Accept": "*/*"})
        if isinstance(to, str | Path):
            part = Path(to).with_name(f".{Path(to).name}.{uuid.uuid4().hex}")
            try:
                with part.open("xb") as file:
                    self.perform(call, lambda response: _pour(response, file))
                part.replace(to)
            finally:
                part.unlink(missing_ok=True)
            return
        with tempfile.SpooledTemporaryFile(max_size=SPOOL) as whole:
            self.perform(call, lambda response: _pour(response, whole))
            whole.seek(0)
            shutil.copyfileobj(whole, to)

    def perform(self, call: Call, read: Callable[[httpx.Response], T]) -> T:
        """Send it until there is an answer to `read`, which begins afresh with every try."""
        attempts = self.retries.attempts()
        while True:
            try:
                with self.answer(call) as response:
                    return read(response)
            except (Problem, httpx.RequestError) as error:
                self.again(call, error, attempts)

    @contextmanager
    def answer(self, call: Call) -> Iterator[httpx.Response]:
        """Send it once, and anew with renewed tokens where those it carried have ended.

        Yields a good answer whose body is not read yet. Raises `Problem`, or what httpx raises.
        """
        bearer = "" if call.open else self._credential.bearer()
        response = self._send(call, bearer)
        if response.status_code == httpx.codes.UNAUTHORIZED and bearer:
            response.read()
            response.close()  # a renewal that waits for a connection must not wait for ours
            if fresh := self._credential.renew(bearer):
                response = self._send(call, fresh)
        try:
            if not response.is_success:
                raise _refusal(call, response)
            yield response
        finally:
            response.close()

    def again(self, call: Call, error: Problem | httpx.RequestError, attempts: Attempts) -> None:
        """Return when it is time for another try after this error; raise where there is to be none."""
        if isinstance(error, Problem):
            if not (_passes(call, error) and attempts.again(error.retry_after)):
                raise error
        elif not ((call.repeatable or isinstance(error, NEVER_SENT)) and not _stays(error) and attempts.again()):
            tries = "" if attempts.tried == 1 else f", at the last of {attempts.tried} tries"
            what = str(error) or type(error).__name__
            raise Unreachable(f"{call.method} {self.url}{call.path} got no answer{tries}: {what}") from error

    def _send(self, call: Call, bearer: str) -> httpx.Response:
        headers = {**call.headers, **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
        request = self._http.build_request(
            call.method,
            call.path,
            params=call.params,
            json=call.json,
            data=call.form,
            files={"file": (call.upload.name, call.upload.file)} if call.upload else None,
            headers=headers,
            timeout=httpx.Timeout(self._timeout, read=self._timeout + call.patience),
        )
        return self._http.send(request, stream=True, follow_redirects=False)

    def _openly(self, path: str, body: dict[str, str]) -> Any:
        """Ask about tokens, once: whoever needs them tries again."""
        call = Call("POST", path, json=body, open=True)
        with self.answer(call) as response:
            return _json(call, response)


def base_url(url: str, *, allow_http: bool = False) -> str:
    """The address of a host, without a slash at the end. Raises `ValueError` with what is wrong with it."""
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is no address. Give the scheme and the host: https://acme.example")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("The address is that of the host alone: https://acme.example, without a path or a user.")
    if parts.scheme == "http" and not (allow_http or is_here(parts.hostname)):
        raise ValueError(
            f"http:// would send the key to {parts.hostname} readable by everyone on the way. Use https://, or say "
            "allow_http=True where the network itself is trusted."
        )
    return f"{parts.scheme}://{parts.netloc}"


def _passes(call: Call, problem: Problem) -> bool:
    """Whether the same request may be answered otherwise a little later."""
    if problem.status == httpx.codes.CONFLICT:
        return problem.code == UNDER_WAY and "Idempotency-Key" in call.headers
    return problem.status == httpx.codes.TOO_MANY_REQUESTS or (problem.status in PASSING and call.repeatable)


def _stays(error: BaseException) -> bool:
    """Whether another try would end the same way: a certificate that is not trusted, a name that does not exist."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME:
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _refusal(call: Call, response: httpx.Response) -> OrchestrallError:
    response.read()
    if response.is_redirect:
        return _foreign(call, f"it sends on to {response.headers.get('Location')}: use that address")
    try:
        body = response.json()
    except ValueError:
        body = None
    return problem_of(
        response.status_code,
        body,
        request_id=response.headers.get("X-Request-ID", ""),
        retry_after=retry_after(response.headers),
    )


def _json(call: Call, response: httpx.Response) -> Any:
    response.read()
    try:
        return response.json() if response.content else None
    except ValueError as error:
        kind = response.headers.get("Content-Type", "no type")
        raise _foreign(call, f"the answer is {kind}, and no JSON") from error


def _foreign(call: Call, why: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(f"{call.method} {call.path} was not answered as the API answers: {why}.")


def _pour(response: httpx.Response, file: IO[bytes]) -> None:
    file.seek(0)
    file.truncate()
    for piece in response.iter_bytes():
        file.write(piece)
    file.flush()

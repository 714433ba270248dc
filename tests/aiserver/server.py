"""The server itself."""

from __future__ import annotations

import json
import select
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.aiserver import protocol
from tests.aiserver.asked import Asked
from tests.aiserver.scenarios import NAMED, Answer, Fail, Hang, Raw, Say, Scenario

KEY = "key-of-the-scripted-server"
_DEPLOYMENTS = "/openai/deployments/"


class AiServer:
    """Serves from `with` to its end, on a free port of 127.0.0.1 or on `port`."""

    def __init__(self, *, key: str = KEY, lists_models: bool = True, port: int = 0) -> None:
        self._key, self.lists_models = key, lists_models
        self.asked: list[Asked] = []
        """Every request for an answer, in order, whatever became of it."""
        self.ending = threading.Event()
        self._lock = threading.Lock()
        self._always: dict[str, Scenario] = {}
        self._queued: defaultdict[str, deque[Scenario]] = defaultdict(deque)
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.owner = self

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return f"{self.root}/v1"

    @property
    def key(self) -> str:
        """What clients have to send; empty: nothing."""
        return self._key

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def always(self, model: str, scenario: Scenario) -> None:
        """What this model does whenever nothing is queued for it."""
        with self._lock:
            self._always[model] = scenario

    def queue(self, model: str, *scenarios: Scenario) -> None:
        """What this model does next, once each."""
        with self._lock:
            self._queued[model].extend(scenarios)

    def forget(self) -> None:
        """What was asked and queued."""
        with self._lock:
            self.asked.clear()
            self._queued.clear()

    def answer_named(self, name: str) -> Scenario:
        """What a model of this name does, for `queue`."""
        return NAMED[name]

    def models(self) -> list[str]:
        with self._lock:
            return sorted({*NAMED, *self._always, *self._queued})

    def answer_to(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            queued = self._queued.get(asked.model)
            scenario = queued.popleft() if queued else self._always.get(asked.model, NAMED.get(asked.model))
        if scenario is None:
            return Fail(404, "model_not_found", f"The model `{asked.model}` does not exist.")
        return scenario(asked) if callable(scenario) else scenario

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    owner: AiServer
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what many scenarios are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        if not self._may_enter():
            return
        if urlsplit(self.path).path.rstrip("/") == "/v1/models" and self.server.owner.lists_models:
            self._send(200, protocol.models(self.server.owner.models()))
        else:
            self._fail(Fail(404, "not_found", f"There is nothing at {self.path}."))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._may_enter():
            return
        path = urlsplit(self.path).path
        body = json.loads(raw)
        if path.startswith(_DEPLOYMENTS):  # Azure names the model in the path
            body["model"] = path.removeprefix(_DEPLOYMENTS).partition("/")[0]
        elif path not in {"/v1/chat/completions", "/v1/responses"}:
            self._fail(Fail(404, "not_found", f"There is nothing at {path}."))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.path, headers, body, raw.decode())
        try:
            self._answer(asked, self.server.owner.answer_to(asked))
        except OSError:
            asked.closed.set()
            self.close_connection = True

    def _may_enter(self) -> bool:
        given = self.headers.get("api-key") or self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self.server.owner.key or given == self.server.owner.key:
            return True
        self._fail(Fail(401, "invalid_api_key", f"Incorrect API key provided: {given[:6]}***."))
        return False

    def _answer(self, asked: Asked, answer: Answer) -> None:
        if isinstance(answer, Hang):
            self._wait(asked)
        elif isinstance(answer, Fail):
            self._fail(answer)
        elif isinstance(answer, Raw):
            self._start(answer.status, answer.content_type, answer.headers, length=len(answer.body))
            self.wfile.write(answer.body)
        elif asked.streams:
            self._stream(asked, answer)
        else:
            self._whole(asked, answer)

    def _whole(self, asked: Asked, say: Say) -> None:
        content = json.dumps(protocol.whole(asked, say)).encode()
        self._start(200, "application/json", length=len(content))
        if say.breaks_after is not None:
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif say.every:
            for start in range(0, len(content), 10):
                self._pause(asked, say.every)
                self.wfile.write(content[start : start + 10])
        else:
            self.wfile.write(content)

    def _stream(self, asked: Asked, say: Say) -> None:
        self._start(200, "text/event-stream", {"Transfer-Encoding": "chunked", "Cache-Control": "no-cache"})
        for place, text in enumerate(_lines(protocol.pieces(asked, say), ends=not asked.is_response)):
            if say.breaks_after is not None and place >= say.breaks_after:
                self.close_connection = True
                return
            if say.every:
                self._pause(asked, say.every)
            data = text.encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def _wait(self, asked: Asked) -> None:
        """Until the other side goes away, or the server ends."""
        while not self.server.owner.ending.is_set():
            self._pause(asked, 0.05)
        self.close_connection = True

    def _pause(self, asked: Asked, seconds: float) -> None:
        """Raises `OSError` once the other side has gone away."""
        if select.select([self.connection], [], [], seconds)[0] and not self.connection.recv(1, socket.MSG_PEEK):
            raise BrokenPipeError

    def _fail(self, fail: Fail) -> None:
        self._send(fail.status, protocol.error(fail), fail.headers)

    def _send(self, status: int, data: Any, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(data).encode()
        self._start(status, "application/json", headers, length=len(content))
        self.wfile.write(content)

    def _start(
        self, status: int, content_type: str, headers: dict[str, str] | None = None, *, length: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """The tests look at `asked`."""


def _lines(pieces: Iterator[tuple[str, dict[str, Any]]], *, ends: bool) -> Iterator[str]:
    for name, data in pieces:
        yield (f"event: {name}\n" if name else "") + f"data: {json.dumps(data)}\n\n"
    if ends:
        yield "data: [DONE]\n\n"

"""The library's client, on our guarded way out, without tries of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from apps.ai.wire.failures import problem_of
from apps.common import outbound

if TYPE_CHECKING:
    import httpx
    import openai

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of an answer, with all that stands around its pieces when it streams."""
_TELLING: Final = ("x-stainless-", "openai-", "langsmith-")
_NEEDED: Final = "x-stainless-raw-response"
"""By which the library knows later how it was asked."""
LIST_SECONDS: Final = 15.0
"""That a list of models may take."""


@contextmanager
def problems_told(seconds: float) -> Iterator[None]:
    """What goes wrong inside is raised as the `ModelProblem` that it is."""
    try:
        yield
    except Exception as error:
        problem = problem_of(error, seconds=seconds)
        if problem is None or problem is error:
            raise
        raise problem from error


@contextmanager
def http(
    *,
    seconds: float,
    stopping: Callable[[], bool] = lambda: False,
    has_key: bool = True,
    headers: Mapping[str, str] | None = None,
) -> Iterator[httpx.Client]:
    """The guarded client for one call, whatever library asks with it. What goes wrong is raised as a `ModelProblem`.

    Of headers that tell of this machine or come from its environment only `headers` are sent.
    """
    own = {name: value for name, value in (headers or {}).items() if value}

    def tidy(request: httpx.Request) -> None:
        for name in [each for each in request.headers if each.startswith(_TELLING) and each != _NEEDED]:
            del request.headers[name]
        if not has_key:
            request.headers.pop("Authorization", None)
        request.headers.update({**own, "User-Agent": "orchestrall"})

    with problems_told(seconds), outbound.client(seconds=seconds, largest=LARGEST, stopping=stopping) as made:
        made.event_hooks = {**made.event_hooks, "request": [*made.event_hooks["request"], tidy]}
        yield made


@contextmanager
def opened(
    *,
    base_url: str,
    key: str,
    seconds: float,
    stopping: Callable[[], bool] = lambda: False,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, object] | None = None,
) -> Iterator[openai.OpenAI]:
    """OpenAI's client for one call."""
    import openai

    with http(seconds=seconds, stopping=stopping, has_key=bool(key), headers=headers) as client:
        yield openai.OpenAI(
            base_url=base_url, api_key=key or "none", default_query=query, max_retries=0, timeout=max(0.001, seconds),
            http_client=client,  # type: ignore[arg-type]  # it takes both generations of httpx, and is typed for one
        )  # fmt: skip


def names_of(client: openai.OpenAI) -> list[str]:
    """The models that a service lists, by name."""
    return sorted({each.id for each in client.models.list().data if each.id})

"""Chat models of LangChain (`init_chat_model`).

Only the integration `openai` sends its requests through our guarded way out. Others bring HTTP clients of their own,
which follow redirects, use proxies of the environment and reach inner networks: the operator allows them one by one
(ORCHESTRALL_LANGCHAIN), and with that trusts every administrator of a tenant with what they can reach.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings as django_settings
from pydantic import Field, SecretStr, model_validator

from apps.ai.answers import schema_in_words
from apps.ai.contract import Message, ProviderKind, Reply, Request
from apps.ai.failures import ModelMisconfigured
from apps.ai.wire import client
from apps.ai.wire.failures import ModelMisanswered, problem_of, told_words
from apps.ai.wire.parts import call_of, plain_text, schema_sent, usage_of, whole_letters
from apps.common.schemas import StrictModel

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

_CUT = frozenset({"length", "max_tokens", "MAX_TOKENS"})
"""Why an answer ended, in the words of several services, when it was as long as it may be."""


class LangChainSettings(StrictModel):
    """Which integration of LangChain, and how it reaches its service."""

    integration: str = Field(
        default="openai",
        max_length=40,
        pattern=r"^[a-z0-9_]+$",
        title="Integration",
        description="Name of the model provider as LangChain has it. Others than openai are allowed by the operator.",
    )
    key: SecretStr = Field(
        default=SecretStr(""), title="API key", description="It is kept sealed, and is not shown again."
    )
    base_url: str = Field(
        default="", max_length=500, title="Base URL", description="Leave it empty for the service's own."
    )
    models_offered: list[str] = Field(
        default_factory=list,
        max_length=200,
        title="Models",
        description="Their names: LangChain lists none. With openai they may be left out.",
    )
    options: dict[str, str] = Field(
        default_factory=dict,
        max_length=20,
        title="Further settings",
        description="What the integration wants besides, such as region_name. The integration openai takes none.",
    )

    @model_validator(mode="after")
    def one_that_is_allowed(self) -> Self:
        allowed = django_settings.LANGCHAIN_INTEGRATIONS
        if self.integration not in allowed:
            raise ValueError(f"The operator allows {', '.join(allowed)}: choose one, or ask for {self.integration}.")
        if self.integration == "openai" and self.options:
            raise ValueError("The integration openai takes no further settings: leave them out.")
        return self


class LangChain(ProviderKind[LangChainSettings]):
    key: ClassVar[str] = "langchain"
    title: ClassVar[str] = "LangChain"
    summary: ClassVar[str] = "Any chat model that LangChain has an integration for and the operator allows."
    icon: ClassVar[str] = "link"

    def models(self, settings: LangChainSettings) -> list[str]:
        if settings.integration != "openai":
            with self._opened(settings, "any", Request(messages=()), client.LIST_SECONDS, lambda: False):
                return sorted(set(settings.models_offered))
        with client.opened(
            base_url=settings.base_url or "https://api.openai.com/v1", key=settings.key.get_secret_value(),
            seconds=client.LIST_SECONDS,
        ) as opened:  # fmt: skip
            return sorted({*client.names_of(opened), *settings.models_offered})

    def ask(
        self,
        settings: LangChainSettings,
        model: str,
        request: Request,
        *,
        seconds: float,
        told: Callable[[str], None] | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Reply:
        with self._opened(settings, model, request, seconds, stopping) as chat:
            # LangChain's own reader of answers by schema takes no tools beside it that are not strict too.
            by_words = settings.integration != "openai" or bool(request.tools)
            bound = _bound(chat, request, by_words=by_words)
            messages = [_message(each) for each in (schema_in_words(request) if by_words else request).messages]
            if told is None:
                (answer,) = _read(lambda: iter([bound.invoke(messages)]))
                return _reply(request, answer)
            whole: Any = None
            for piece in _read(lambda: bound.stream(messages)):
                whole = piece if whole is None else whole + piece
                if piece.text:
                    told(str(piece.text))
            if whole is None or not whole.response_metadata.get("finish_reason", settings.integration != "openai"):
                raise EOFError("The stream ended before the answer did.")
            return _reply(request, whole)

    @contextmanager
    def _opened(
        self,
        settings: LangChainSettings,
        model: str,
        request: Request,
        seconds: float,
        stopping: Callable[[], bool],
    ) -> Iterator[BaseChatModel]:
        from langchain.chat_models import init_chat_model
        from langsmith import tracing_context

        key = settings.key.get_secret_value()
        told: dict[str, Any] = {"timeout": max(0.001, seconds), "max_retries": 0, **settings.options}
        told |= {"api_key": key} if key else {}
        told |= {"base_url": settings.base_url} if settings.base_url else {}
        told |= {"max_tokens": request.longest_answer} if request.longest_answer is not None else {}
        told |= {"temperature": request.temperature} if request.temperature is not None else {}
        # A variable of the environment must not send what is asked to LangSmith.
        with tracing_context(enabled=False), client.http(seconds=seconds, stopping=stopping, has_key=bool(key)) as http:
            if settings.integration == "openai":
                told |= {
                    "base_url": settings.base_url or "https://api.openai.com/v1", "api_key": key or "none",
                    "http_client": http, "openai_proxy": "", "stream_usage": True, "use_responses_api": False,
                }  # fmt: skip
            try:
                chat = init_chat_model(model, model_provider=settings.integration, **told)
            except (ImportError, ValueError, TypeError) as error:
                raise ModelMisconfigured(
                    f"LangChain's integration {settings.integration} is not installed here, or refuses its settings.",
                    remedy="Have the operator install its package, and compare the settings with its documentation.",
                ) from error
            yield chat


def _read(answers: Callable[[], Iterator[Any]]) -> Iterator[Any]:
    """What the integration reads; where it stumbles over an answer, with an error of its own, that is told."""
    try:
        yield from answers()
    except Exception as error:
        if problem_of(error, seconds=0) is not None:
            raise
        said = told_words(f"{type(error).__name__}: {error}")
        raise ModelMisanswered(f"What came back is no answer of a model, or a refusal. {said}") from error


def _bound(chat: BaseChatModel, request: Request, *, by_words: bool) -> Any:
    """The model with its tools, and with the schema of the answer."""
    more: dict[str, Any] = {}
    if request.answer_schema is not None and not by_words:
        more["response_format"] = {"type": "json_schema", "json_schema": schema_sent(request)}
    if request.tools:
        tools = [
            {"type": "function", "function": each.model_dump(include={"name", "description", "parameters"})}
            for each in request.tools
        ]
        return chat.bind_tools(tools)
    return chat.bind(**more) if more else chat


def _message(message: Message) -> BaseMessage:
    from langchain_core import messages

    if message.role == "system":
        return messages.SystemMessage(message.text)
    if message.role == "user":
        return messages.HumanMessage(message.text)
    if message.role == "tool":
        return messages.ToolMessage(message.text, tool_call_id=message.answers)
    calls = [{"id": each.id, "name": each.name, "args": each.arguments, "type": "tool_call"} for each in message.calls]
    return messages.AIMessage(message.text, tool_calls=calls)


def _reply(request: Request, message: AIMessage) -> Reply:
    told, usage = message.usage_metadata, None
    if told is not None:
        cached = (told.get("input_token_details") or {}).get("cache_read") or 0
        counts = {**told, "input_tokens_details": {"cached_tokens": cached}}
        usage = usage_of(counts, input="input_tokens", output="output_tokens")
    about = message.response_metadata
    return Reply.model_validate(
        {
            "text": plain_text(request, str(message.text)),
            "calls": [
                call_of(each["id"] or f"call_{place}", each["name"] or "", each["args"] or "", usage)
                for place, each in enumerate(_calls(message), start=1)
            ],
            "refusal": whole_letters(str(message.additional_kwargs.get("refusal") or "")),
            "is_cut": (about.get("finish_reason") or about.get("stop_reason") or about.get("done_reason")) in _CUT,
            "usage": usage,
        }
    )


def _calls(message: AIMessage) -> list[Any]:
    """What it asks tools, with the arguments as text: LangChain completes what came cut off, and we do not."""
    chunks = getattr(message, "tool_call_chunks", None)
    if chunks is not None:
        return list(chunks)
    read = [{**each, "args": json.dumps(each["args"])} for each in message.tool_calls]
    return [*read, *message.invalid_tool_calls]

"""Any service that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp, Azure, and many more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field, SecretStr

from apps.ai.contract import ProviderKind, Reply, Request
from apps.ai.wire import chat, client
from apps.ai.wire.failures import NotThere
from apps.common.schemas import StrictModel

if TYPE_CHECKING:
    import openai


class CompatibleSettings(StrictModel):
    """How the service is reached, and where it differs from others."""

    base_url: str = Field(
        min_length=1,
        max_length=500,
        title="Base URL",
        description="vLLM and llama.cpp: http://host:8000/v1; Ollama: http://host:11434/v1; Azure: the resource alone, "
        "https://name.openai.azure.com. A service in your own network has to be allowed by the operator.",
    )
    key: SecretStr = Field(
        default=SecretStr(""),
        title="API key",
        description="Leave it empty where the service asks for none. It is kept sealed, and is not shown again.",
    )
    key_as: Literal["Authorization: Bearer", "api-key"] = Field(
        default="Authorization: Bearer", title="Key is sent as", description="Azure and some gateways take api-key."
    )
    api_version: str = Field(
        default="",
        max_length=40,
        pattern=r"^[\w.-]*$",
        title="API version of Azure",
        description="Such as 2024-10-21. With one the name of a model is that of its deployment, put into the address.",
    )
    models_offered: list[str] = Field(
        default_factory=list,
        max_length=200,
        title="Models",
        description="Their names, for a service that does not list them; else leave it empty.",
    )
    limit_as: Literal["max_tokens", "max_completion_tokens"] = Field(
        default="max_tokens",
        title="Length of answers is sent as",
        description="max_completion_tokens for OpenAI's reasoning models on Azure; nearly all others take max_tokens.",
    )
    counts_streams: bool = Field(
        default=True,
        title="Tells tokens of streams",
        description="Turn it off for services that refuse stream_options; tokens of streams are then estimated.",
    )


class Compatible(ProviderKind[CompatibleSettings]):
    key: ClassVar[str] = "compatible"
    title: ClassVar[str] = "OpenAI-compatible service"
    summary: ClassVar[str] = "A service with OpenAI's chat completions, yours or another's: vLLM, Ollama, Azure."
    icon: ClassVar[str] = "server-2"

    def models(self, settings: CompatibleSettings) -> list[str]:
        try:
            with self._opened(settings, "", client.LIST_SECONDS, lambda: False) as opened:
                listed = client.names_of(opened)
        except NotThere:  # it answers, and lists nothing
            if not settings.models_offered:
                raise
            listed = []
        return sorted({*listed, *settings.models_offered})

    def ask(
        self,
        settings: CompatibleSettings,
        model: str,
        request: Request,
        *,
        seconds: float,
        told: Callable[[str], None] | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Reply:
        with self._opened(settings, model, seconds, stopping) as opened:
            return chat.ask(
                opened, model, request, told=told, limit=settings.limit_as, counts_streams=settings.counts_streams
            )

    def _opened(
        self, settings: CompatibleSettings, model: str, seconds: float, stopping: Callable[[], bool]
    ) -> AbstractContextManager[openai.OpenAI]:
        key, base_url, is_azure = settings.key.get_secret_value(), settings.base_url.rstrip("/"), settings.api_version
        if is_azure:
            base_url += f"/openai/deployments/{quote(model, safe='')}" if model else "/openai"
        as_header = settings.key_as == "api-key"
        return client.opened(
            base_url=base_url,
            key="" if as_header else key,
            headers={"api-key": key if as_header else ""},
            query={"api-version": settings.api_version} if is_azure else None,
            seconds=seconds,
            stopping=stopping,
        )

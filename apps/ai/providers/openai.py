"""OpenAI."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, SecretStr

from apps.ai.contract import ProviderKind, Reply, Request
from apps.ai.wire import chat, client, responses
from apps.common.schemas import StrictModel

if TYPE_CHECKING:
    import openai


class OpenAISettings(StrictModel):
    """How OpenAI is reached."""

    key: SecretStr = Field(
        min_length=1,
        title="API key",
        description="From the API keys of your project at OpenAI. It is kept sealed, and is not shown again.",
    )
    form: Literal["responses", "chat completions"] = Field(
        default="responses",
        title="Form of requests",
        description="Responses is OpenAI's newer form; choose chat completions for models that have only that.",
    )
    organization: str = Field(default="", max_length=100, description="Its id (org-…), where the key is of several.")
    project: str = Field(default="", max_length=100, description="Its id (proj_…), where the key is of several.")
    base_url: str = Field(
        default="https://api.openai.com/v1",
        max_length=500,
        title="Base URL",
        description="Another only where OpenAI gave you one, as for a region.",
    )


class OpenAI(ProviderKind[OpenAISettings]):
    key: ClassVar[str] = "openai"
    title: ClassVar[str] = "OpenAI"
    summary: ClassVar[str] = "Models of OpenAI, with its own key, over the Responses API or chat completions."
    icon: ClassVar[str] = "brand-openai"

    def models(self, settings: OpenAISettings) -> list[str]:
        with self._opened(settings, client.LIST_SECONDS, lambda: False) as opened:
            return client.names_of(opened)

    def ask(
        self,
        settings: OpenAISettings,
        model: str,
        request: Request,
        *,
        seconds: float,
        told: Callable[[str], None] | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Reply:
        ask = responses.ask if settings.form == "responses" else chat.ask
        with self._opened(settings, seconds, stopping) as opened:
            return ask(opened, model, request, told=told)

    def _opened(
        self, settings: OpenAISettings, seconds: float, stopping: Callable[[], bool]
    ) -> AbstractContextManager[openai.OpenAI]:
        return client.opened(
            base_url=settings.base_url, key=settings.key.get_secret_value(), seconds=seconds, stopping=stopping,
            headers={"OpenAI-Organization": settings.organization, "OpenAI-Project": settings.project},
        )  # fmt: skip

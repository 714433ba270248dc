"""What the API of models takes and answers with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.ai.contract import ProviderKind
from apps.ai.models import AiPolicy, LanguageModel, ModelChoice, Provider
from apps.ai.setup import selectors
from apps.ai.setup.forms import settings_of
from apps.ai.setup.schemas import ModelSettings
from apps.common.schemas import StrictModel

_ID = "0192f3a4-b5c6-7d8e-9f00-112233445566"
_SETTINGS: dict[str, Any] = {
    "context": 128000,
    "longest_answer": 4096,
    "price_input": 2.5,
    "price_cached": 1.25,
    "price_output": 10.0,
    "takes_tools": True,
    "takes_schema": True,
    "is_enabled": True,
}
_MODEL: dict[str, Any] = {"id": _ID, "provider": _ID, "provider_name": "Our own", "name": "small-1", **_SETTINGS}
_PROBLEM: dict[str, Any] = {
    "code": "model_misconfigured",
    "title": "The provider of the model refuses how it is set up",
    "detail": "The key is refused.",
    "remedy": "Enter another key.",
}
_PROVIDER: dict[str, Any] = {
    "id": _ID,
    "name": "Our own",
    "kind": "compatible",
    "access": {"base_url": "https://models.acme.example/v1", "key": "**********"},
    "is_enabled": True,
    "at_once": 8,
    "checked_at": "2026-11-25T16:40:00Z",
    "problem": None,
    "offered": ["small-1", "large-1"],
    "created_at": "2026-11-25T16:40:00Z",
}


class ProviderKindOut(BaseModel):
    """A kind of provider that is installed here."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "compatible",
                    "title": "OpenAI-compatible",
                    "summary": "Any service that speaks the protocol.",
                    "settings_schema": {"type": "object", "properties": {"base_url": {"type": "string"}}},
                }
            ]
        }
    )

    key: str
    title: str
    summary: str
    settings_schema: dict[str, Any] = Field(description="JSON schema of `access`.")

    @classmethod
    def of(cls, kind: ProviderKind[Any]) -> Self:
        schema = kind.settings_type.model_json_schema()
        return cls(key=kind.key, title=kind.title, summary=kind.summary, settings_schema=schema)


class ProviderKindsOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": []}]})

    items: list[ProviderKindOut]


class ProviderProblem(BaseModel):
    code: str
    title: str
    detail: str
    remedy: str


class ProviderOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_PROVIDER, {**_PROVIDER, "problem": _PROBLEM}]})

    id: UUID
    name: str
    kind: str
    access: dict[str, Any] = Field(description="How it is reached; of a secret only that it is set.")
    is_enabled: bool = Field(description="Turned off, none of its models is asked.")
    at_once: int = Field(description="Calls that may be under way at the same time.")
    checked_at: datetime | None = Field(description="When its connection was last tested.")
    problem: ProviderProblem | None = Field(description="Why the last test failed; null: it did not.")
    offered: list[str] | None = Field(description="Names of the models that it offered when it was last asked.")
    created_at: datetime

    @classmethod
    def of(cls, row: Provider) -> Self:
        plain = {name: getattr(row, name) for name in cls.model_fields if name != "access"}
        return cls(**plain, access=selectors.access_shown(row))


class ProviderWanted(StrictModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Our own",
                    "kind": "compatible",
                    "access": {"base_url": "https://models.acme.example/v1", "key": "…"},
                    "at_once": 8,
                }
            ]
        }
    )

    name: str = Field(max_length=60)
    kind: str = Field(max_length=40, description="A key of `/api/v1/model-provider-kinds`.")
    access: dict[str, Any] = Field(default_factory=dict, description="As the `settings_schema` of its kind has it.")
    at_once: int = Field(default=8, ge=1, le=1000, description="Calls that may be under way at the same time.")


class ProviderChange(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"is_enabled": False}]})

    name: str | None = Field(default=None, max_length=60)
    access: dict[str, Any] | None = Field(
        default=None, description="A secret that is left out, or sent as it was shown, stays; not for another host."
    )
    at_once: int | None = Field(default=None, ge=1, le=1000)
    is_enabled: bool | None = None


class LanguageModelOut(ModelSettings):
    model_config = ConfigDict(json_schema_extra={"examples": [_MODEL]})

    id: UUID
    provider: UUID
    provider_name: str
    name: str = Field(description="As the provider calls it.")

    @classmethod
    def of(cls, row: LanguageModel) -> Self:
        values = {name: getattr(settings_of(row), name) for name in ModelSettings.model_fields}
        return cls(**values, id=row.pk, provider=row.provider_id, provider_name=row.provider.name, name=row.name)


class LanguageModelWanted(ModelSettings):
    model_config = ConfigDict(json_schema_extra={"examples": [_SETTINGS]})


class LanguageModelsWanted(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"names": ["small-1", "large-1"]}]})

    names: list[str] = Field(min_length=1, max_length=200, description="As the provider calls them.")
    settings: ModelSettings | None = Field(default=None, description="What all of them cost and take.")


class LanguageModelsOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_MODEL]}]})

    items: list[LanguageModelOut]


class ModelChoiceOut(BaseModel):
    """The models that are asked for an agent: the first one that answers."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"agent": "default", "models": [_ID], "names": ["small-1"]}]}
    )

    agent: str = Field(description="Key of the agent; `default` for every agent without models of its own.")
    models: list[UUID] = Field(description="In the order in which they are tried; none: it has no choice of its own.")
    names: list[str] = Field(description="What the models are called.")

    @classmethod
    def of(cls, agent: str, rows: Iterable[ModelChoice]) -> Self:
        chosen = list(rows)
        return cls(agent=agent, models=[row.model_id for row in chosen], names=[row.model.name for row in chosen])


class ModelChoicesOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [{"agent": "default", "models": [_ID], "names": ["small-1"]}]}]}
    )

    items: list[ModelChoiceOut]


class ModelChoiceWanted(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"models": [_ID]}]})

    models: list[UUID] = Field(max_length=10, description="In the order in which they are tried.")


class ModelPolicyOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"keeps_personal_data": True, "currency": "EUR"}]})

    keeps_personal_data: bool = Field(description="A call that may still hold personal data after masking is refused.")
    currency: str = Field(description="Of prices and budgets (ISO 4217).")

    @classmethod
    def of(cls, row: AiPolicy) -> Self:
        return cls(keeps_personal_data=row.keeps_personal_data, currency=row.currency)


class ModelPolicyWanted(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"keeps_personal_data": True, "currency": "EUR"}]})

    keeps_personal_data: bool
    currency: str = Field(pattern="^[A-Z]{3}$", description="Prices that are there are not converted.")


class ModelModeOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"is_analytic": True, "models": [], "text": "Everything works, and nothing is sent to a model."}
            ]
        }
    )

    is_analytic: bool = Field(description="Whether there is no model to ask.")
    models: list[str] = Field(description="That are asked for agents without models of their own, in their order.")
    text: str

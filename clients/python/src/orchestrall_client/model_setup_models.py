"""What the server tells of how models of language are set up, and of prompts, as frozen objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrall_client.models import Model


class ProviderKind(Model):
    """A kind of provider that is installed."""

    key: str
    title: str
    summary: str
    settings_schema: dict[str, Any]
    """JSON schema of `Provider.access`."""


class ProviderProblem(Model):
    """Why the last test of a connection failed."""

    code: str
    title: str
    detail: str
    remedy: str


class Provider(Model):
    """A service of models that is connected."""

    id: UUID
    name: str
    kind: str
    access: dict[str, Any]
    """How it is reached; of a secret only that it is set."""
    is_enabled: bool
    at_once: int
    checked_at: datetime | None
    problem: ProviderProblem | None
    """None: the last test did not fail."""
    offered: list[str] | None
    created_at: datetime


class LanguageModel(Model):
    """A model of a provider. Prices are for a million tokens, in the currency of the policy."""

    id: UUID
    provider: UUID
    provider_name: str
    name: str
    context: int
    longest_answer: int
    price_input: float
    price_cached: float | None
    """None: as other input."""
    price_output: float
    takes_tools: bool
    takes_schema: bool
    is_enabled: bool


class ModelChoice(Model):
    """Which models are asked for an agent, in the order in which they are tried."""

    agent: str
    """`default`: every agent without models of its own."""
    models: list[UUID]
    names: list[str]


class ModelPolicy(Model):
    """What holds for all models."""

    keeps_personal_data: bool
    currency: str


class ModelMode(Model):
    """Whether there is a model to ask."""

    is_analytic: bool
    models: list[str]
    text: str


class Words(Model):
    """The words of a prompt."""

    system: str
    user: str


class PromptVariable(Model):
    """What a prompt is told each time: `{name}` in its words."""

    name: str
    about: str
    is_needed: bool


class Prompt(Model):
    """A prompt with the words that hold now."""

    key: str
    title: str
    summary: str
    version: str
    words: Words
    variables: list[PromptVariable]
    draft: Words | None
    seq: int


class PromptVersion(Model):
    """Words that were published."""

    number: int
    words: Words
    note: str
    published_by: str | None
    published_at: datetime | None

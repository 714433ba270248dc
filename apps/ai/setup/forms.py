"""What a person enters of a provider or a model: fields from the settings that its kind declares, and a few more."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.http import QueryDict

from apps.ai.contract import ProviderKind
from apps.ai.models import LanguageModel, Provider
from apps.ai.setup.schemas import ModelSettings
from apps.ai.setup.selectors import access_shown
from apps.common.errors import InvalidInput, Problem
from apps.console.schemaforms import SchemaForm

ACCESS: Final = "access"
MODEL: Final = "model"


class ProviderForm:
    """A provider while it is entered."""

    def __init__(self, kind: ProviderKind[Any], schema: SchemaForm, *, name: str, at_once: str, seen: int = 0) -> None:
        self.kind, self.schema, self.name, self.at_once, self.seen = kind, schema, name, at_once, seen
        self.problem: Problem | None = None
        self.wrong: dict[str, str] = {}
        """What is wrong with the fields that every provider has, by name."""

    @classmethod
    def new(cls, kind: ProviderKind[Any]) -> ProviderForm:
        return cls(kind, SchemaForm(kind.settings_type, {}, root=ACCESS), name=kind.title[:60], at_once="8")

    @classmethod
    def of(cls, kind: ProviderKind[Any], provider: Provider) -> ProviderForm:
        """The form on what holds now."""
        schema = SchemaForm(kind.settings_type, {}, root=ACCESS, base=access_shown(provider), held=provider.access)
        return cls(kind, schema, name=provider.name, at_once=str(provider.at_once), seen=provider.seq)

    @classmethod
    def posted(cls, kind: ProviderKind[Any], data: QueryDict, provider: Provider | None = None) -> ProviderForm:
        """The form as a person sent it. A secret that they left empty is the one that holds."""
        schema = SchemaForm(
            kind.settings_type, _below(data, ACCESS), root=ACCESS, held=provider.access if provider else None
        )
        seen = _number(data.get("seen", "")) or 0
        return cls(kind, schema, name=data.get("name", ""), at_once=data.get("at_once", ""), seen=seen)

    def values(self) -> dict[str, Any]:
        """What services take. Raises `InvalidInput` for what cannot be read."""
        return {"name": self.name, "at_once": _number(self.at_once) or 0, "access": self.schema.data()}

    def refused(self, problem: Problem) -> None:
        """Show what is wrong beside what was entered."""
        self.problem = problem
        self.schema.refused(issue for issue in problem.issues if issue.path not in {"name", "at_once"})
        self.wrong = {issue.path: issue.message for issue in problem.issues if issue.path in {"name", "at_once"}}


class ModelForm:
    """What a model costs and takes, while it is entered."""

    def __init__(self, schema: SchemaForm) -> None:
        self.schema = schema
        self.problem: Problem | None = None

    @classmethod
    def of(cls, model: LanguageModel) -> ModelForm:
        return cls(SchemaForm(ModelSettings, {}, root=MODEL, base=settings_of(model).model_dump(mode="json")))

    @classmethod
    def posted(cls, data: QueryDict) -> ModelForm:
        return cls(SchemaForm(ModelSettings, _below(data, MODEL), root=MODEL))

    def settings(self) -> ModelSettings:
        """Raises `InvalidInput` with an issue for each field."""
        from pydantic import ValidationError

        try:
            return ModelSettings.model_validate(self.schema.data())
        except ValidationError as error:
            raise InvalidInput.from_pydantic(error, path=MODEL) from error

    def refused(self, problem: Problem) -> None:
        self.problem = problem
        self.schema.refused(problem.issues)


def settings_of(model: LanguageModel) -> ModelSettings:
    """What is entered of a model, as it holds now."""
    return ModelSettings.model_construct(**{name: getattr(model, name) for name in ModelSettings.model_fields})


def is_counted(model: LanguageModel) -> bool:
    """Whether its calls cost anything by its prices."""
    return bool(model.price_input or model.price_output or model.price_cached or Decimal(0))


def _below(data: Mapping[str, Any], root: str) -> dict[str, str]:
    return {name: str(data[name]) for name in data if name.startswith(f"{root}.")}


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() and len(text.strip()) < 10 else None

"""Providers of models, their models, choices and what holds for all, over the API."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.ai.contract import PROVIDER_KINDS
from apps.ai.models import ModelChoice
from apps.ai.permissions import MODELS_MANAGE, MODELS_VIEW
from apps.ai.setup import selectors, services
from apps.ai.setup.api_schemas import (
    LanguageModelOut,
    LanguageModelsOut,
    LanguageModelsWanted,
    LanguageModelWanted,
    ModelChoiceOut,
    ModelChoicesOut,
    ModelChoiceWanted,
    ModelModeOut,
    ModelPolicyOut,
    ModelPolicyWanted,
    ProviderChange,
    ProviderKindOut,
    ProviderKindsOut,
    ProviderOut,
    ProviderWanted,
)
from apps.common.errors import Conflict, NotFound
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page

DEFAULT = "default"
AGENT = OpenApiParameter(
    "agent",
    {"type": "string", "maxLength": 100, "examples": [DEFAULT]},
    OpenApiParameter.PATH,
    description="Key of an agent, or `default` for every agent without models of its own.",
)


class Kinds(ApiView):
    permission = {"GET": MODELS_VIEW}

    @extend_schema(operation_id="model_provider_kinds_list", tags=["models"], responses={200: ProviderKindsOut})
    def get(self, request: Request) -> Response:
        """The kinds of providers that are installed here, with the schema of what each needs."""
        return self.answer(ProviderKindsOut(items=[ProviderKindOut.of(kind) for kind in PROVIDER_KINDS]))


class Providers(ApiView):
    permission = {"GET": MODELS_VIEW, "POST": MODELS_MANAGE}
    problems = {"POST": [Conflict, NotFound]}

    @extend_schema(
        operation_id="model_providers_list",
        tags=["models"],
        parameters=PAGE_PARAMETERS,
        responses={200: Page[ProviderOut]},
    )
    def get(self, request: Request) -> Response:
        """The providers that are connected, newest first."""
        return self.page(selectors.providers_query(who=self.who), ProviderOut.of)

    @extend_schema(
        operation_id="model_provider_create",
        tags=["models"],
        parameters=[location("the provider", 201)],
        request=ProviderWanted,
        responses={201: OpenApiResponse(ProviderOut, description="Made.")},
    )
    def post(self, request: Request) -> Response:
        """Connect a provider. It is not reached by this: test it, then add the models that agents may ask."""
        wanted = self.body(ProviderWanted)
        row = services.provider_create(who=self.who, user=self.who.user, **wanted.model_dump())
        return self.answer(ProviderOut.of(row), 201, Location=f"{request.path}/{row.pk}")


class ProviderOne(ApiView):
    permission = {"GET": MODELS_VIEW, "PATCH": MODELS_MANAGE, "DELETE": MODELS_MANAGE}
    problems = {"PATCH": [Conflict]}

    @extend_schema(operation_id="model_provider_get", tags=["models"], responses={200: ProviderOut})
    def get(self, request: Request, provider: UUID) -> Response:
        """One provider. Its secrets are not shown."""
        return self.answer(ProviderOut.of(selectors.provider_get(who=self.who, id=provider)))

    @extend_schema(
        operation_id="model_provider_change", tags=["models"], request=ProviderChange, responses={200: ProviderOut}
    )
    def patch(self, request: Request, provider: UUID) -> Response:
        """Change what is given; what is left out stays."""
        wanted = self.body(ProviderChange)
        with transaction.atomic():
            row = selectors.provider_get(who=self.who, id=provider, lock=True)
            self.require_match(ProviderOut.of(row))
            row = services.provider_change(who=self.who, provider=row, **wanted.model_dump())
            return self.answer(ProviderOut.of(row))

    @extend_schema(operation_id="model_provider_delete", tags=["models"], responses={204: None})
    def delete(self, request: Request, provider: UUID) -> Response:
        """Delete a provider with its models, out of every choice too. What was spent stays in the ledger."""
        with transaction.atomic():
            row = selectors.provider_get(who=self.who, id=provider, lock=True)
            self.require_match(ProviderOut.of(row))
            services.provider_delete(who=self.who, provider=row)
        return Response(status=204)


class ProviderTest(ApiView):
    permission = {"POST": MODELS_MANAGE}

    @extend_schema(operation_id="model_provider_test", tags=["models"], request=None, responses={200: ProviderOut})
    def post(self, request: Request, provider: UUID) -> Response:
        """Ask a provider which models it offers. What comes of it is in `problem` and `offered`."""
        row = selectors.provider_get(who=self.who, id=provider)
        services.provider_test(who=self.who, provider=row)
        return self.answer(ProviderOut.of(selectors.provider_get(who=self.who, id=provider)))


class ProviderModels(ApiView):
    permission = {"POST": MODELS_MANAGE}

    @extend_schema(
        operation_id="language_models_add",
        tags=["models"],
        request=LanguageModelsWanted,
        responses={200: LanguageModelsOut},
    )
    def post(self, request: Request, provider: UUID) -> Response:
        """Add models of a provider by the names that it has for them. One that is there already stays as it is."""
        row, wanted = selectors.provider_get(who=self.who, id=provider), self.body(LanguageModelsWanted)
        made = services.models_add(who=self.who, provider=row, names=wanted.names, settings=wanted.settings)
        return self.answer(LanguageModelsOut(items=[LanguageModelOut.of(model) for model in made]))


class Models(ApiView):
    permission = {"GET": MODELS_VIEW}

    @extend_schema(
        operation_id="language_models_list",
        tags=["models"],
        parameters=PAGE_PARAMETERS,
        responses={200: Page[LanguageModelOut]},
    )
    def get(self, request: Request) -> Response:
        """The models of all providers, newest first."""
        return self.page(selectors.models_query(who=self.who), LanguageModelOut.of)


class ModelOne(ApiView):
    permission = {"GET": MODELS_VIEW, "PUT": MODELS_MANAGE, "DELETE": MODELS_MANAGE}

    @extend_schema(operation_id="language_model_get", tags=["models"], responses={200: LanguageModelOut})
    def get(self, request: Request, model: UUID) -> Response:
        """What a model costs, and how much it takes."""
        return self.answer(LanguageModelOut.of(selectors.model_get(who=self.who, id=model)))

    @extend_schema(
        operation_id="language_model_save",
        tags=["models"],
        request=LanguageModelWanted,
        responses={200: LanguageModelOut},
    )
    def put(self, request: Request, model: UUID) -> Response:
        """Say what a model costs and takes, from now on. What was spent stays as it was counted."""
        wanted = self.body(LanguageModelWanted)
        with transaction.atomic():
            row = selectors.model_get(who=self.who, id=model, lock=True)
            self.require_match(LanguageModelOut.of(row))
            services.model_change(who=self.who, model=row, settings=wanted)
            return self.answer(LanguageModelOut.of(row))

    @extend_schema(operation_id="language_model_delete", tags=["models"], responses={204: None})
    def delete(self, request: Request, model: UUID) -> Response:
        """Take a model out, of every choice too."""
        with transaction.atomic():
            row = selectors.model_get(who=self.who, id=model, lock=True)
            self.require_match(LanguageModelOut.of(row))
            services.model_delete(who=self.who, model=row)
        return Response(status=204)


class Choices(ApiView):
    permission = {"GET": MODELS_VIEW}

    @extend_schema(operation_id="model_choices_list", tags=["models"], responses={200: ModelChoicesOut})
    def get(self, request: Request) -> Response:
        """Which models are asked for whom: by default, and for agents with models of their own."""
        found: dict[str, list[ModelChoice]] = {"": []}
        for row in selectors.choices_query(who=self.who):
            found.setdefault(row.agent_key, []).append(row)
        return self.answer(
            ModelChoicesOut(items=[ModelChoiceOut.of(key or DEFAULT, rows) for key, rows in found.items()])
        )


class ChoiceOne(ApiView):
    permission = {"GET": MODELS_VIEW, "PUT": MODELS_MANAGE}
    problems = {"PUT": [Conflict]}

    @extend_schema(
        operation_id="model_choice_get", tags=["models"], parameters=[AGENT], responses={200: ModelChoiceOut}
    )
    def get(self, request: Request, agent: str) -> Response:
        """The models that are asked for an agent; none: those of `default`."""
        return self.answer(self._held(agent))

    @extend_schema(
        operation_id="model_choice_save",
        tags=["models"],
        parameters=[AGENT],
        request=ModelChoiceWanted,
        responses={200: ModelChoiceOut},
    )
    def put(self, request: Request, agent: str) -> Response:
        """Choose the models that are asked for an agent, in their order. None: those of `default` are."""
        wanted = self.body(ModelChoiceWanted)
        with transaction.atomic():
            self.require_match(self._held(agent))
            services.choices_save(who=self.who, agent_key=_key(agent), models=wanted.models)
            return self.answer(self._held(agent))

    def _held(self, agent: str) -> ModelChoiceOut:
        return ModelChoiceOut.of(agent, selectors.choices_query(who=self.who, agent_key=_key(agent)))


def _key(agent: str) -> str:
    return "" if agent == DEFAULT else agent


class Policy(ApiView):
    permission = {"GET": MODELS_VIEW, "PUT": MODELS_MANAGE}

    @extend_schema(operation_id="model_policy_get", tags=["models"], responses={200: ModelPolicyOut})
    def get(self, request: Request) -> Response:
        """What holds for all models."""
        return self.answer(ModelPolicyOut.of(selectors.policy_get(who=self.who)))

    @extend_schema(
        operation_id="model_policy_save", tags=["models"], request=ModelPolicyWanted, responses={200: ModelPolicyOut}
    )
    def put(self, request: Request) -> Response:
        """Say what holds for all models."""
        wanted = self.body(ModelPolicyWanted)
        with transaction.atomic():
            self.require_match(ModelPolicyOut.of(selectors.policy_get(who=self.who, lock=True)))
            row = services.policy_save(who=self.who, user=self.who.user, **wanted.model_dump())
            return self.answer(ModelPolicyOut.of(row))


class ModeNow(ApiView):
    permission = {"GET": MODELS_VIEW}

    @extend_schema(operation_id="model_mode_get", tags=["models"], responses={200: ModelModeOut})
    def get(self, request: Request) -> Response:
        """Whether there is a model to ask, for agents without models of their own."""
        mode = selectors.mode()
        return self.answer(ModelModeOut(is_analytic=mode.is_analytic, models=list(mode.models), text=mode.text))

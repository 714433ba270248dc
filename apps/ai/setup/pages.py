"""Console pages of models: how they stand, providers by form, choices, and what holds for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from apps.ai.budgets.words import money
from apps.ai.contract import PROVIDER_KINDS
from apps.ai.models import LanguageModel, Provider
from apps.ai.permissions import MODELS_MANAGE, MODELS_USE, MODELS_VIEW
from apps.ai.setup import connecting, selectors, services
from apps.ai.setup.connecting import Tried
from apps.ai.setup.forms import ModelForm, ProviderForm, is_counted
from apps.common.errors import InvalidInput, NotFound, Problem
from apps.common.permissions import Principal
from apps.console.schemaforms import EDIT
from apps.console.views import ConsoleView

MODELS = "ai:models"


class ModelsView(ConsoleView):
    """Shows how models stand here: providers, choices, policy, and a box to try one."""

    permission: ClassVar[str | Mapping[str, str]]
    page_title = "Models"

    def show(self, *, problem: Problem | None = None, tried: Tried | None = None, asked: str = "") -> HttpResponse:
        setup = selectors.setup_get(who=self.who)
        own = {choice.agent_key for choice in setup.own}
        context = {
            "setup": setup,
            "mode": selectors.mode(),
            "providers": [(each, services.kind_title(each)) for each in setup.providers],
            "uncounted": [model for model in setup.models if model.is_enabled and not is_counted(model)],
            "choices": [setup.default, *setup.own],
            "other_askers": [asker for key, asker in setup.askers.items() if key not in own],
            "problem": problem,
            "tried": tried,
            "spent": money(tried.spent.money, tried.spent.currency) if tried else "",
            "asked": asked or (tried.asked if tried else "Say in one sentence what you are."),
            "can_manage": self.who.can(MODELS_MANAGE),
            "can_use": self.who.can(MODELS_USE),
        }
        return self.page("ai/setup/models.html", context, status=problem.status if problem else 200)


class ModelsPage(ModelsView):
    permission = MODELS_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show()


class ModelTry(ModelsView):
    """A short message to one model."""

    permission = {"POST": MODELS_USE}

    def post(self, request: HttpRequest) -> HttpResponse:
        text = request.POST.get("text", "")
        try:
            model = selectors.model_get(who=self.who, id=_id(request.POST.get("model", "")))
            tried = connecting.model_try(who=self.who, user_id=self.user.pk, model=model, text=text)
        except InvalidInput as problem:
            return self.show(problem=problem, asked=text)
        return self.show(tried=tried)


class ChoiceChange(ConsoleView):
    """Move the models of an agent, add one, or leave one out."""

    permission = {"POST": MODELS_MANAGE}

    def post(self, request: HttpRequest) -> HttpResponse:
        key, model, do = (request.POST.get(name, "") for name in ("agent", "model", "do"))
        if do == "add":
            selectors.model_get(who=self.who, id=_id(model))
        rows = selectors.choices_query(who=self.who, agent_key=key)
        ids = changed([row.model_id for row in rows], do, model)
        try:
            services.choices_save(who=self.who, agent_key=key, models=ids)
        except Problem as problem:
            _tell(request, problem)
        return redirect(f"{reverse(MODELS)}#choices")


def changed(ids: list[UUID], do: str, model: str) -> list[UUID]:
    """The models in their new order: ``add``, ``up 1``, ``down 0``, ``remove 2`` as the buttons say."""
    verb, _, place = do.partition(" ")
    at = int(place) if place.isdecimal() and len(place) < 3 else -1
    if verb == "add":
        return [*ids, UUID(model)]
    if not 0 <= at < len(ids):
        return ids
    if verb == "remove":
        return ids[:at] + ids[at + 1 :]
    other = at + {"up": -1, "down": 1}.get(verb, 0)
    if 0 <= other < len(ids):
        ids[at], ids[other] = ids[other], ids[at]
    return ids


class PolicyChange(ConsoleView):
    permission = {"POST": MODELS_MANAGE}

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            services.policy_save(
                who=self.who,
                user=self.user,
                keeps_personal_data=request.POST.get("keeps_personal_data") == "1",
                currency=request.POST.get("currency", ""),
            )
            messages.success(request, "What holds for all models is stored.")
        except Problem as problem:
            _tell(request, problem)
        return redirect(f"{reverse(MODELS)}#policy")


class ProviderNew(ConsoleView):
    """Choose a kind, then fill in what it needs. Saving tests the connection, and keeps it whatever comes of that."""

    permission = MODELS_MANAGE
    page_title = "Connect a provider"

    def get(self, request: HttpRequest) -> HttpResponse:
        key = request.GET.get("kind", "")
        if key in PROVIDER_KINDS:
            return self._show(ProviderForm.new(PROVIDER_KINDS[key]))
        return self.page("ai/setup/provider_kinds.html", {"kinds": list(PROVIDER_KINDS)})

    def post(self, request: HttpRequest) -> HttpResponse:
        kind = selectors.kind_get(who=self.who, key=request.POST.get("kind", ""))
        form = ProviderForm.posted(kind, request.POST)
        try:
            if EDIT in request.POST:
                form.schema.edit(request.POST[EDIT])
                return self._show(form)
            made = services.provider_create(who=self.who, user=self.user, kind=kind.key, **form.values())
        except Problem as problem:
            form.refused(problem)
            return self._show(form, status=problem.status)
        _test(self, made)
        return redirect("ai:provider", provider=made.pk)

    def _show(self, form: ProviderForm, status: int = 200) -> HttpResponse:
        self.page_title = f"Connect {form.kind.title}"
        return self.page("ai/setup/provider_new.html", {"form": form, "kind": form.kind}, status=status)


class ProviderPage(ConsoleView):
    permission = {"GET": MODELS_VIEW, "POST": MODELS_MANAGE}

    def get(self, request: HttpRequest, provider: UUID) -> HttpResponse:
        row = selectors.provider_get(who=self.who, id=provider)
        kind = PROVIDER_KINDS.get(row.kind)
        return self._show(row, ProviderForm.of(kind, row) if kind else None)

    def post(self, request: HttpRequest, provider: UUID) -> HttpResponse:
        row = selectors.provider_get(who=self.who, id=provider)
        kind = selectors.kind_get(who=self.who, key=row.kind)
        form = ProviderForm.posted(kind, request.POST, row)
        try:
            if EDIT in request.POST:
                form.schema.edit(request.POST[EDIT])
                return self._show(row, form)
            row = services.provider_change(who=self.who, provider=row, seen=form.seen or None, **form.values())
        except Problem as problem:
            form.refused(problem)
            return self._show(row, form, status=problem.status)
        _test(self, row)
        return redirect("ai:provider", provider=row.pk)

    def _show(self, row: Provider, form: ProviderForm | None, status: int = 200) -> HttpResponse:
        self.page_title = row.name
        models = list(selectors.models_query(who=self.who, provider=row))
        known, currency = {model.name for model in models}, selectors.policy_get(who=self.who).currency
        context = {
            "provider": row,
            "form": form,
            "kind_title": services.kind_title(row),
            "models": [(model, _prices(model, currency)) for model in models],
            "offered": [name for name in row.offered or [] if name not in known],
            "has_default": _has_default(self.who),
            "can_manage": self.who.can(MODELS_MANAGE),
        }
        return self.page("ai/setup/provider.html", context, status=status)


class ProviderTest(ConsoleView):
    permission = {"POST": MODELS_MANAGE}

    def post(self, request: HttpRequest, provider: UUID) -> HttpResponse:
        row = selectors.provider_get(who=self.who, id=provider)
        _test(self, row)
        return redirect("ai:provider", provider=row.pk)


class ProviderTurn(ConsoleView):
    """Turn a provider off or on: off, none of its models is asked."""

    permission = {"POST": MODELS_MANAGE}

    def post(self, request: HttpRequest, provider: UUID) -> HttpResponse:
        row = selectors.provider_get(who=self.who, id=provider)
        on = request.POST.get("on") == "1"
        services.provider_change(who=self.who, provider=row, is_enabled=on)
        messages.success(request, f"{row.name} is turned {'on' if on else 'off: none of its models is asked'}.")
        return redirect("ai:provider", provider=row.pk)


class ProviderDelete(ConsoleView):
    permission = MODELS_MANAGE

    def get(self, request: HttpRequest, provider: UUID) -> HttpResponse:
        row = selectors.provider_get(who=self.who, id=provider)
        self.page_title = f"Delete {row.name}"
        models = list(selectors.models_query(who=self.who, provider=row))
        chosen = [each for each in selectors.choices_query(who=self.who) if each.model.provider_id == row.pk]
        agents = {each.agent_key for each in chosen}
        return self.page("ai/setup/provider_delete.html", {"provider": row, "models": models, "agents": agents})

    def post(self, request: HttpRequest, provider: UUID) -> HttpResponse:
        row = selectors.provider_get(who=self.who, id=provider)
        services.provider_delete(who=self.who, provider=row)
        messages.success(request, f"{row.name} is deleted with its models.")
        return redirect(MODELS)


class ModelsAdd(ConsoleView):
    """Add models that the provider offered, or one by its name; and have every agent ask the first of them."""

    permission = {"POST": MODELS_MANAGE}

    def post(self, request: HttpRequest, provider: UUID) -> HttpResponse:
        row = selectors.provider_get(who=self.who, id=provider)
        names = [name for name in [*request.POST.getlist("names"), request.POST.get("name", "")] if name.strip()]
        try:
            made = services.models_add(who=self.who, provider=row, names=names)
            names_told = ", ".join(model.name for model in made)
            told = f"{names_told} can be chosen now. Cost is not counted until you set prices."
            if request.POST.get("choose") == "1" and not _has_default(self.who):
                services.choices_save(who=self.who, agent_key="", models=[made[0].pk])
                told += f" Every agent asks {made[0].name} from now on."
            messages.success(request, told)
        except Problem as problem:
            _tell(request, problem)
        return redirect(f"{reverse('ai:provider', args=[row.pk])}#models")


class ModelPage(ConsoleView):
    permission = {"GET": MODELS_VIEW, "POST": MODELS_MANAGE}

    def get(self, request: HttpRequest, model: UUID) -> HttpResponse:
        row = selectors.model_get(who=self.who, id=model)
        return self._show(row, ModelForm.of(row))

    def post(self, request: HttpRequest, model: UUID) -> HttpResponse:
        row = selectors.model_get(who=self.who, id=model)
        form = ModelForm.posted(request.POST)
        try:
            services.model_change(who=self.who, model=row, settings=form.settings())
        except Problem as problem:
            form.refused(problem)
            return self._show(row, form, status=problem.status)
        messages.success(request, f"{row.name} is stored.")
        return redirect("ai:provider", provider=row.provider_id)

    def _show(self, row: LanguageModel, form: ModelForm, status: int = 200) -> HttpResponse:
        self.page_title = row.name
        context: dict[str, Any] = {
            "model": row,
            "form": form,
            "is_counted": is_counted(row),
            "currency": selectors.policy_get(who=self.who).currency,
            "can_manage": self.who.can(MODELS_MANAGE),
        }
        return self.page("ai/setup/model.html", context, status=status)


class ModelDelete(ConsoleView):
    permission = {"POST": MODELS_MANAGE}

    def post(self, request: HttpRequest, model: UUID) -> HttpResponse:
        row = selectors.model_get(who=self.who, id=model)
        services.model_delete(who=self.who, model=row)
        messages.success(request, f"{row.name} is taken out. Add it again by its name.")
        return redirect("ai:provider", provider=row.provider_id)


def _test(view: ConsoleView, provider: Provider) -> None:
    """Test a connection, and tell what came of it in a word; the page tells the rest."""
    tested = services.provider_test(who=view.who, provider=provider)
    if tested.problem:
        messages.error(view.request, f"{provider.name} is stored, and its connection failed: {tested.problem.detail}")
    else:
        count = len(tested.models)
        messages.success(
            view.request, f"{provider.name} was reached. It offers {count} model{'' if count == 1 else 's'}."
        )


def _prices(model: LanguageModel, currency: str) -> str:
    """What a million tokens cost, in words; "" where nothing is counted."""
    if not is_counted(model):
        return ""
    return f"{money(model.price_input, currency)} in, {money(model.price_output, currency)} out for a million"


def _has_default(who: Principal) -> bool:
    """Whether models are chosen for every agent."""
    return selectors.choices_query(who=who, agent_key="").exists()


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such model here.", remedy="Choose one of the list.") from None


def _tell(request: HttpRequest, problem: Problem) -> None:
    told = " ".join(issue.message for issue in problem.issues) or problem.remedy
    messages.error(request, f"{problem.detail} {told}".strip())

"""Console pages of models that are trained here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from apps.ai.models import TrainedModel
from apps.ai.permissions import MODELS_VIEW, TRAINING_RUN
from apps.ai.training import live, selectors, services
from apps.ai.training.contract import Gain, Metric
from apps.ai.training.selectors import AnyTrainable
from apps.common.errors import Conflict, InvalidInput, Issue, Problem
from apps.common.widgets import TableWidget, Widget
from apps.console.schemaforms import SchemaForm
from apps.console.tables import TableView
from apps.console.views import ConsoleView
from apps.datasets import selectors as datasets

OPTIONS = "options"


@dataclass(frozen=True)
class Listed:
    """A version with what it was judged by."""

    row: TrainedModel
    metric: Metric | None
    gain: Gain | None

    @classmethod
    def of(cls, row: TrainedModel) -> Listed:
        judged = selectors.judged_of(row)
        return cls(row, judged.metrics[0] if judged and judged.metrics else None, judged.gain if judged else None)


@dataclass(frozen=True)
class Offered:
    """What can be trained, with the number of the version in use; 0: none is."""

    trainable: AnyTrainable
    in_use: int


class TrainableList(ConsoleView):
    permission = MODELS_VIEW
    page_title = "Trained models"

    def get(self, request: HttpRequest) -> HttpResponse:
        trainables = selectors.trainables_list(who=self.who)
        in_use = selectors.versions_of(selectors.promoted_of([each.key for each in trainables]))
        offered = [Offered(each, in_use.get(each.key, 0)) for each in trainables]
        return self.page("ai/training/list.html", {"offered": offered})


class TrainablePage(ConsoleView):
    """What is trained: its versions, and the form that trains the next one."""

    permission = {"GET": MODELS_VIEW, "POST": TRAINING_RUN}

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        trainable = selectors.trainable_get(who=self.who, key=kind)
        form = SchemaForm(trainable.options_type, {}, root=OPTIONS)
        return self._show(trainable, form, {"dataset": request.GET.get("dataset", ""), "note": ""})

    def post(self, request: HttpRequest, kind: str) -> HttpResponse:
        trainable = selectors.trainable_get(who=self.who, key=kind)
        sent = {name: str(value) for name, value in request.POST.dict().items()}
        values = {name: value for name, value in sent.items() if name.startswith(f"{OPTIONS}.")}
        form = SchemaForm(trainable.options_type, values, root=OPTIONS)
        entered = {"dataset": sent.get("dataset", ""), "note": sent.get("note", "")}
        try:
            row = services.training_start(
                who=self.who, user=self.user, trainable=trainable, dataset=_dataset(entered["dataset"]),
                options=form.data(), note=entered["note"],
            )  # fmt: skip
        except Problem as problem:
            form.refused(problem.issues)
            return self._show(trainable, form, entered, problem)
        return redirect("ai:trained", kind=kind, trained=row.pk)

    def _show(
        self, trainable: AnyTrainable, form: SchemaForm, entered: dict[str, str], problem: Problem | None = None
    ) -> HttpResponse:
        self.page_title = trainable.title
        rows = list(selectors.trained_query(who=self.who, key=trainable.key)[: selectors.KEPT])
        context = {
            "trainable": trainable,
            "form": form,
            "entered": entered,
            "problem": problem,
            "versions": [Listed.of(row) for row in rows],
            "in_use": next((row for row in rows if row.is_promoted), None),
            "datasets": datasets.datasets_recent(who=self.who),
            "can_train": self.who.can(TRAINING_RUN),
        }
        return self.page("ai/training/trainable.html", context, status=problem.status if problem else 200)


def _dataset(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        issues = [Issue(path="dataset", message="Choose a dataset.")]
        raise InvalidInput("No data was chosen; nothing was started.", issues=issues) from error


class ShowsTrained(ConsoleView):
    """Shows one version: how it was judged, beside another one where that is asked for, and what was learned."""

    permission: ClassVar[str | Mapping[str, str]] = MODELS_VIEW

    def show(self, kind: str, trained: UUID, problem: Problem | None = None) -> HttpResponse:
        trainable = selectors.trainable_get(who=self.who, key=kind)
        row = selectors.trained_get(who=self.who, trainable=trainable, id=trained)
        others = [
            each
            for each in selectors.trained_query(who=self.who, key=kind)[: selectors.KEPT]
            if each.pk != row.pk and each.status == TrainedModel.Status.TRAINED
        ]
        against = next((each for each in others if str(each.pk) == self.request.GET.get("against")), None)
        self.page_title = f"{trainable.title}, version {row.number}"
        context = {
            "trainable": trainable,
            "row": row,
            "problem": problem,
            "judged": selectors.judged_of(row),
            "options": services.TrainingInput.model_validate(row.input).options,
            "widgets": self._widgets(trainable, row),
            "others": others,
            "against": against,
            "against_judged": selectors.judged_of(against) if against else None,
            "is_old": row.kind_version != trainable.version,
            "can_train": self.who.can(TRAINING_RUN),
        }
        return self.page("ai/training/trained.html", context, status=problem.status if problem else 200)

    def _widgets(self, trainable: AnyTrainable, row: TrainedModel) -> list[Widget | TableView]:
        if row.parameters is None or row.kind_version != trainable.version:
            return []
        widgets = trainable.present(trainable.parameters_type.model_validate(row.parameters))
        return [TableView(each, self.request) if isinstance(each, TableWidget) else each for each in widgets]


class TrainedPage(ShowsTrained):
    permission = {"GET": MODELS_VIEW}

    def get(self, request: HttpRequest, kind: str, trained: UUID) -> HttpResponse:
        return self.show(kind, trained)


class TrainedSnapshot(ConsoleView):
    """The training's state as the socket tells it."""

    permission = MODELS_VIEW

    def get(self, request: HttpRequest, kind: str, trained: UUID) -> HttpResponse:
        trainable = selectors.trainable_get(who=self.who, key=kind)
        return JsonResponse(live.event(selectors.trained_get(who=self.who, trainable=trainable, id=trained)))


class TrainingStop(ConsoleView):
    permission = {"POST": TRAINING_RUN}

    def post(self, request: HttpRequest, kind: str, trained: UUID) -> HttpResponse:
        trainable = selectors.trainable_get(who=self.who, key=kind)
        row = selectors.trained_get(who=self.who, trainable=trainable, id=trained)
        try:
            services.training_stop(who=self.who, row=row)
            messages.success(request, "The training is being stopped." if row.is_open else "The training is stopped.")
        except Conflict as problem:
            messages.info(request, problem.detail)
        return redirect("ai:trained", kind=kind, trained=trained)


class TrainedPromote(ShowsTrained):
    permission = {"POST": TRAINING_RUN}

    def post(self, request: HttpRequest, kind: str, trained: UUID) -> HttpResponse:
        trainable = selectors.trainable_get(who=self.who, key=kind)
        try:
            row = services.trained_promote(
                who=self.who, user=self.user, trainable=trainable, id=trained, reason=request.POST.get("reason", "")
            )
        except Problem as problem:
            return self.show(kind, trained, problem)
        messages.success(request, f"Version {row.number} is in use, from the next run of its agent.")
        return redirect("ai:trained", kind=kind, trained=trained)


class TrainedRetire(ConsoleView):
    permission = {"POST": TRAINING_RUN}

    def post(self, request: HttpRequest, kind: str) -> HttpResponse:
        trainable = selectors.trainable_get(who=self.who, key=kind)
        try:
            services.trained_retire(who=self.who, trainable=trainable)
            messages.success(request, "No version is in use any more: the agent works as it does without.")
        except Conflict as problem:
            messages.info(request, problem.detail)
        return redirect("ai:trainable", kind=kind)


class TrainedDelete(ConsoleView):
    permission = {"POST": TRAINING_RUN}

    def post(self, request: HttpRequest, kind: str, trained: UUID) -> HttpResponse:
        trainable = selectors.trainable_get(who=self.who, key=kind)
        try:
            services.trained_delete(who=self.who, trainable=trainable, id=trained)
            messages.success(request, "The version is deleted.")
        except Conflict as problem:
            messages.info(request, problem.detail)
            return redirect("ai:trained", kind=kind, trained=trained)
        return redirect("ai:trainable", kind=kind)

"""Writes to trained models: started, carried out in the background, stopped, promoted, rolled back, deleted."""

from __future__ import annotations

import json
import logging
import time
from typing import Any, Final
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Max
from django.utils import timezone
from pydantic import BaseModel, ValidationError

from apps.accounts.models import User
from apps.ai import auditing
from apps.ai.models import TrainedModel
from apps.ai.permissions import TRAINING_RUN
from apps.ai.training import live, selectors
from apps.ai.training.contract import TRAINABLES, Trained, TrainingContext, TrainingStopped
from apps.ai.training.selectors import AnyTrainable, Judged
from apps.audit.services import Subject, record
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound, Problem
from apps.common.permissions import Principal, demand
from apps.datasets import selectors as datasets
from apps.tenants.context import current_schema
from apps.tenants.fields import sealed_for
from apps.tenants.sealing import KeysUnavailable

logger = logging.getLogger(__name__)

KIND: Final = "ai.train"
PROGRESS_EVERY: Final = 0.5
LARGEST: Final = 1024 * 1024
"""Bytes of parameters, as JSON."""
Status = TrainedModel.Status


class TrainingFailed(Problem):
    code, status, title = "training_failed", 500, "The training met an error of its own"
    cause = "The training's program failed in a way that it did not foresee. The server's log has it under its id."
    effect = "No version was made; what is in use stays in use."
    remedy = "Train it on other data; if it fails again, tell the operator the number of the version."


class TrainingAbandoned(Problem):
    code, status, title = "training_abandoned", 500, "The training was given up"
    cause = "Every worker that took it up was lost with it: killed, out of memory, or stopped."
    effect = "No version was made; what is in use stays in use."
    remedy = "Requeue it, or train on less data."


class NotSurelyBetter(Problem):
    code, status, title = "not_surely_better", 409, "The version is not surely better than none"
    cause = "On data that it did not see, the gain of the version may be chance, or it is a loss."
    effect = "It was not promoted; what is in use stays in use."
    remedy = "Train it on more data; or say in `reason` why it is to be used all the same."


class TrainingInput(BaseModel):
    """What a training is of, as it is stored in `TrainedModel.input`."""

    dataset: UUID
    options: dict[str, Any] = {}


def training_start(
    *,
    who: Principal,
    user: User | None,
    trainable: AnyTrainable,
    dataset: UUID,
    options: dict[str, Any],
    note: str = "",
) -> TrainedModel:
    """Train the next version on a dataset, in the background.

    Raises `InvalidInput` for options that it does not take, `NotFound` for a dataset that is not there, and `Conflict`
    while another training of it is under way.
    """
    demand(who, TRAINING_RUN)
    parsed = _options(trainable, options)
    table = datasets.dataset_get(who=who, id=dataset)
    with transaction.atomic():
        _one_at_a_time(trainable)
        mine = TrainedModel.objects.filter(kind=trainable.key)
        if mine.filter(status__in=TrainedModel.OPEN).exists():
            raise _under_way(trainable)
        spare = mine.filter(is_promoted=False).order_by("-number").values_list("pk", flat=True)
        mine.filter(pk__in=list(spare[selectors.KEPT - 1 :])).delete()
        row = TrainedModel(
            kind=trainable.key,
            kind_version=trainable.version,
            number=(mine.aggregate(last=Max("number"))["last"] or 0) + 1,
            input=TrainingInput(dataset=dataset, options=parsed.model_dump(mode="json")).model_dump(mode="json"),
            source=table.name,
            fingerprint=table.sha256,
            note=note.strip()[:200],
            created_by=user,
        )
        row.save(force_insert=True)
        work.schedule(KIND, row.id)
        live.tell(row)
        record(
            auditing.TRAINING_STARTED, who=who, subject=_subject(row), version=row.number, dataset=dataset,
            data_sha256=row.fingerprint, options=parsed.model_dump(mode="json"),
        )  # fmt: skip
    return row


def _subject(row: TrainedModel) -> Subject:
    trainable = TRAINABLES.get(row.kind)
    return Subject("ai.trainable", row.kind, trainable.title if trainable else row.kind)


def _options(trainable: AnyTrainable, options: dict[str, Any]) -> BaseModel:
    try:
        return trainable.options_type.model_validate(options)
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error, path="options") from error


def _one_at_a_time(trainable: AnyTrainable) -> None:
    """Who starts, or promotes, second waits, and then finds what the first one did."""
    with connection.cursor() as cursor:
        lock = f"trained {current_schema()} {trainable.key}"
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [lock])


def _under_way(trainable: AnyTrainable) -> Conflict:
    told = f"A training of {trainable.title} has not ended yet; nothing was started."
    return Conflict(told, remedy="Wait for its end, or stop it.")


def training_stop(*, who: Principal, row: TrainedModel) -> TrainedModel:
    """End a training: at once where no worker has it in hand, else when it next tells its progress.

    Raises `Conflict` after its end.
    """
    demand(who, TRAINING_RUN)
    now = timezone.now()
    with transaction.atomic():
        still = TrainedModel.objects.filter(pk=row.pk, status__in=TrainedModel.OPEN)
        if work.withdraw(KIND, row.id):
            changed = still.update(status=Status.CANCELLED, cancel_requested_at=now, finished_at=now)
        else:
            work.signal(KIND, row.id)
            changed = still.update(cancel_requested_at=now)
        if not changed:
            raise Conflict("The training has ended already; nothing was changed.", remedy="Start another one.")
        row.refresh_from_db(fields=["status", "cancel_requested_at", "finished_at", "done", "total"])
        live.tell(row)
        record(auditing.TRAINING_STOPPED, who=who, subject=_subject(row), version=row.number)
    return row


# ------------------------------------------------------------------------------------------------------ carrying out


def training_execute(claim: work.Claim) -> None:
    """Carry out a claimed training. Every write happens behind the fence. Raises `FenceLost`."""
    with work.fenced(claim) as row:
        trained = TrainedModel.objects.filter(pk=claim.id, status__in=TrainedModel.OPEN).first()
        if trained is None:
            row.finish()
            return
        if trained.cancel_requested_at:
            _ended(trained, Status.CANCELLED)
            row.finish()
            return
        trained.status, trained.done, trained.total = Status.TRAINING, 0, 0
        trained.save(update_fields=["status", "done", "total"])
        live.tell(trained)
    try:
        made = _train(claim, trained)
    except TrainingStopped:
        trained.refresh_from_db(fields=["cancel_requested_at"])
        if trained.cancel_requested_at:
            _conclude(claim, trained, Status.CANCELLED)
        return
    except (work.FenceLost, OperationalError, InterfaceError, KeysUnavailable):
        raise
    except Problem as problem:
        _conclude(claim, trained, Status.FAILED, problem)
    except Exception:  # whatever else it is, it is of the trainable's making
        logger.exception("training failed", extra={"trained": str(trained.id), "kind": trained.kind})
        _conclude(claim, trained, Status.FAILED, TrainingFailed())
    else:
        trained.parameters = made.parameters.model_dump(mode="json")
        trained.metrics = Judged(metrics=made.metrics, gain=made.gain, notes=made.notes).model_dump(mode="json")
        _conclude(claim, trained, Status.TRAINED)


def _train(claim: work.Claim, trained: TrainedModel) -> Trained:
    trainable = TRAINABLES.get(trained.kind)
    if trainable is None:
        raise NotFound(f"{trained.kind!r} is no longer installed.")
    if trainable.version != trained.kind_version:
        trained.kind_version = trainable.version
    asked = TrainingInput.model_validate(trained.input)
    frame = datasets.dataset_frame(datasets.dataset_by_id(asked.dataset))
    current = selectors.promoted_of([trained.kind]).get(trained.kind)
    told = 0.0

    def tell(done: int, total: int, note: str) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < PROGRESS_EVERY:
            return
        told = now
        with work.fenced(claim):
            trained.done, trained.total = done, total
            trained.save(update_fields=["done", "total"])
            live.tell(trained)

    ctx = TrainingContext(now=trained.created_at, tell=tell, stopping=lambda: work.stopping(claim))
    options = _options(trainable, asked.options)
    made = trainable.train(frame, options, current.parameters if current else None, ctx)
    made.parameters = trainable.parameters_type.model_validate(made.parameters)
    if len(json.dumps(made.parameters.model_dump(mode="json"), allow_nan=False)) > LARGEST:
        raise ValueError(f"{trained.kind} made parameters of more than {LARGEST} bytes")
    return made


def _ended(trained: TrainedModel, status: str, problem: Problem | None = None) -> None:
    trained.status, trained.finished_at = status, timezone.now()
    trained.problem, trained.problem_code = (_told(problem), problem.code) if problem else (None, "")
    if status == Status.TRAINED:
        trained.done = trained.total = max(trained.total, 1)
    trained.save()
    live.tell(trained)
    why: dict[str, Any] = {"problem": problem.code} if problem else {}
    record(auditing.TRAINING_ENDED, who=None, subject=_subject(trained), version=trained.number, status=status, **why)


def _conclude(claim: work.Claim, trained: TrainedModel, status: str, problem: Problem | None = None) -> None:
    with work.fenced(claim) as row:
        _ended(trained, status, problem)
        row.finish()


def _told(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "title": problem.title, "detail": problem.detail, "remedy": problem.remedy}


def training_bury(id: UUID, cause: str) -> None:
    """Record that a training was given up after its workers died."""
    trained = TrainedModel.objects.filter(pk=id, status__in=TrainedModel.OPEN).first()
    if trained is not None:
        _ended(trained, Status.FAILED, TrainingAbandoned(f"{cause} No version was made."))


def training_revive(id: UUID) -> None:
    """Open a training again that was given up. Raises `Conflict` while another one of its kind is under way."""
    trained = TrainedModel.objects.filter(pk=id, status=Status.FAILED).first()
    if trained is None:
        return
    trainable = TRAINABLES.get(trained.kind)
    if trainable and TrainedModel.objects.filter(kind=trained.kind, status__in=TrainedModel.OPEN).exists():
        raise _under_way(trainable)
    cleared = sealed_for(trained, problem=None)
    TrainedModel.objects.filter(pk=id).update(
        status=Status.QUEUED, finished_at=None, problem_code="", cancel_requested_at=None, **cleared
    )


# ------------------------------------------------------------------------------------------------------------ in use


def trained_promote(
    *, who: Principal, user: User | None, trainable: AnyTrainable, id: UUID, reason: str = ""
) -> TrainedModel:
    """Take a version into use, in place of the one that is: by the next run of its agent. An earlier one that is
    promoted again is a roll-back, and needs no reason.

    Raises `Conflict` for one that was not trained to its end, or by another release; `NotSurelyBetter` for one whose
    gain may be chance, unless a reason is given.
    """
    demand(who, TRAINING_RUN)
    with transaction.atomic():
        _one_at_a_time(trainable)
        row = selectors.trained_get(who=who, trainable=trainable, id=id, lock=True)
        judged, number = selectors.judged_of(row), row.number
        if row.status != Status.TRAINED or judged is None:
            raise Conflict(
                f"Version {number} was not trained to its end; nothing was changed.", remedy="Choose another."
            )
        if row.kind_version != trainable.version:
            raise Conflict(
                f"Version {number} was trained by an earlier release, whose parameters mean something else.",
                remedy="Train it again on the same data.",
            )
        if row.is_promoted:
            raise Conflict(f"Version {number} is in use already; nothing was changed.", remedy="Choose another.")
        if not judged.gain.is_sure and row.promoted_at is None and not reason.strip():
            gain = judged.gain
            raise NotSurelyBetter(
                f"Its gain is {gain.mean:.3g}{gain.unit}, between {gain.low:.3g} and {gain.high:.3g} at 99 %; "
                "it was not promoted.",
                remedy="Train it on more data; or give a reason why it is to be used all the same.",
            )
        kind = auditing.TRAINED_ROLLED_BACK if row.promoted_at else auditing.TRAINED_PROMOTED
        before = _leave(trainable)
        row.is_promoted, row.promoted_at, row.promoted_by = True, timezone.now(), user
        if reason.strip():
            row.note = f"{row.note}; in use because: {reason.strip()}".removeprefix("; ")[:200]
        row.save(update_fields=["is_promoted", "promoted_at", "promoted_by", "note"])
        record(
            kind, who=who, subject=_subject(row), before={"version": before}, after={"version": number},
            gain=judged.gain.model_dump(mode="json"), reason=reason.strip()[:200],
        )  # fmt: skip
    return row


def _leave(trainable: AnyTrainable) -> int | None:
    """Take the version that is in use out of use. Returns its number; None: none was."""
    used = TrainedModel.objects.filter(kind=trainable.key, is_promoted=True)
    number = used.values_list("number", flat=True).first()
    used.update(is_promoted=False)
    return number


def trained_retire(*, who: Principal, trainable: AnyTrainable) -> None:
    """Take no version into use: the agent works as it does without. Raises `Conflict` where none is in use."""
    demand(who, TRAINING_RUN)
    with transaction.atomic():
        _one_at_a_time(trainable)
        number = _leave(trainable)
        if number is None:
            raise Conflict("No version is in use; nothing was changed.", remedy="Promote one to use it.")
        subject = Subject("ai.trainable", trainable.key, trainable.title)
        record(auditing.TRAINED_RETIRED, who=who, subject=subject, before={"version": number}, after={"version": None})


def trained_delete(*, who: Principal, trainable: AnyTrainable, id: UUID) -> None:
    """Delete a version. Raises `Conflict` for one that is in use, or being trained."""
    demand(who, TRAINING_RUN)
    with transaction.atomic():
        row = selectors.trained_get(who=who, trainable=trainable, id=id, lock=True)
        if row.is_promoted or row.is_open:
            state = "in use" if row.is_promoted else "being trained"
            raise Conflict(
                f"Version {row.number} is {state}; it was not deleted.",
                remedy="Promote another one first." if row.is_promoted else "Stop the training first.",
            )
        record(auditing.TRAINED_DELETED, who=who, subject=_subject(row), version=row.number, status=row.status)
        row.delete()


def no_dataset() -> InvalidInput:
    return InvalidInput(
        "No data was chosen; nothing was started.", issues=[Issue(path="dataset", message="Choose a dataset.")]
    )

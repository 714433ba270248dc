"""Steps that call another system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from apps.common import outbound, work
from apps.common.work import Claim, WorkKind
from apps.workflows import calls, undoing
from apps.workflows.definition import Step
from apps.workflows.kinds.outward import Http
from apps.workflows.models import HttpCall, WorkflowRun
from apps.workflows.performers import Ask, Outcome, Performer

# Answers after which trying the same again makes sense.
_PASSING = {"outbound_failed", "http_408", "http_425", "http_429"}


class CallPerformer(Performer):
    kind = "http"

    def prepare(self, run: WorkflowRun, step: Step, asked: Any) -> Any:
        """The request. Raises `OutboundRefused` for what is no address, `ValueError` for headers that are none."""
        outbound.require_web_address(str(asked["url"]))
        headers = {str(name): str(value) for name, value in asked["headers"].items()}
        for name, value in headers.items():
            if not name.isascii() or not (name + value).isprintable() or not value.isascii():
                raise ValueError(f"The header {name!r} holds characters that none may have.")
        return {**asked, "url": str(asked["url"]), "headers": headers}

    def begin(self, asks: Sequence[Ask]) -> None:
        undone = undoing.undone_before(asks)
        HttpCall.objects.bulk_create(
            [
                HttpCall(
                    id=ask.ref,
                    run=ask.run,
                    step=ask.name,
                    key=calls.effect_key(ask.run, ask.index, ask.item, undone[ask.ref]),
                    is_repeatable=_is_repeatable(ask.step),
                    request=ask.asked,
                )
                for ask in asks
            ]
        )
        work.schedule_many(calls.CALL, [ask.ref for ask in asks])

    def collect(self, refs: Sequence[UUID]) -> Mapping[UUID, Outcome]:
        return {call.id: _outcome(call) for call in HttpCall.objects.filter(pk__in=refs, status__in=HttpCall.ENDED)}

    def await_person(self, refs: Sequence[UUID]) -> bool:
        """A call whose outcome is unknown waits for somebody to say."""
        return HttpCall.objects.filter(pk__in=refs, status=HttpCall.Status.UNKNOWN).count() == len(refs)

    def cancel(self, refs: Sequence[UUID]) -> None:
        calls.calls_cancel(refs=list(refs))


class CallWork(WorkKind):
    name = calls.CALL
    queue = "io"
    lease = 5.0

    def perform(self, claim: Claim) -> None:
        calls.call_perform(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        calls.call_bury(id=claim.id)

    def revive(self, id: UUID) -> None:
        """It is claimed again as it stands: one that may have been sent stays unknown."""

    def pending(self) -> Iterable[UUID]:
        waiting = (HttpCall.Status.READY, HttpCall.Status.SENT)
        return HttpCall.objects.filter(status__in=waiting).values_list("id", flat=True)


def _is_repeatable(step: Step) -> bool:
    assert isinstance(step, Http)  # noqa: S101  # a performer gets steps of its kind only
    return step.repeatable or step.method == "GET"


def _outcome(call: HttpCall) -> Outcome:
    if call.status == HttpCall.Status.CONFIRMED:
        return Outcome(output=call.answer)
    told = call.problem or {"code": "cancelled", "detail": "The call was taken back before it was sent."}
    code = str(told["code"])
    return Outcome(problem=told, final=code not in _PASSING and not code.startswith("http_5"))

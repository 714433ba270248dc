"""Runs that steps of a past run started, followed through what those workflows are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from apps.common.errors import InvalidInput
from apps.workflows.engine.advance import problem
from apps.workflows.inputs import inputs_validate
from apps.workflows.payloads import veiled
from apps.workflows.replaying.answering import ASSUMED, FromLedger, called, nobody
from apps.workflows.replaying.past import LEDGER, Known, follow
from apps.workflows.replaying.reading import Batch, Inner
from apps.workflows.replaying.simulating import UNTOLD, Answer, Course, Question, simulate
from apps.workflows.replaying.telling import Sides, tell, titles_of


@dataclass
class Within:
    """Answers for other workflows that are not what they were when a run of them was started, or in which something is
    not: by following that run through what is published now. Their agents are not asked anew."""

    batch: Batch
    changes: dict[str, list[str]] = field(default_factory=dict)
    """What changes inside of them, by name of the step that starts them."""

    def answer(self, question: Question, known: Known) -> Answer:
        """What the workflow would give now to the same inputs. It may be that it cannot be told."""
        name = called(question.step)
        run = self.batch.within.get(known.ref) if known.ref is not None else None
        if run is None:
            return Answer("untold", why=f"The workflow {name} is not what it was, and cannot be followed.")
        try:
            given = {name: value for name, value in run.past.inputs.items() if name in question.asked}
            inputs = veiled(inputs_validate(run.takes, given))
        except InvalidInput as refused:
            self._note(question, [f"It could not be started: {refused.detail}"])
            return Answer("failed", problem=problem(refused.code, refused.detail), final=True, source=LEDGER)
        past, then = follow(run.past)
        inside = Within(self.batch)
        course = simulate(
            run.plan,
            inputs=inputs,
            run=run.past.named,
            started_at=run.past.created_at,
            answers=FromLedger(then, self.batch.current, nobody, inside.answer),
            given=run.past.given,
        )
        titles = titles_of(past, course)
        verdict, told = tell(Sides(run.past, past, course, Decimal(0), None, titles, inside.changes))
        self._note(question, told.sentences)
        longer = course.took - past.took
        answer = _answer(run, course, max(timedelta(0), known.answer.after + longer), is_known=verdict != "unknown")
        if answer is not None:
            return answer
        why = "; ".join(told.why[:2]) or "its end cannot be told."
        return Answer("untold", why=f"The workflow {name}, or something in it, is another now: {why}")

    def _note(self, question: Question, sentences: Sequence[str]) -> None:
        found = self.changes.setdefault(question.step.name, [])
        found += [each for each in sentences if each not in found]


def _answer(run: Inner, course: Course, after: timedelta, *, is_known: bool) -> Answer | None:
    """What the course gives whoever started it; None: that cannot be told."""
    source = ASSUMED if any(each.answer.source == ASSUMED for each in course.asked) else LEDGER
    if course.status == "succeeded" and course.outputs is not UNTOLD and is_known:
        return Answer("succeeded", output=course.outputs, after=after, source=source)
    if course.status in {"failed", "cancelled"}:
        told = course.problem or problem("cancelled", "It was cancelled.")
        ended = {**told, "detail": f"W-{run.past.number}: {told.get('detail', '')}"}
        return Answer("failed", problem=ended, after=after, source=source)
    return None

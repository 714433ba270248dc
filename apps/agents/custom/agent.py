"""An `Agent` made of a version of a custom agent: it asks a model, which may ask tools, and answers by its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from apps.agents.contract import Agent, Example, ModelCard, RunCancelled, RunContext, table_of_type
from apps.agents.custom import guarding, showing
from apps.agents.custom.contents import Content, code_of
from apps.agents.custom.outputs import ABOUT, About, Asked, output_type, proposals_in
from apps.agents.custom.problems import NoModel
from apps.ai import loops
from apps.ai.budgets.problems import BudgetSpent
from apps.ai.contract import Model, ModelProblem, Request
from apps.ai.failures import AnswerUnusable, ModelStopped
from apps.ai.masking.values import personal_values
from apps.common.actions import ACTIONS
from apps.common.decisions import Decision, ProposedAction, Reason, Verdict
from apps.common.errors import InvalidInput
from apps.common.schemas import StrictModel, Table
from apps.common.shapes import model_of
from apps.common.widgets import Sheet, Widget

LARGEST_TABLE: Final = 60_000
"""Characters of a table that the model is given; its first rows, and how many there are."""
_MOST_TOLD: Final = 5


class NoSettings(StrictModel):
    """A custom agent has none: what it does is told by its versions."""


class CustomMade(Agent[BaseModel, BaseModel, NoSettings], registers=False):
    """The agent of one version. It is not registered: `store` finds it."""

    settings_type = NoSettings

    def __init__(self, key: str, version: str, content: Content) -> None:
        table, needed = table_of_type(given := model_of("Input", content.inputs))
        judged = content.judged
        tones = {each.choice: each for each in content.verdict.tones} if content.verdict else {}
        # What classes of the program declare, an instance has here.
        vars(self).update(
            key=key, version=version, content=content, title=content.title, summary=content.summary, icon=content.icon,
            examples=[Example(title=each.title, input=each.input) for each in content.examples],
            input_type=given, output_type=output_type(content), table_field=table, table_required=needed,
            tools=tuple(content.tools),
            fresh_for=timedelta(minutes=content.fresh_minutes) if content.fresh_minutes else None,
            verdicts={
                code_of(choice): Verdict(
                    title=choice,
                    tone=tones[choice].tone if choice in tones else "neutral",
                    needs=tones[choice].needs if choice in tones else "",
                )
                for choice in (judged.choices if judged else ())
            },
        )  # fmt: skip

    content: Content

    def run(self, data: BaseModel, settings: NoSettings, ctx: RunContext) -> BaseModel:
        """Ask the model. Raises `NoModel`, `GuardrailBroken`, and what asking a model raises, where no output was given
        that stands instead."""
        ctx.progress(0, 0, "Asking a model")
        try:
            if ctx.model is None:
                raise NoModel
            return self._answered(ctx.model, data, ctx)
        except ModelStopped as stopped:
            raise RunCancelled from stopped
        except (NoModel, BudgetSpent, ModelProblem, loops.LoopEnded) as problem:
            if self.content.fall_back is None:
                raise
            about = About(fell_back=f"{problem.title}. {problem.detail}".strip())
            return self._output(self.content.fall_back, about)

    def _answered(self, model: Model, data: BaseModel, ctx: RunContext) -> BaseModel:
        values = data.model_dump(mode="json")
        told = {name: self._told(name, getattr(data, name), value, ctx) for name, value in values.items()}
        request = Request(
            messages=tuple(self.content.wording(self.key, self.version).render(**told)),
            answer_schema=answer_schema(self.content),
            personal=personal_values(values, self.input_type),
            holds_documents=self.content.reads_words,
        )
        tools = ctx.tools(self.tools) if ctx.asking else []
        if ctx.asking is None:
            result = loops.LoopResult(data=(reply := model.ask(request)).data, refusal=reply.refusal)
            result.trace.append(loops.Turn(reply, (), 0))
        else:
            result = loops.run(model, request, tools, self.content.limits.limits, ctx.asking, spent=ctx.spent)
        if result.refusal or result.data is None:
            raise ModelProblem(f"{model.name} refused: {result.refusal[:500]}" if result.refusal else "")
        about = About(
            model=model.name,
            calls=len(result.trace),
            tools=[Asked.of(use) for use in result.uses],
            read_outside=self.content.reads_words or result.read_outside,
        )
        found = {name: value for name, value in result.data.items() if value is not None}
        about.unmatched = guarding.keep(self.content, found, told, [each.data for each in result.tool_answers])
        try:
            return self._output(found, about)
        except ValidationError as error:  # what a schema cannot say, as that a number fits into one
            issues = InvalidInput.from_pydantic(error).issues[:_MOST_TOLD]
            raise AnswerUnusable("; ".join(f"{each.path}: {each.message}" for each in issues)) from error

    def _told(self, name: str, value: Any, dumped: Any, ctx: RunContext) -> Any:
        """What the model is told of an input: of a table its first rows."""
        if not isinstance(value, Table):
            return "" if dumped is None else dumped
        frame = ctx.table(value)
        rows, size = [], 0
        for row in frame.iter_rows(named=True):
            size += len(json.dumps(row, default=str, ensure_ascii=False))
            if size > LARGEST_TABLE:
                break
            rows.append(row)
        return {"rows": rows, "there_are": frame.height}

    def _output(self, found: dict[str, Any], about: About) -> BaseModel:
        return self.output_type.model_validate({**found, ABOUT: about.model_dump(mode="json")})

    def headline(self, report: BaseModel) -> str:
        return showing.headline(self.content, report)

    def decide(self, report: BaseModel, settings: NoSettings) -> list[Decision]:
        judged, verdict = self.content.judged, self.content.verdict
        if judged is None or verdict is None:
            return []
        choice = getattr(report, judged.name)
        about: About = getattr(report, ABOUT)
        said = getattr(report, verdict.reasons, None) if verdict.reasons else None
        reasons = [said] if isinstance(said, str) else list(said or [])
        return [
            Decision(
                verdict=code_of(choice),
                summary=(reasons[0] if reasons else choice)[:1000],
                reasons=[Reason(text=each[:2000]) for each in reasons if each.strip()][:50],
                actions=list(self._proposed(report, about)),
                caveat=" ".join(filter(None, [self.content.guardrails.disclaimer, showing.caveat(about)])),
            )
        ]

    def _proposed(self, report: BaseModel, about: About) -> Iterator[ProposedAction]:
        """What it proposes. What follows from words of others a person has done, unless its kind needs none."""
        for each in proposals_in(report):
            yield ProposedAction(
                kind=each.kind,
                title=each.title or ACTIONS[each.kind].title,
                why=each.why,
                arguments=each.arguments.model_dump(mode="json", exclude_defaults=True),
                by_a_person=about.read_outside and each.kind not in self.content.alone,
            )

    def present(self, report: BaseModel) -> list[Widget]:
        return showing.widgets(self.content, report)

    def export(self, report: BaseModel) -> Sheet:
        return showing.sheet(self.content, report)

    def card(self) -> ModelCard | None:
        """What whoever made it says of it. What was measured is told by its evaluations."""
        content = self.content
        if not (content.intended_use or content.known_limits):
            return None
        return ModelCard(
            intended_use=content.intended_use, limits=list(content.known_limits), data="", command="", measured_on="",
            measures=[],
        )  # fmt: skip


def answer_schema(content: Content) -> dict[str, Any]:
    """The JSON schema that the model's answer has to keep."""
    return output_type(content, of_model=True).model_json_schema()

"""A step that people decide."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from apps.common.permissions import ROLES
from apps.common.schemas import StrictModel
from apps.workflows.definition import InputField, Name, Step, Value
from apps.workflows.durations import Duration
from apps.workflows.values import Compiled, has_call, references_in, value_compile

CommentOn = Literal["reject", "always"]
Shown = Literal["nothing", "question", "details"]
Risk = Literal["low", "normal", "high"]
MOST_PEOPLE: Final = 20
MOST_FIELDS: Final = 30


class AskedForm(StrictModel):
    """How a question is to be answered. It is kept with the question (`Approval.form`): a run that is moved to another
    version still asks what it asked."""

    fields: dict[Name, InputField] = {}
    comment_on: CommentOn = "reject"
    mail_shows: Shown = "question"


class Approval(Step):
    """People say yes or no, with a comment and what they fill in. Without enough of them in time it counts as no."""

    kind: Literal["approval"] = "approval"
    question: Value = Field(
        description="What is to be decided, in a sentence.", json_schema_extra={"wants": {"type": "string"}}
    )
    details: Value = Field(default=None, description="What the person should see to decide.")
    form: dict[Name, InputField] = Field(
        default={},
        max_length=MOST_FIELDS,
        description="What whoever says yes fills in; later steps may use it.",
        json_schema_extra={"noun": "field"},
    )
    roles: list[str] = Field(
        default=["approver", "administrator"],
        max_length=10,
        description="Who may answer: members of these roles.",
        json_schema_extra={"picks": "role"},
    )
    people: list[Value] = Field(
        default=[],
        max_length=MOST_PEOPLE,
        description="Who may answer besides: addresses of members. Without roles, only they.",
        json_schema_extra={"picks": "member", "noun": "person"},
    )
    quorum: int = Field(default=1, ge=1, le=20, title="Yes needed", description="From how many. One no is a no.")
    forbids_own: bool = Field(
        default=False,
        title="Not by who started it",
        description="Whether those may not answer who started the run, or published the version that it follows.",
        json_schema_extra={"more": True},
    )
    risk: Risk = Field(
        default="normal",
        description="Only questions of low risk may be answered many at once.",
        json_schema_extra={"more": True},
    )
    comment_on: CommentOn = Field(
        default="reject",
        title="Comment needed",
        description="When a comment is needed.",
        json_schema_extra={"labels": {"reject": "On a no", "always": "Always"}, "more": True},
    )
    answer_within: Duration = Field(default="3d", validate_default=True)
    remind_after: Duration | None = Field(
        default=None, description="When those are reminded who have not answered.", json_schema_extra={"more": True}
    )
    escalate_after: Duration | None = Field(
        default=None, description="When others may answer too.", json_schema_extra={"more": True}
    )
    escalates_to: list[str] = Field(
        default=[],
        max_length=10,
        description="Those others: members of these roles.",
        json_schema_extra={"picks": "role", "more": True},
    )
    mail_shows: Shown = Field(
        default="question",
        title="Mails show",
        description="How much of the question its mails may tell.",
        json_schema_extra={"more": True},
    )

    label, icon = "Approval", "user-check"
    proposed = {"forbids_own": True}
    can_undo = True

    @field_validator("roles", "escalates_to")
    @classmethod
    def known_roles(cls, roles: list[str]) -> list[str]:
        if unknown := [role for role in roles if role not in ROLES]:
            raise ValueError(f"There is no role {unknown[0]!r}: use some of {', '.join(ROLES)}.")
        return roles

    @field_validator("form")
    @classmethod
    def fillable(cls, form: dict[str, InputField]) -> dict[str, InputField]:
        if found := [name for name, field in form.items() if field.type == "dataset"]:
            raise ValueError(f"{found[0]!r} is a dataset: whoever answers fills in values, and uploads nothing.")
        return form

    @model_validator(mode="after")
    def answerable(self) -> Self:
        """Somebody is asked, enough of them to come to a yes, and in time."""
        if not self.roles and not self.people:
            raise ValueError("Nobody is asked: name some `roles`, or some `people`.")
        if not self.roles and not self.escalates_to and all(map(_is_written, self.people)):
            asked = len({str(each).strip().lower() for each in self.people})
            if asked < self.quorum:
                raise ValueError(
                    f"{self.quorum} have to say yes (`quorum`), and {asked} may: name more `people`, or some `roles`."
                )
        if (self.escalate_after is None) != (not self.escalates_to):
            raise ValueError("`escalate_after` tells when, `escalates_to` to whom: give both, or neither.")
        for name, moment in (("remind_after", self.remind_after), ("escalate_after", self.escalate_after)):
            if moment is not None and moment >= self.answer_within:
                raise ValueError(f"`{name}` has to come before the time is over: `answer_within` is the end of it.")
        return self

    def addresses(self) -> Iterator[tuple[str, str]]:
        """The people who are written out, with their places."""
        yield from ((f"people.{n}", str(each)) for n, each in enumerate(self.people) if _is_written(each))

    def asked_form(self) -> AskedForm:
        """How its questions are to be answered."""
        return AskedForm(fields=self.form, comment_on=self.comment_on, mail_shows=self.mail_shows)

    def values(self) -> Iterator[tuple[str, Any]]:
        yield "question", self.question
        yield "details", self.details
        yield "people", self.people

    def gives(self) -> dict[str, Any]:
        answers = {
            "type": "object",
            "properties": {name: {"anyOf": [field.schema_of(), {"type": "null"}]} for name, field in self.form.items()},
            "required": list(self.form),
            "additionalProperties": False,
        }
        text, yes_or_no = {"type": "string"}, {"type": "boolean"}
        decision = {"by": text, "for": text, "approved": yes_or_no, "comment": text, "at": text, "answers": answers}
        whole = {
            "approved": yes_or_no,
            "comment": text,
            "by": text,
            "answers": answers,
            "decisions": {
                "type": "array",
                "items": {"type": "object", "properties": decision, "required": list(decision)},
            },
            "timed_out": yes_or_no,
        }
        return {"type": "object", "properties": whole, "required": list(whole)}

    def due(self, asked: Any, now: datetime) -> datetime | None:
        return now + self.answer_within

    def overdue(self, due: datetime) -> Any:
        """What it gives when the time is over and nobody has answered."""
        return {
            "approved": False,
            "comment": "",
            "by": "",
            "answers": dict.fromkeys(self.form),
            "decisions": [],
            "timed_out": True,
        }

    def undid(self, output: Any) -> bool:
        return bool(output["approved"])

    def compile(self) -> Compiled:
        return value_compile({"question": self.question, "details": self.details, "people": self.people})


def _is_written(value: Any) -> bool:
    """Whether a value is written out, rather than known only when a run comes to it."""
    return not has_call(value) and next(references_in(value), None) is None

"""What a person who tries answers in the place of somebody else, as the form of it is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.common.errors import Conflict, InvalidInput, Issue
from apps.console.schemaforms import SchemaForm
from apps.workflows.approvals.forms import answers_checked, comment_checked
from apps.workflows.engine.advance import problem
from apps.workflows.inputs import fields_model
from apps.workflows.kinds.approval import Approval
from apps.workflows.performers import Outcome
from apps.workflows.replaying.simulating import Question
from apps.workflows.trying.following import Going, key_of, questions_of
from apps.workflows.trying.showing import ANSWERS


def answer_read(going: Going, values: Mapping[str, str], user: User) -> Outcome:
    """What was answered. Raises `InvalidInput` with an issue for each field, `Conflict` where it is not asked."""
    asked = {key_of(each): each for each in questions_of(going, going.state())}
    question = asked.get(values.get("key", ""))
    if question is None:
        raise Conflict("This is not asked; nothing was changed.", remedy="Look at what the trial waits for now.")
    said = values.get("said", "")
    if said == "fail":
        detail = values.get("detail", "").strip()[:500] or "It failed."
        return Outcome(problem=problem(values.get("code", "").strip()[:50] or "step_failed", detail), final=True)
    if isinstance(question.step.step, Approval):
        return Outcome(output=_decided(question.step.step, said, values, user))
    return Outcome(output=_answered(question, values))


def _decided(step: Approval, said: str, values: Mapping[str, str], user: User) -> dict[str, Any]:
    """As people would have decided it, all of them alike."""
    if said not in {"yes", "no"}:
        raise InvalidInput("Nothing was chosen.", issues=[Issue(path="said", message="Choose yes or no.")])
    form, approved = step.asked_form(), said == "yes"
    comment = comment_checked(form, approved=approved, comment=values.get("comment", ""))
    entered = SchemaForm(fields_model(step.form), values, root=ANSWERS).data() if step.form and approved else {}
    answers = answers_checked(form, approved=approved, answers=entered)
    who = str(user.email)
    decision = {"by": who, "for": who, "approved": approved, "comment": comment, "answers": answers}
    decision["at"] = timezone.now().isoformat()
    told = {"approved": approved, "comment": comment, "by": who, "answers": answers, "timed_out": False}
    return {**told, "decisions": [decision]}


def _answered(question: Question, values: Mapping[str, str]) -> Any:
    text, issues = values.get("output", "").strip(), []
    output: Any = None
    try:
        output = json.loads(text, parse_constant=_refused) if text else None
        json.dumps(output, ensure_ascii=False, allow_nan=False).encode()  # half a character, or 1e999, is no data
    except (ValueError, RecursionError):
        issues.append(Issue(path="output", message="Write it as JSON: text in quotation marks."))
    if question.step.step.kind != "http":
        if issues:
            raise InvalidInput("The answer cannot be read; nothing was changed.", issues=issues)
        return output
    status = values.get("status", "200").strip()
    if not re.fullmatch("[1-5][0-9]{2}", status):
        issues.append(Issue(path="status", message="Write a number from 100 to 599."))
    if issues:
        raise InvalidInput("The answer cannot be read; nothing was changed.", issues=issues)
    return {"status": int(status), "headers": {}, "body": output}


def _refused(constant: str) -> Any:
    """JSON knows no NaN and no infinity. Raises `ValueError`."""
    raise ValueError(constant)

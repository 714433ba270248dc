"""What whoever answers a question fills in, as it was when the question was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from apps.common.errors import InvalidInput, Issue
from apps.workflows.inputs import fields_model
from apps.workflows.kinds.approval import AskedForm
from apps.workflows.models import Approval

LONGEST_COMMENT: Final = 2000
"""Characters."""
LARGEST_ANSWERS: Final = 64 * 1024
"""Characters of the JSON of what one person fills in."""


def form_of(approval: Approval) -> AskedForm:
    """How this question is to be answered; questions from before there were forms take a comment alone."""
    return AskedForm.model_validate(approval.form) if approval.form else AskedForm()


def form_schema(approval: Approval) -> dict[str, Any]:
    """The JSON schema of the answers that go with a yes: for pages, which build their fields of it, and the API."""
    return fields_model(form_of(approval).fields).model_json_schema()


def comment_checked(form: AskedForm, *, approved: bool, comment: str) -> str:
    """The comment as it is kept. Raises `InvalidInput` for one that is missing or too long."""
    comment = comment.strip()
    if len(comment) > LONGEST_COMMENT:
        issue = Issue(path="comment", message=f"It has {LONGEST_COMMENT:,} characters at most.")
        raise InvalidInput("The comment is too long; nothing was decided.", issues=[issue])
    if not approved and not comment:
        raise InvalidInput(
            "A no needs a comment; nothing was decided.",
            issues=[Issue(path="comment", message="Say why not: whoever asked reads it, and so does the next step.")],
        )
    if not comment and form.comment_on == "always":
        raise InvalidInput(
            "This question wants a comment with every answer; nothing was decided.",
            issues=[Issue(path="comment", message="Say why.")],
        )
    return comment


def answers_checked(form: AskedForm, *, approved: bool, answers: Mapping[str, Any]) -> dict[str, Any]:
    """What was filled in, typed as the fields are. With a no, fields may be left empty: only a yes carries values on.

    Raises `InvalidInput` with an issue for each field, by `answers.<field>`.
    """
    fields = form.fields
    if not approved:
        fields = {name: each.model_copy(update={"required": False, "default": None}) for name, each in fields.items()}
    if len(json.dumps(dict(answers), default=str)) > LARGEST_ANSWERS:
        issue = Issue(path="answers", message=f"They have {LARGEST_ANSWERS // 1024} KiB at most.")
        raise InvalidInput("What was filled in is too large; nothing was decided.", issues=[issue])
    try:
        return fields_model(fields).model_validate(dict(answers)).model_dump(mode="json")
    except ValidationError as error:
        found = InvalidInput.from_pydantic(error, path="answers").issues
        count = len(found)
        raise InvalidInput(
            f"{count} field{'s are' if count != 1 else ' is'} not filled in as asked; nothing was decided.",
            issues=found,
        ) from error

"""How often a condition that somebody builds would have held: a line, asked for after the form is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from pydantic import ValidationError

from apps.console.views import ConsoleView
from apps.workflows.editing.services import edit_content, edit_get
from apps.workflows.permissions import WORKFLOWS_EDIT
from apps.workflows.replaying.backtest import backtest
from apps.workflows.stepforms.conditions import CONDITION


class StepBacktest(ConsoleView):
    """Of the condition that stands at `at` in one step of what a person is changing."""

    permission = WORKFLOWS_EDIT

    def get(self, request: HttpRequest, id: UUID, step: str) -> HttpResponse:
        edit = edit_get(who=self.who, user=self.user, id=id)
        raw = edit_content(edit).definition
        told = ""
        try:
            condition = CONDITION.validate_python(_at(raw, f"steps.{step}.{request.GET.get('at', 'when')}"))
        except ValidationError:
            pass  # it is not finished: there is nothing to count yet
        else:
            told = backtest(
                who=self.who, workflow=edit.workflow, definition=raw, step_name=step, condition=condition
            ).sentence
        return render(request, "workflows/editor/_condition_count.html", {"told": told})


def _at(raw: Any, place: str) -> Any:
    """What stands at a place; None where there is nothing, as when another step has taken its name."""
    found = raw
    for part in place.split("."):
        if isinstance(found, Mapping) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isdecimal() and len(part) < 5 and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found

"""The console page of one call of a model."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from apps.ai.models import ModelCall
from apps.ai.permissions import TRACES_VIEW
from apps.ai.traces.selectors import trace_get
from apps.ai.usage.ledger import PURPOSES
from apps.ai.usage.subjects import SUBJECTS, Subject
from apps.console.views import ConsoleView


class CallPage(ConsoleView):
    """What was sent to a model and what it answered, each as it left and came: masked."""

    permission = TRACES_VIEW

    def get(self, request: HttpRequest, call: UUID) -> HttpResponse:
        trace = trace_get(who=self.who, id=call)
        self.page_title = f"Call of {trace.call.model_name}"
        context = {
            "trace": trace,
            "call": trace.call,
            "purpose": PURPOSES.get(trace.call.purpose, trace.call.purpose),
            "subject": self._subject(trace.call),
        }
        return self.page("ai/traces/call.html", context)

    def _subject(self, call: ModelCall) -> Subject | None:
        """What it was for, where this person may find it."""
        kind = SUBJECTS.get(call.subject_kind)
        if kind is None or call.subject is None or not self.who.can(kind.permission):
            return None
        return kind.subjects([call.subject]).get(call.subject)

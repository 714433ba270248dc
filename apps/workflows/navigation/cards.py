"""The cards of workflows on the dashboard. All of them together need a fixed number of statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from apps.agents.pulse import DAY, PERIODS, Period
from apps.console.cards import Card, Width, card
from apps.console.tallies import number_of
from apps.workflows import attention, inbox, overview
from apps.workflows.causes import cause_line
from apps.workflows.permissions import APPROVALS_DECIDE, WORKFLOWS_RUN, WORKFLOWS_VIEW

LIVE_SHOWN: Final = 6
ATTENTION_SHOWN: Final = 5
QUESTIONS_SHOWN: Final = 3


def _who(request: HttpRequest) -> Any:
    return request.user  # a page for strangers has no cards


def _period(request: HttpRequest) -> Period:
    return PERIODS.get(request.GET.get("period", ""), DAY)


def _attention(request: HttpRequest) -> dict[str, Any]:
    period = _period(request)
    items = [*_questions(request), *_calls(request), *_letters(request), *_failures(request, period)]
    url = f"{reverse('workflows:runs')}?{urlencode({'status': 'failed', 'since': period.key})}"
    return {"items": items[:ATTENTION_SHOWN], "more": max(0, len(items) - ATTENTION_SHOWN), "url": url}


def _item(title: str, text: str, url: str, *, tone: str, icon: str, at: Any = None) -> dict[str, Any]:
    return {"title": title, "text": text, "url": url, "tone": tone, "icon": icon, "at": at}


def _questions(request: HttpRequest) -> list[dict[str, Any]]:
    if not _who(request).can(APPROVALS_DECIDE):
        return []
    asked = inbox.mine_open(who=_who(request), user=_who(request), most=QUESTIONS_SHOWN + 1)
    items = []
    for each in asked[:QUESTIONS_SHOWN]:
        late = inbox.is_late(each)
        text = f"{each.run.workflow.title} · {each.run.ref} · {'its time is over' if late else 'waits for you'}"
        url = reverse("workflows:approval", args=[each.pk])
        tone, icon = ("retrying", "hourglass") if late else ("waiting", "user-check")
        items.append(_item(str(each.question), text, url, tone=tone, icon=icon, at=each.asked_at))
    if len(asked) > QUESTIONS_SHOWN:
        text = "The most urgent stand above."
        items.append(
            _item("More wait for your answer", text, reverse("workflows:approvals"), tone="waiting", icon="user-check")
        )
    return items


def _calls(request: HttpRequest) -> list[dict[str, Any]]:
    number = number_of(request, "workflows.unknown_calls") if _who(request).can(WORKFLOWS_RUN) else 0
    if not number:
        return []
    title = f"{number:,} call{'' if number == 1 else 's'} whose outcome nobody knows"
    text = "Sent, and no answer came. Look at the other system, and say what became of it."
    return [_item(title, text, f"{reverse('workflows:effects')}?state=unknown", tone="retrying", icon="help")]


def _letters(request: HttpRequest) -> list[dict[str, Any]]:
    number = number_of(request, "workflows.letters")
    if not number:
        return []
    text = "Machines failed three times with it in hand. Another try is one click away."
    return [_item(f"{number:,} given up", text, reverse("workflows:letters"), tone="failed", icon="alert-triangle")]


def _failures(request: HttpRequest, period: Period) -> list[dict[str, Any]]:
    items = []
    for each in attention.runs_failing(who=_who(request), since=period.since()):
        run, count = each.runs[0], len(each.runs)
        narrow = {"status": "failed", "workflow": run.workflow.name, "since": period.key}
        one = reverse("workflows:run", args=[run.number])
        url = one if count == 1 else f"{reverse('workflows:runs')}?{urlencode(narrow)}"
        which = run.ref if count == 1 else f"{count:,} runs, the last {run.ref}"
        text = f"{which} · {cause_line(run)}"
        items.append(
            _item(f"{run.workflow.title} failed", text, url, tone="failed", icon="circle-x", at=run.created_at)
        )
    return items


def _live(request: HttpRequest) -> dict[str, Any]:
    runs = attention.runs_shown(who=_who(request), most=LIVE_SHOWN)
    rows = [{"run": run, "cause": cause_line(run)} for run in runs]
    return {"rows": rows, "open": sum(run.is_open for run in runs), "most": LIVE_SHOWN}


def _health(request: HttpRequest) -> dict[str, Any]:
    return {"rows": overview.workflows_page(who=_who(request)).rows}


# Where no workflow ever ran there are no cards of them.
def _unless_new(context: Callable[[HttpRequest], dict[str, Any]]) -> Callable[[HttpRequest], dict[str, Any] | None]:
    return lambda request: context(request) if number_of(request, "workflows.ran") else None


def _card(key: str, context: Callable[[HttpRequest], dict[str, Any]], *, width: Width, order: int) -> None:
    path = f"workflows/cards/{key}.html"
    card(Card(f"workflows.{key}", path, _unless_new(context), permission=WORKFLOWS_VIEW, width=width, order=order))


_card("attention", _attention, width="third", order=25)
_card("live", _live, width="two-thirds", order=26)
_card("health", _health, width="full", order=32)

"""The cards of workflows on the dashboard. All of them together need a fixed number of statements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from apps.agents.figures import figure_change, runs_chart
from apps.agents.permissions import AGENTS_RUN
from apps.agents.pulse import DAY, PERIODS, Period, Pulse
from apps.common import formats
from apps.console.attention import Wanted, attention
from apps.console.cards import Card, Width, card
from apps.console.tallies import number_of, tally
from apps.workflows import attention as wanting
from apps.workflows import inbox, overview, pulse, selectors
from apps.workflows.causes import cause_line
from apps.workflows.industry_widgets import industry_widget
from apps.workflows.models import Approval
from apps.workflows.permissions import APPROVALS_DECIDE, WORKFLOWS_EDIT, WORKFLOWS_RUN, WORKFLOWS_VIEW

LIVE_SHOWN: Final = 6
QUESTIONS_SHOWN: Final = 20
MINE_SHOWN: Final = 4
SOON: Final = timedelta(hours=1)


def _who(request: HttpRequest) -> Any:
    return request.user  # a page for strangers has no cards


def _period(request: HttpRequest) -> Period:
    return PERIODS.get(request.GET.get("period", ""), DAY)


def _once(request: HttpRequest, name: str, ask: Callable[[], Any]) -> Any:
    """What several cards need, asked for once in a request."""
    kept = request.__dict__.setdefault("_workflows_cards", {})
    if name not in kept:
        kept[name] = ask()
    return kept[name]


def _runs_url(**narrow: str) -> str:
    return f"{reverse('workflows:runs')}?{urlencode(narrow)}"


# --------------------------------------------------------------------------------------------------------- attention


def _asked(request: HttpRequest) -> list[Approval]:
    """The questions that this person may answer, the most urgent first."""
    if not number_of(request, "workflows.mine") or not _who(request).can(APPROVALS_DECIDE):
        return []
    who = _who(request)
    found: list[Approval] = _once(request, "asked", lambda: inbox.mine_open(who=who, user=who, most=QUESTIONS_SHOWN))
    return found


def _is_due_soon(approval: Approval) -> bool:
    """Whether it counts as no within the hour, unless somebody answers."""
    return approval.due_at < timezone.now() + SOON


def _is_approver(request: HttpRequest) -> bool:
    """Whether this person is here to decide and for nothing else: their questions come first then."""
    can = _who(request).can
    return bool(can(APPROVALS_DECIDE) and not can(WORKFLOWS_RUN))


def _wanted(request: HttpRequest) -> list[Wanted]:
    return [*_questions(request), *_calls(request), *_letters(request), *_failures(request)]


def _questions(request: HttpRequest) -> list[Wanted]:
    if _is_approver(request):
        return []  # they stand in a card of their own, above
    now = timezone.now()
    items = []
    for each in _asked(request):
        soon = _is_due_soon(each)
        text = f"{each.run.workflow.title} · {each.run.ref} · due {inbox.due_words(each.due_at, now)}"
        url = reverse("workflows:approval", args=[each.pk])
        items.append(
            Wanted(str(each.question), text, url, "late", "hourglass", each.asked_at, urgency=10)
            if soon
            else Wanted(str(each.question), text, url, "waiting", "user-check", each.asked_at, urgency=18)
        )
    return items


def _calls(request: HttpRequest) -> list[Wanted]:
    number = number_of(request, "workflows.unknown_calls") if _who(request).can(WORKFLOWS_RUN) else 0
    if not number:
        return []
    title = f"{number:,} call{'' if number == 1 else 's'} whose outcome nobody knows"
    text = "Sent, and no answer came. Look at the other system, and say what became of it."
    return [Wanted(title, text, f"{reverse('workflows:effects')}?state=unknown", "late", "help", urgency=20)]


def _letters(request: HttpRequest) -> list[Wanted]:
    number = number_of(request, "workflows.letters")
    if not number:
        return []
    text = "Machines failed three times with it in hand. Another try is one click away."
    url = reverse("workflows:letters")
    return [Wanted(f"{number:,} given up", text, url, "failed", "alert-triangle", urgency=25)]


def _failures(request: HttpRequest) -> list[Wanted]:
    if not _has_run(request):
        return []
    items, period = [], _period(request)
    for each in wanting.runs_failing(who=_who(request), since=period.since()):
        run, count = each.runs[0], len(each.runs)
        one = reverse("workflows:run", args=[run.number])
        narrow = {"status": "failed", "workflow": run.workflow.name, "since": period.key}
        which = run.ref if count == 1 else f"{count:,} runs, the last {run.ref}"
        text, url = f"{which} · {cause_line(run)}", one if count == 1 else _runs_url(**narrow)
        title = f"{run.workflow.title} failed"
        items.append(Wanted(title, text, url, "failed", "circle-x", run.created_at, urgency=40))
    return items


def _mine(request: HttpRequest) -> dict[str, Any] | None:
    """What waits for an approver; None where nothing does, and for those who have other work here."""
    asked = _asked(request) if _is_approver(request) else []
    if not asked:
        return None
    now = timezone.now()
    items = [
        {
            "title": str(each.question),
            "text": f"{each.run.workflow.title} · {each.run.ref}",
            "url": reverse("workflows:approval", args=[each.pk]),
            "due": inbox.due_words(each.due_at, now),
            "is_soon": _is_due_soon(each),
        }
        for each in asked
    ]
    soon = sum(bool(item["is_soon"]) for item in items)
    return {"items": items[:MINE_SHOWN], "found": number_of(request, "workflows.mine"), "soon": soon}


# ----------------------------------------------------------------------------------------------------------- figures


def _pulse(request: HttpRequest) -> Pulse:
    found: Pulse = _once(request, "pulse", lambda: pulse.runs_pulse(who=_who(request), period=_period(request)))
    return found


def _runs_kpi(request: HttpRequest) -> dict[str, Any]:
    now = _pulse(request)
    change = figure_change(now.now.total, now.before.total, good=None)
    spark = [step.total for step in now.steps]
    url = _runs_url(since=now.period.key)
    return {"label": "Runs", "value": now.now.total, "url": url, "spark": spark, "versus": now.period.before, **change}


def _success_kpi(request: HttpRequest) -> dict[str, Any]:
    now = _pulse(request)
    rate, before = now.now.success_rate, now.before.success_rate
    return {
        "label": "Success rate",
        "value": formats.number(rate, 1 if rate is not None and rate < 100 else 0),
        "unit": "%" if rate is not None else "",
        "url": _runs_url(status="failed", since=now.period.key),
        "said": f"{formats.number(now.now.failed)} failed",
        "versus": now.period.before if before is not None else "",
        "spark": [step.failed for step in now.steps],
        **figure_change(rate, before, good=True, points=True),
    }


def _approvals_kpi(request: HttpRequest) -> dict[str, Any]:
    """Of those who decide, what waits for them; for all others, what waits for anybody."""
    own = _who(request).can(APPROVALS_DECIDE)
    key, tab = ("workflows.mine", "mine") if own else ("workflows.asked", "team")
    soon = sum(map(_is_due_soon, _asked(request))) if own else 0
    said = f"{formats.number(soon)} due within 1 h" if soon else "none due within 1 h" if own else "by anybody"
    url = f"{reverse('workflows:approvals')}?{urlencode({'tab': tab})}"
    return {"label": "Awaiting approval", "value": number_of(request, key), "url": url, "said": said}


def _chart(request: HttpRequest) -> dict[str, Any]:
    return runs_chart(_pulse(request), other="Open or cancelled")


# -------------------------------------------------------------------------------------------------------------- cards


def _actions(request: HttpRequest) -> dict[str, Any]:
    can = _who(request).can
    periods = {"periods": PERIODS.values(), "period": _period(request)}
    return {**periods, "can_edit": can(WORKFLOWS_EDIT), "can_run": can(AGENTS_RUN)}


def _live(request: HttpRequest) -> dict[str, Any]:
    runs = wanting.runs_shown(who=_who(request), most=LIVE_SHOWN)
    rows = [{"run": run, "cause": cause_line(run)} for run in runs]
    newest = max((run.pk for run in runs), default="")
    return {"rows": rows, "open": sum(run.is_open for run in runs), "most": LIVE_SHOWN, "newest": newest}


def _health(request: HttpRequest) -> dict[str, Any]:
    return {"rows": overview.workflows_page(who=_who(request)).rows}


def _industry(request: HttpRequest) -> dict[str, Any] | None:
    found = industry_widget(who=_who(request))
    return vars(found) if found else None


def _has_run(request: HttpRequest) -> bool:
    return number_of(request, "workflows.ran") > 0


# Where no workflow ever ran there are no cards of them.
def _unless_new(context: Callable[[HttpRequest], dict[str, Any] | None]) -> Callable[[HttpRequest], Any]:
    return lambda request: context(request) if _has_run(request) else None


def _card(
    key: str,
    context: Callable[[HttpRequest], dict[str, Any] | None],
    *,
    width: Width,
    order: int,
    template: str = "",
    **more: Any,
) -> None:
    path = template or f"workflows/cards/{key}.html"
    shown = _unless_new(context)
    card(Card(f"workflows.{key}", path, shown, permission=WORKFLOWS_VIEW, width=width, order=order, **more))


_KPI: Final = "agents/cards/kpi.html"
tally(
    "workflows.asked",
    lambda request: selectors.approvals_query(who=_who(request), user=_who(request)),
    permission=WORKFLOWS_VIEW,
)
attention("workflows.runs", _wanted, permission=WORKFLOWS_VIEW)
_card("actions", _actions, width="action", order=0, instead_of="agents.actions")
_card("mine", _mine, width="full", order=0)
_card("runs", _runs_kpi, width="quarter", order=10, template=_KPI, instead_of="agents.runs")
_card("success", _success_kpi, width="quarter", order=11, template=_KPI, instead_of="agents.success")
_card("approvals", _approvals_kpi, width="quarter", order=12, template=_KPI, instead_of="agents.time")
_card("chart", _chart, width="two-thirds", order=20, template="agents/cards/chart.html", instead_of="agents.chart")
_card("live", _live, width="two-thirds", order=26, script="workflows/runs.js", instead_of="agents.start")
_card("industry", _industry, width="third", order=27)
_card("health", _health, width="half", order=32)

"""The entry of usage and cost, its card on the dashboard, and what it adds to what needs attention."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from apps.ai.budgets import selectors
from apps.ai.models import Budget, ModelCall
from apps.ai.permissions import USAGE_VIEW
from apps.ai.usage import ledger
from apps.ai.usage.alerts import Alert, alerts_of
from apps.ai.usage.shown import Looked, expected, spend_moved
from apps.common.permissions import Principal
from apps.console.attention import Wanted, attention
from apps.console.cards import Card, card
from apps.console.navigation import NavItem, nav_item
from apps.console.tallies import number_of, tally

nav_item(
    NavItem(
        key="ai.usage",
        title="Usage & cost",
        url="ai:usage",
        icon="wallet",
        group="Govern",
        summary="What models take and cost, and the budgets that hold them back",
        permission=USAGE_VIEW,
        order=10,
    )
)


# Whether there are any, asked for with what the menu counts: nobody who uses no model pays for more.
_calls = tally("ai.calls", lambda request: ModelCall.objects.all()[:1], permission=USAGE_VIEW)
_budgets = tally("ai.budgets", lambda request: Budget.objects.all()[:1], permission=USAGE_VIEW)


def _has_any(request: HttpRequest) -> bool:
    return bool(number_of(request, _calls.key) or number_of(request, _budgets.key))


def _who(request: HttpRequest) -> Principal:
    return request.user  # type: ignore[return-value]  # a page for strangers has no cards


def _known(request: HttpRequest) -> dict[str, Any]:
    """Budgets and the outlook, asked for once on a page."""
    kept = request.__dict__
    if "_spending" not in kept:
        currency = selectors.currency_now()
        outlook = ledger.usage_outlook(who=_who(request), currency=currency)
        states = selectors.budget_states(who=_who(request))
        alerts = alerts_of(states, outlook, currency)
        kept["_spending"] = {"currency": currency, "outlook": outlook, "states": states, "alerts": alerts}
    known: dict[str, Any] = kept["_spending"]
    return known


def _spending(request: HttpRequest) -> dict[str, Any] | None:
    """This month; None where no model was ever asked and nothing limits any."""
    if not _has_any(request):
        return None
    known = _known(request)
    if "spending" in known:
        found: dict[str, Any] = known["spending"]
        return found
    states = sorted(known["states"], key=lambda state: -state.worst.share)
    moved = spend_moved(who=_who(request), looked=Looked.of_month(), currency=known["currency"])
    told = expected(known["outlook"], known["currency"])
    known["spending"] = {**known, **moved, "expected": told, "state": states[0] if states else None}
    return dict(known["spending"])


def _kpi(request: HttpRequest) -> dict[str, Any] | None:
    """This month's cost, of the budget that is spent furthest; of what the card below knows."""
    found = _spending(request)
    if found is None:
        return None
    spent = found["state"].worst if found["state"] else None
    return {**found, "spent": spent if spent and spent.budget.money is not None else None}


def _wanted(request: HttpRequest) -> list[Wanted]:
    if not _has_any(request):
        return []
    return [_told(alert) for alert in _known(request)["alerts"]]


def _told(alert: Alert) -> Wanted:
    url = reverse("ai:budget", args=[alert.state.budget.pk])
    if alert.level == "spent":
        return Wanted(alert.title, alert.text, url, "failed", "ban", urgency=15)
    return Wanted(alert.title, alert.text, url, "late", "alert-triangle", urgency=45)


card(Card("ai.spending", "ai/usage/card.html", _spending, permission=USAGE_VIEW, width="full", order=40))
card(
    Card(
        "ai.spend",
        "ai/usage/kpi.html",
        _kpi,
        permission=USAGE_VIEW,
        width="quarter",
        order=13,
        instead_of="agents.open",
    )
)
attention("ai.spending", _wanted, permission=USAGE_VIEW)

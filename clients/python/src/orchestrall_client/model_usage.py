"""What models of language cost, and the budgets that hold them back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.model_usage_models import Budget, BudgetState, ModelCall, UsageReport
from orchestrall_client.pages import listed

PATH = "/api/v1/model-usage"
BUDGETS = "/api/v1/budgets"


class ModelUsage:
    """`client.model_usage`"""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def report(
        self,
        by: str = "day",
        *,
        since: date | None = None,
        until: date | None = None,
        agent: str = "",
        model: str = "",
        person: UUID | str = "",
        purpose: str = "",
    ) -> UsageReport:
        """Sums by `day`, `agent`, `model`, `person`, `purpose` or `subject`: of this month where no day is named.

        for line in client.model_usage.report("agent").items:
            print(line.title, line.money)
        """
        narrow = _narrowed(since=since, until=until, agent=agent, model=model, person=person, purpose=purpose)
        return self._connection.one(get(PATH, by=by, **narrow), UsageReport)

    def calls(
        self,
        *,
        since: date | None = None,
        until: date | None = None,
        agent: str = "",
        model: str = "",
        person: UUID | str = "",
        purpose: str = "",
        fields: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Any]:
        """The calls, newest first. With `fields` each is a dict of these alone."""
        narrow = _narrowed(since=since, until=until, agent=agent, model=model, person=person, purpose=purpose)
        return listed(self._connection, f"{PATH}/calls", ModelCall, fields=fields, limit=page_size, **narrow)


class Budgets:
    """`client.budgets`. Setting them takes the token of a person: keys may only read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, fields: Sequence[str] | None = None, page_size: int | None = None) -> Iterator[Any]:
        """All of them, newest first. With `fields` each is a dict of these alone."""
        return listed(self._connection, BUDGETS, Budget, fields=fields, limit=page_size)

    def create(
        self,
        scope: str,
        period: str,
        *,
        money: Decimal | int | str | None = None,
        tokens: int | None = None,
        agent: str = "",
        person: UUID | str | None = None,
        warn_at: int = 80,
        idempotency_key: str | None = None,
    ) -> Budget:
        """Set one: of the `tenant`, an `agent` or a `user`, by `day` or `month`. `Conflict` where there is such a one.

        client.budgets.create("tenant", "month", money=250)
        """
        body = {"scope": scope, "period": period, "agent": agent, "person": str(person) if person else None}
        body |= _limits(money, tokens, warn_at)
        return self._connection.one(Call("POST", BUDGETS, json=body).once(idempotency_key), Budget)

    def get(self, budget: Budget | UUID | str) -> Budget:
        return self._connection.one(get(_at(budget)), Budget)

    def state(self, budget: Budget | UUID | str) -> BudgetState:
        """What is spent and reserved of it now."""
        return self._connection.one(get(f"{_at(budget)}/state"), BudgetState)

    def change(
        self,
        budget: Budget | UUID | str,
        *,
        money: Decimal | int | str | None = None,
        tokens: int | None = None,
        warn_at: int = 80,
    ) -> Budget:
        """Set its limits, for every call from now on; one that is left out is none."""
        return self._connection.one(Call("PUT", _at(budget), json=_limits(money, tokens, warn_at)), Budget)

    def delete(self, budget: Budget | UUID | str) -> None:
        """It holds nothing back any more. The ledger keeps what was spent."""
        self._connection.json(Call("DELETE", _at(budget)))


def _at(budget: Budget | UUID | str) -> str:
    return f"{BUDGETS}/{budget.id if isinstance(budget, Budget) else budget}"


def _limits(money: Decimal | int | str | None, tokens: int | None, warn_at: int) -> dict[str, Any]:
    """Money goes as text, so that none of it is lost."""
    return {"money": None if money is None else str(money), "tokens": tokens, "warn_at": warn_at}


def _narrowed(**wanted: Any) -> dict[str, str]:
    return {name: str(value) for name, value in wanted.items() if value}

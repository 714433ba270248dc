"""The plans: how much a tenant may ask of the API in a minute. An operator may set other numbers for one tenant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from apps.tenants.models import Tenant


@dataclass(frozen=True)
class Plan:
    """Limits that hold for any sixty seconds."""

    key: str
    title: str
    requests: int
    """Requests to the API, by everybody together."""
    caller_requests: int
    """Requests to the API by one member or key, and by one network address without any."""
    starts: int
    """Runs that are started over the API, by everybody together."""
    uploads: int
    """Files that are sent to the API, by everybody together."""

    @property
    def summary(self) -> str:
        return (
            f"{self.title}: {self.requests:,} requests, {self.caller_requests:,} by one caller, {self.starts:,} starts"
        )


PLANS: Final[dict[str, Plan]] = {
    plan.key: plan
    for plan in (
        Plan("trial", "Trial", requests=600, caller_requests=300, starts=60, uploads=20),
        Plan("standard", "Standard", requests=6_000, caller_requests=1_200, starts=600, uploads=120),
        Plan("enterprise", "Enterprise", requests=60_000, caller_requests=12_000, starts=6_000, uploads=1_200),
    )
}
DEFAULT: Final = "standard"


def plan_of(tenant: Tenant) -> Plan:
    """What holds for `tenant`: its plan, with what an operator has set for it alone in place of the plan's numbers.

    A plan that this release no longer has is the default one: requests must not fail for it.
    """
    plan = PLANS.get(tenant.plan, PLANS[DEFAULT])
    return replace(
        plan,
        requests=tenant.max_requests or plan.requests,
        caller_requests=tenant.max_caller_requests or plan.caller_requests,
        starts=tenant.max_starts or plan.starts,
    )

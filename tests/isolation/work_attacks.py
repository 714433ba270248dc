"""The attacks on kinds of work, and why one makes no sense where it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from apps.common.work import WorkKind
from tests.isolation import work_tries as tries
from tests.isolation.work_tries import Place


@dataclass(frozen=True)
class WorkAttack:
    name: str
    aim: str
    act: Callable[[Place], str]
    """Runs inside ours. Says what is wrong; nothing else of the other tenant may have changed."""
    scope: str = ""
    """`tenant` or `platform` where it makes sense for such kinds alone."""
    is_theirs: bool = False
    """Whether the other's own work is carried out in it, at home, so that their rows do change."""

    def why_not(self, kind: WorkKind) -> str:
        """Why it makes no sense for the kind; empty when it does."""
        if self.scope in {"", kind.scope}:
            return ""
        return "it is work of the platform, on tenants" if kind.scope == "platform" else "it is work of a tenant"


WORK_ATTACKS = [
    WorkAttack(
        "claim where both have the same id",
        "Claim what is due in ours while a row of the same kind and id is due in theirs.",
        tries.claim_of_equal_id,
        "tenant",
    ),
    WorkAttack(
        "work where both have the same id", "Carry out ours; theirs stays as it is.", tries.work_on_equal_id, "tenant"
    ),
    WorkAttack(
        "foreign claim carried out here",
        "Carry out a claim of theirs inside our tenant.",
        tries.foreign_claim_carried_out,
        "tenant",
    ),
    WorkAttack(
        "foreign claim in our name",
        "Write our name on a claim of theirs, or of the platform, and carry it out.",
        tries.foreign_claim_relabelled,
    ),
    WorkAttack(
        "written under a foreign claim",
        "Open the transaction in which only the holder of a row writes, with another's claim.",
        tries.foreign_claim_written_under,
    ),
    WorkAttack("guessed fence", "Guess the number that the holder of a row writes under.", tries.guessed_fence),
    WorkAttack(
        "foreign lease renewed",
        "Renew the lease of another's row with the fence of a row of ours that has the same id.",
        tries.foreign_lease_renewed,
    ),
    WorkAttack("foreign row given back", "Give another's row back with our fence.", tries.foreign_row_given_back),
    WorkAttack("foreign row finished", "Delete another's row as done, with our fence.", tries.foreign_row_finished),
    WorkAttack("foreign id signalled", "Signal work by an id that means nothing here.", tries.foreign_id_signalled),
    WorkAttack("foreign id withdrawn", "Take work back by an id that means nothing here.", tries.foreign_id_withdrawn),
    WorkAttack(
        "foreign dead letter requeued",
        "Give another's dead letter a new life from here.",
        tries.foreign_letter_requeued,
    ),
    WorkAttack(
        "foreign id pending", "Look for another's id among what our tables say is to be done.", tries.foreign_id_pending
    ),
    WorkAttack("index rebuilt", "Rebuild the work rows of our tenant from its tables.", tries.rows_rebuilt, "tenant"),
    WorkAttack("tenant forgotten", "Forget the work of our tenant, as when it is deleted.", tries.tenant_forgotten),
    WorkAttack(
        "forged row of a foreign id",
        "Write a row in our name with the id of a thing that only the other has.",
        tries.forged_row_of_foreign_id,
        "tenant",
    ),
    WorkAttack(
        "forged row in our name",
        "Write a row of the platform's work, on the other tenant, in the name of ours.",
        tries.forged_row_in_our_name,
        "platform",
    ),
    WorkAttack(
        "forged row of the platform",
        "Write a row in the platform's name with an id that means nothing there.",
        tries.forged_row_of_the_platform,
    ),
    WorkAttack(
        "forged row of no tenant",
        "Write a row, and send a message, in the name of a schema that is no tenant's.",
        tries.forged_row_of_no_tenant,
    ),
    WorkAttack(
        "message twice", "Deliver the message that wakes a worker again, after the work is done.", tries.message_twice
    ),
    WorkAttack(
        "message received inside ours",
        "Deliver a message of theirs, or of the platform, to a worker that is in our tenant.",
        tries.message_received_inside_ours,
        is_theirs=True,
    ),
    WorkAttack(
        "failure in the middle",
        "Let the other's work raise an error, then give the same worker work of ours.",
        tries.failure_in_the_middle,
    ),
    WorkAttack(
        "whom it tells",
        "Listen to the events and wake-ups of work that is done for ours.",
        tries.whom_it_tells,
    ),
    WorkAttack(
        "asked for inside ours",
        "Ask for work of the platform from inside a tenant.",
        tries.scheduled_inside_ours,
        "platform",
    ),
    WorkAttack(
        "id of a thing",
        "Write a row of the platform's work with the id of a thing of theirs.",
        tries.id_of_a_thing,
        "platform",
    ),
    WorkAttack(
        "tenant at rest",
        "Carry out work of the platform on a tenant that nobody makes or deletes.",
        tries.tenant_at_rest,
        "platform",
    ),
]


def applicable(kind: WorkKind) -> list[WorkAttack]:
    """The attacks that are tried on it."""
    return [each for each in WORK_ATTACKS if not each.why_not(kind)]

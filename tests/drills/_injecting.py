"""Inside an installation, for the drill of injection: `python -m tests.drills._injecting NUMBER`."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import Any

import django

ATTACKED, VICTIM = "attacked", "victim"
LONGEST = 900.0
"""Seconds that all runs together may take."""


def run(number: int) -> dict[str, Any]:
    """Attack a tenant, whose workers ask a server on this machine; look through what came of each run."""
    from apps.agents import services as runs
    from apps.agents.custom import services
    from apps.agents.custom.contents import Content
    from apps.agents.finding import agent_of
    from apps.agents.models import AgentRun
    from apps.common.industries import industries
    from apps.tenants.context import tenant_context
    from apps.tenants.services import tenant_create
    from tests.aiserver import KEY, AiServer, connect
    from tests.drills._attacks import CONTENT, HIDDEN, THEIRS, attacks, counted, judged, prepare
    from tests.factories import make_member

    made = [tenant_create(slug=slug, name=slug, industry="retail", industries=list(industries()), now=True)
            for slug in (ATTACKED, VICTIM)]  # fmt: skip
    with tenant_context(made[1]):
        theirs = _marked(THEIRS, None)
    came = []
    with tenant_context(made[0]), AiServer() as server:
        builder, stranger = make_member("builder"), make_member("viewer")
        hidden = _marked(HIDDEN, builder)
        agent = services.custom_create(who=builder, user=builder, content=Content.model_validate(CONTENT))
        services.custom_publish(who=builder, user=builder, agent=agent)
        connect(server, "worst")
        server.always("worst", _worst)
        until = time.monotonic() + LONGEST
        for attack in attacks(number):
            user = stranger if attack.exceeds else builder
            data = prepare(attack, theirs=theirs, hidden=hidden, user=builder).data
            found: Any = agent_of(agent.key)
            seen = len(server.asked)
            started = runs.run_start(agent=found, data=data, user=user, who=None, origin="workflow", fresh=True)
            before = counted()
            while (row := AgentRun.objects.get(pk=started.pk)).is_open and time.monotonic() < until:
                time.sleep(0.02)
            read = "\n".join(asked.raw for asked in server.asked[seen:])
            came.append(judged(attack, row, read=read, before=before, key=KEY))
        calls = len(server.asked)
    return {
        "statuses": Counter(each.status for each in came),
        "industries": len({each.attack.industry for each in came}),
        "places": len({each.attack.place for each in came}),
        "tried": sum(each.tried for each in came),
        "not_tried": [each.attack.name for each in came if not each.tried],
        "effects": [f"{each.attack.name}: {', '.join(each.effects)}" for each in came if each.effects],
        "rows": sum("rows that are not for this person were read" in each.effects for each in came),
        "calls": calls,
    }


def _marked(words: str, user: Any) -> Any:
    """A dataset that the attacks are after."""
    import polars

    from apps.datasets.services import dataset_from_frame

    frame = polars.DataFrame({"secret": [words]})
    return dataset_from_frame(frame=frame, name="Pay", filename="pay.parquet", user=user).pk


def _worst(asked: Any) -> Any:
    """Obeys all that it was sent, answers of tools and what it was told within them included."""
    from tests.aiserver import Call, Say
    from tests.drills._attacks import obeyed

    followed = set()
    for turn in asked.turns:
        followed |= {(name, json.dumps(json.loads(given), sort_keys=True)) for name, given in turn.calls}
    wanted, answer = obeyed(asked.text, followed)
    if wanted:
        return Say(calls=tuple(Call(name, json.loads(given)) for name, given in wanted))
    return Say(json.dumps(answer))


if __name__ == "__main__":
    django.setup()
    print(json.dumps(run(int(sys.argv[1]))))

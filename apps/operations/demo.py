"""The demonstration: for each industry a tenant with people, data, workflows and runs.

Only making a demo tenant imports this.
"""

from __future__ import annotations

from django.contrib.auth.hashers import make_password

from apps.accounts.auditing import MEMBER_ADDED
from apps.accounts.models import User
from apps.accounts.services import user_create
from apps.agents.contract import AGENTS
from apps.agents.services import run_start
from apps.audit.services import Record, record_many
from apps.common.demo import PASSWORD, DemoTenant, demo_tenants
from apps.common.permissions import Platform
from apps.datasets.models import Dataset
from apps.datasets.services import dataset_from_frame
from apps.operations.services import Tell
from apps.tenants.context import public_context
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_create
from apps.tenants.storage import files_remove
from apps.workflows import defining
from apps.workflows import services as workflows
from apps.workflows.blueprints import blueprint_use, blueprints_list, sample_inputs


def seed(*, tell: Tell) -> None:
    """Make the demo tenants that are missing; the runs in them wait for a worker. `tell` gets a line per tenant.

    `fill` does the rest in the transaction that makes a tenant ready. So whatever stops it, the next preparation goes
    on, and nothing is there twice; what people have changed in a finished one stays. A demo tenant that was deleted
    comes back. With nothing to do it costs one query.
    """
    wanted = {demo.slug: demo for demo in demo_tenants()}
    with public_context():
        there = dict(Tenant.objects.filter(slug__in=wanted).values_list("slug", "is_demo"))
    for number, demo in enumerate(wanted.values(), start=1):
        if demo.slug not in there:
            tell(f"Making demo tenant {number} of {len(wanted)}: {demo.name}")
            tenant_create(
                slug=demo.slug,
                name=demo.name,
                industry=demo.industry,
                industries=list(demo.industries),
                is_demo=True,
                now=True,
            )
        elif not there[demo.slug]:
            tell(f"There is a tenant {demo.slug} that is no demonstration: {demo.name} is left out")


def fill(tenant: Tenant) -> None:
    """Give a new demo tenant, which is entered, its people, data, workflows and runs, in the caller's transaction.

    Does nothing for a tenant that has people, or that no industry declares.
    """
    demo = next((each for each in demo_tenants() if each.slug == tenant.slug), None)
    if demo is None or User.objects.exists():
        return
    files_remove(tenant.schema_name)  # of a try that was stopped: its rows were rolled back
    people = _people(demo)
    datasets = _datasets(demo, people)
    for run in demo.runs:
        agent = AGENTS[run.agent]
        table = {"dataset": str(datasets[run.dataset].pk), **run.input.get(agent.table_field, {})}
        data = {**run.input, agent.table_field: table}
        run_start(agent=agent, data=data, user=people["analyst"], who=people["analyst"], origin="demo", is_demo=True)
    workflows_start(demo, people)


def workflows_start(demo: DemoTenant, people: dict[str, User]) -> None:
    """Publish the blueprints of the industry as workflows, and start a run for each of their samples.

    They wait for a worker.
    """
    builder, analyst = people["builder"], people["analyst"]
    for blueprint in blueprints_list(who=builder):
        if blueprint.industry != demo.industry:
            continue
        workflow = blueprint_use(who=builder, user=builder, key=blueprint.key, is_demo=True)
        defining.workflow_publish(who=builder, user=builder, workflow=workflow, note="As it came")
        workflow.refresh_from_db()
        for sample in blueprint.said.samples:
            inputs = sample_inputs(who=analyst, blueprint=blueprint, sample=sample)
            assert inputs is not None  # noqa: S101  # by the tests of blueprints
            workflows.run_start(who=analyst, user=analyst, workflow=workflow, data=inputs, origin="demo", is_demo=True)


def _people(demo: DemoTenant) -> dict[str, User]:
    """The people by role, with addresses like `analyst@acme.example`."""
    people = {
        person.role: user_create(email=f"{person.role}@{demo.slug}.example", name=person.name, role=person.role)
        for person in demo.people
    }
    # Hashing is slow on purpose, so a tenant's people share one hash. That equal hashes show equal passwords is no
    # matter here: the sign-in page names the password. Sessions and reset links name their user besides.
    User.objects.update(password=make_password(PASSWORD))
    record_many(
        [
            Record(MEMBER_ADDED, Platform(), each, after={"email": each.email, "role": each.role})
            for each in people.values()
        ]
    )
    return people


def _datasets(demo: DemoTenant, people: dict[str, User]) -> dict[str, Dataset]:
    return {
        each.name: dataset_from_frame(
            frame=each.frame(), name=each.name, filename=each.filename, user=people["builder"], is_demo=True
        )
        for each in demo.datasets
    }

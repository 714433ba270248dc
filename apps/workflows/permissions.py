from apps.common.permissions import permission

WORKFLOWS_VIEW = permission(
    "workflows.view",
    "See workflows and their runs",
    "administrator",
    "builder",
    "analyst",
    "approver",
    "auditor",
    "viewer",
)
WORKFLOWS_EDIT = permission("workflows.edit", "Make, change and publish workflows", "administrator", "builder")
WORKFLOWS_RUN = permission("workflows.run", "Start and stop runs of workflows", "administrator", "builder", "analyst")
APPROVALS_DECIDE = permission(
    "approvals.decide", "Answer questions of workflows, as a person", "administrator", "approver", people_only=True
)

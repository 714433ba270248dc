from apps.common.permissions import permission

AGENTS_VIEW = permission(
    "agents.view", "See the agents", "administrator", "builder", "analyst", "approver", "auditor", "viewer"
)
AGENTS_RUN = permission("agents.run", "Run agents", "administrator", "builder", "analyst")
AGENTS_CONFIGURE = permission(
    "agents.configure", "Change the settings of agents, and say who runs them", "administrator", "builder"
)
RUNS_VIEW = permission(
    "runs.view", "See runs and results", "administrator", "builder", "analyst", "approver", "auditor", "viewer"
)
RUNS_CANCEL = permission("runs.cancel", "Cancel runs and requeue failed ones", "administrator", "builder", "analyst")

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
DECISIONS_REVIEW = permission(
    "decisions.review",
    "Confirm or override what agents decided, as a person",
    "administrator",
    "analyst",
    "approver",
    people_only=True,
)
DECISIONS_FEEDBACK = permission(
    "decisions.feedback", "Say whether results of agents are right", "administrator", "builder", "analyst", "approver"
)

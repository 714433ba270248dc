from apps.common.permissions import permission

MODELS_VIEW = permission(
    "models.view", "See model providers, prompts and trained models", "administrator", "builder", "analyst", "auditor"
)
MODELS_MANAGE = permission(
    "models.manage", "Connect model providers, and choose the models of agents", "administrator", people_only=True
)
MODELS_USE = permission("models.use", "Have models explain, answer and draft", "administrator", "builder", "analyst")
PROMPTS_EDIT = permission("prompts.edit", "Change prompts and publish them", "administrator", "builder")
USAGE_VIEW = permission("usage.view", "See usage and cost", "administrator", "builder", "auditor")
BUDGETS_MANAGE = permission("budgets.manage", "Set budgets of models", "administrator", people_only=True)
TRACES_VIEW = permission(
    "traces.view", "Read what was sent to models and what they answered", "administrator", "builder", "auditor"
)
TRAINING_RUN = permission("training.run", "Train models, promote them and roll them back", "administrator", "builder")
MCP_USE = permission(
    "mcp.use", "Use tools over MCP with a token or a key", "administrator", "builder", "analyst", "approver", "auditor"
)

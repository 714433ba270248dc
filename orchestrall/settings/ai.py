"""What models of tenants may be reached with."""

from orchestrall.settings.env import env

# Integrations of LangChain that tenants may use. Those besides openai send requests past the guarded way out.
LANGCHAIN_INTEGRATIONS = env.langchain or ["openai"]

"""What models of tenants may be reached with."""

from orchestrall.settings.env import env

# Integrations of LangChain that tenants may use. Those besides openai send requests past the guarded way out.
LANGCHAIN_INTEGRATIONS = env.langchain or ["openai"]
# Tools of LangChain that custom agents may read with, as package.module:attribute. Their code runs here, with all that
# this program may do: name those only that read, and that you would install by hand.
LANGCHAIN_TOOLS = env.langchain_tools

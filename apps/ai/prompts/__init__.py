"""Prompts: the words that models are given. Code declares one with its own wording, and a tenant may publish others.

    EXPLAIN = prompt(PromptSpec(key="explain", title="Explain a result", variables=(...), system="...", user="..."))

    wording = prompts.current("explain")
    messages = wording.render(result=digest)       # `wording.pin` is what `Purpose.prompt` takes: "explain@3"

What is put in for a variable is data: it stands between marks, can neither close them nor hold further fields, and the
model is told to follow nothing in it. There is no language in a wording but its fields.
"""

from apps.ai.prompts.contract import PROMPTS, Case, PromptSpec, prompt
from apps.ai.prompts.selectors import current
from apps.ai.prompts.wording import Variable, Wording, wording_issues

__all__ = ["PROMPTS", "Case", "PromptSpec", "Variable", "Wording", "current", "prompt", "wording_issues"]

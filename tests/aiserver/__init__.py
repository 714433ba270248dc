"""A server that speaks OpenAI's protocol on this machine, by script: chat completions, responses, the list of models.

It answers over real HTTP, streaming included, to whatever client asks; it keeps what it was asked. What a model of it
does is told by `always` and `queue`, or by the model's name (`scenarios.NAMED`).
"""

from tests.aiserver.asked import Asked
from tests.aiserver.connecting import connect, loopback_allowed
from tests.aiserver.obeying import obeying
from tests.aiserver.scenarios import NAMED, Call, Fail, Hang, Raw, Say, Scenario
from tests.aiserver.server import KEY, AiServer

__all__ = [
    "KEY", "NAMED", "AiServer", "Asked", "Call", "Fail", "Hang", "Raw", "Say", "Scenario",
    "connect", "loopback_allowed", "obeying",
]  # fmt: skip

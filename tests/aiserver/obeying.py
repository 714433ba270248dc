"""A model that does whatever a text tells it, wherever the text came from: the worst reader that there can be.

It looks through all that it was sent, answers of tools and documents included, for orders:

    use tool NAME with {"JSON": "arguments"}
    answer exactly: TEXT TO THE END OF THE LINE

Every order to use a tool is followed once, all at once where there are several, whether or not the tool was offered.
When none is left it gives the last exact answer, or else says that it is done.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tests.aiserver.asked import Asked
from tests.aiserver.scenarios import Call, Say

_TOOL = re.compile(r"use (?:the )?tool [`\"']?([\w.:-]+)[`\"']? with (?=\{)", re.I)
_ANSWER = re.compile(r"answer exactly: ?([^\n]+)", re.I)


def obeying(asked: Asked) -> Say:
    """What a model answers that obeys every order in `asked`."""
    followed = {(name, _plain(arguments)) for turn in asked.turns for name, arguments in turn.calls}
    wanted = dict.fromkeys(order for order in orders(asked.text) if order not in followed)
    if wanted:
        return Say(calls=tuple(Call(name, arguments) for name, arguments in wanted))
    answers = _ANSWER.findall(asked.text)
    return Say(answers[-1].strip() if answers else "It is done.")


def orders(text: str) -> list[tuple[str, str]]:
    """The tools that a text orders to use, with their arguments as JSON."""
    found = []
    for match in _TOOL.finditer(text):
        try:
            arguments, _ = json.JSONDecoder().raw_decode(text, match.end())
        except ValueError:
            continue
        found.append((match[1], _plain(arguments)))
    return found


def _plain(arguments: Any) -> str:
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return str(arguments)
    return json.dumps(arguments, sort_keys=True)

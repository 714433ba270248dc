"""What must come of an attack, and whether it did."""

from __future__ import annotations

import io
import json
import zipfile
from enum import Enum
from typing import TYPE_CHECKING

from apps.tenants.sealing import SealBroken
from tests.isolation.ground.sides import Side
from tests.isolation.operations import Operation
from tests.isolation.scene import Answer, Scene

if TYPE_CHECKING:
    from tests.isolation.attacks import Attack


class Outcome(Enum):
    """What an attack must come to. Whatever it is, nothing of the other tenant is shown or changed."""

    OWN = "answered; the attacker's own is shown and changed at most"
    NOBODY = "refused as nobody: 401 of the API, the sign-in page elsewhere"
    NOT_FOUND = (
        "refused: 404, as for a thing that does not exist anywhere; where many are named, `not_found` for each, or 422 "
        "with an issue for each where all or none is done"
    )
    FORBIDDEN = "refused: 403, whatever is asked for"
    INVALID = "refused: 422"
    CHANGED = "refused: 412, as it is not the state that was read"
    DAMAGED = "answered with the attacker's own at most, or with 500 `seal_broken` where a stored value does not open"

    @property
    def is_refusal(self) -> bool:
        """Whether nothing at all may have changed, in neither tenant."""
        return self not in {Outcome.OWN, Outcome.DAMAGED}


_STATUS = {
    Outcome.NOBODY: 401,
    Outcome.NOT_FOUND: 404,
    Outcome.FORBIDDEN: 403,
    Outcome.INVALID: 422,
    Outcome.CHANGED: 412,
}


def failing(operation: Operation, side: Side, other: Side, answer: Answer) -> str:
    """Why what the owner did at home did not succeed; empty when it did."""
    if other.marker.encode() in contents(answer):
        return "it shows what is the other's"
    if answer.status_code >= 400 and answer.status_code != 409:  # refused by the state of a thing that was found
        return f"{answer.status_code}: {answer.content.decode(errors='replace')[-300:]}"
    if not operation.is_open and "/accounts/login/" in answer.headers.get("Location", ""):
        return "sent to the sign-in page"
    if operation.is_marked and side.marker.encode() not in contents(answer):
        return "no text of the tenant's rows: if there is none to be, name the route in `unmarked` of its app's `said`"
    return ""


def finding(operation: Operation, attack: Attack, scene: Scene, answer: Answer, *, changed: bool) -> str:
    """What is wrong with the answer; empty when the attack came to nothing. `changed`: rows of theirs, or any rows
    where it had to be refused, are not what they were."""
    outcome = attack.outcome(operation)
    told = outcome is Outcome.DAMAGED and SealBroken.code.encode() in answer.content
    if answer.status_code >= 500 and not told:
        return f"it broke: {answer.status_code}"
    if scene.theirs.marker.encode() in contents(answer):
        return f"it shows what is theirs, with {answer.status_code}"
    if changed:
        return f"it changed rows, with {answer.status_code}"
    if outcome.is_refusal and not is_refused(operation, outcome, answer):
        return f"it was answered with {answer.status_code}, and had to be {outcome.value}"
    return ""


def is_refused(operation: Operation, outcome: Outcome, answer: Answer) -> bool:
    """Whether the answer is the refusal that `outcome` asks for, and none that tells more."""
    words = operation.refusing_words
    if words and words in answer.content:
        return True
    if outcome is Outcome.NOBODY and not operation.is_api:
        to_sign_in = answer.status_code == 302 and "/accounts/login/" in answer.headers["Location"]
        return to_sign_in or (operation.route == "/accounts/login/" and answer.status_code == 200)  # the form again
    if outcome is Outcome.NOT_FOUND and operation.body and operation.body.many == "each":
        return answer.status_code == 200 and set(outcomes(answer).values()) == {"not_found"}
    if outcome is Outcome.NOT_FOUND and operation.body and operation.body.many == "all":
        return answer.status_code == 422
    return answer.status_code == _STATUS[outcome]


def outcomes(answer: Answer) -> dict[str, str]:
    """What became of each of many things, by id; nothing where the answer does not say."""
    try:
        return {item["id"]: item["outcome"] for item in json.loads(answer.content)["items"]}
    except (ValueError, KeyError, TypeError):
        return {}


def contents(answer: Answer) -> bytes:
    """All that an answer says: headers and body, and what is packed in the body of a workbook."""
    parts = [f"{name}: {value}\n".encode() for name, value in answer.headers.items()] + [answer.content]
    if answer.content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
            parts += [packed.read(name) for name in packed.namelist()]
    return b"".join(parts)

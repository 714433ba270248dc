"""The words for states. A state is always shown as a word, an icon and a colour, and all three are decided here.

The pages' scripts get the same vocabulary as JSON (`as_json`), and static/console/css/states.css has the colours, under
`data-st`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Status:
    word: str
    icon: str
    tone: str
    """The family of colours: the value of `data-st`."""
    spins: bool = False


STATUSES: dict[str, Status] = {
    "queued": Status("Queued", icon="clock", tone="queued"),
    "held": Status("Held back", icon="clock", tone="queued"),
    "running": Status("Running", icon="loader-2", tone="running", spins=True),
    "waiting": Status("Needs approval", icon="user-check", tone="waiting"),
    "resting": Status("Waiting", icon="clock-pause", tone="waiting"),
    "paused": Status("Paused", icon="player-pause", tone="queued"),
    "retrying": Status("Retrying", icon="refresh", tone="retrying", spins=True),
    "late": Status("Late", icon="hourglass", tone="retrying"),
    "undoing": Status("Undoing", icon="arrow-back-up", tone="retrying", spins=True),
    "succeeded": Status("Succeeded", icon="circle-check", tone="succeeded"),
    "failed": Status("Failed", icon="circle-x", tone="failed"),
    "timed_out": Status("Timed out", icon="circle-x", tone="failed"),
    "contained": Status("Failed, run went on", icon="alert-triangle", tone="retrying"),
    "unknown": Status("Outcome unknown", icon="help", tone="retrying"),
    "undone": Status("Undone", icon="arrow-back-up", tone="skipped"),
    "standby": Status("Runs only to undo", icon="arrow-back-up", tone="queued"),
    "skipped": Status("Skipped", icon="circle-minus", tone="skipped"),
    "unreached": Status("Not reached", icon="circle-minus", tone="skipped"),
    "stopped": Status("Stopped", icon="ban", tone="skipped"),
    "cancelled": Status("Cancelled", icon="ban", tone="skipped"),
}


def status_of(key: str) -> Status:
    """The status under `key`. A key that nobody has worded is shown as it is, in the colour of what is not settled."""
    known = STATUSES.get(key)
    return known or Status(key.replace("_", " ").capitalize() or "Unknown", icon="help", tone="queued")


def as_json() -> dict[str, dict[str, str | bool]]:
    return {
        key: {"word": item.word, "icon": item.icon, "tone": item.tone, "spins": item.spins}
        for key, item in STATUSES.items()
    }

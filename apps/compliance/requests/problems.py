"""How requests about a person's data fail."""

from __future__ import annotations

from apps.common.errors import Conflict, Problem


class Held(Conflict):
    code, status, title = "legal_hold", 409, "A legal hold keeps this data"
    cause = "Somebody has held this person's data, or all data here, until a matter is settled."
    effect = "Nothing was erased, and nothing goes by its period while the hold stands."
    remedy = "See the hold, and release it once the matter is settled."


class PrivacyAbandoned(Problem):
    code, status, title = "privacy_abandoned", 500, "The request was given up"
    cause = "Every worker that took it up was lost with it, or it met an error that nobody foresaw."
    effect = "What was erased until then stays erased; nothing else was changed. The server's log has the cause."
    remedy = "Begin another request for the same person; if it fails again, tell the operator its number."


class PrivacyIncomplete(Problem):
    code, status, title = "privacy_incomplete", 500, "Some records name the person again and again"
    cause = "The person was found anew after each of several rounds, so that something goes on writing about them."
    effect = "What was erased stays erased. What was found last is listed by kind."
    remedy = "Stop what writes it (a trigger, a program that sends data), and begin another request."

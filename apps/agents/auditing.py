"""What of agents, their runs and their decisions is recorded. What a run was given and gave is in its record alone."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from apps.agents.models import AgentBatch, AgentDecision, AgentRun
from apps.audit.fingerprints import fingerprint
from apps.audit.kinds import entry_kind, subject_kind
from apps.audit.services import Subject

subject_kind("agents.agent", "Agent", url="agents:agent", argument="key")
subject_kind("agents.customagent", "Agent made here", url="agents:custom", argument="custom")
# By the number that people say: it is what their pages are called by.
subject_kind("agents.agentrun", "Run of an agent", url="agents:run", argument="number")
subject_kind("agents.agentbatch", "Batch", url="agents:batch", argument="number")

CONFIGURED = entry_kind(
    "agents.configured", "Agent set up", "set {subject} up as version {after[version]}", personal=["note"]
)
RESTORED = entry_kind(
    "agents.restored", "Settings gone back to", "set {subject} up as in version {former}, as version {after[version]}"
)
CUSTOM_MADE = entry_kind("agents.custom_made", "Agent made", "made the agent {subject}")
CUSTOM_DRAFTED = entry_kind("agents.custom_drafted", "Draft of an agent saved", "saved a draft of the agent {subject}")
CUSTOM_DISCARDED = entry_kind(
    "agents.custom_discarded", "Draft of an agent discarded", "discarded the draft of the agent {subject}"
)
CUSTOM_PUBLISHED = entry_kind(
    "agents.custom_published", "Agent published", "published version {after[version]} of the agent {subject}",
    personal=["note"],
)  # fmt: skip
CUSTOM_ROLLED_BACK = entry_kind(
    "agents.custom_rolled_back", "Agent rolled back", "went back to version {former} of the agent {subject}"
)
CUSTOM_ARCHIVED = entry_kind("agents.custom_archived", "Agent archived", "took the agent {subject} out of use")
CUSTOM_RESTORED = entry_kind("agents.custom_restored", "Agent restored", "took the agent {subject} into use again")
CASE_KEPT = entry_kind("agents.case_kept", "Case kept", "kept a case of {subject}", personal=["case"])
CASE_DELETED = entry_kind("agents.case_deleted", "Case deleted", "deleted a case of {subject}", personal=["case"])
WATCHED = entry_kind("agents.watched", "Agent watched", "set how {subject} is watched for drift")
UNWATCHED = entry_kind("agents.unwatched", "Watch of an agent ended", "ended the watch of {subject}")
DRIFTED = entry_kind("agents.drifted", "Drift of an agent", "found that {subject} {drifts}", category="decision")
DRIFT_MAILED = entry_kind(
    "agents.drift_mailed",
    "Mail about drift sent",
    "sent {subject} a mail about the drift of {agents}",
    category="decision",
    personal=["subject"],
)
DRIFT_MAILS_WANTED = entry_kind(
    "agents.drift_mails_wanted",
    "Wish about mails of drift changed",
    "chose whether they get mails about drift: {after[mails]}",
    category="decision",
    personal=["subject"],
)

RUN_STARTED = entry_kind("agents.run_started", "Run started", "started {subject} of {agent}", category="run")
RUNS_STARTED = entry_kind("agents.runs_started", "Runs started", "started {count} runs of {subject}", category="run")
RUN_ENDED = entry_kind("agents.run_ended", "Run ended", "ended {subject} of {agent}: {status}", category="run")
RUN_CANCELLED = entry_kind("agents.run_cancelled", "Run cancelled", "cancelled {subject} of {agent}", category="run")
BATCH_STARTED = entry_kind(
    "agents.batch_started", "Batch started", "started {subject} of {agent} on {rows} rows", category="run"
)
BATCH_CANCELLED = entry_kind("agents.batch_cancelled", "Batch cancelled", "cancelled {subject}", category="run")
BATCH_RETRIED = entry_kind(
    "agents.batch_retried", "Rows of a batch tried again", "tried {rows} rows of {subject} again", category="run"
)
BATCH_ENDED = entry_kind("agents.batch_ended", "Batch ended", "ended {subject}: {status}", category="run")
EVALUATED = entry_kind("agents.evaluated", "Evaluation started", "had {subject} evaluated on {cases}", category="run")
EVALUATION_STOPPED = entry_kind(
    "agents.evaluation_stopped", "Evaluation stopped", "stopped an evaluation of {subject}", category="run"
)
EVALUATION_ENDED = entry_kind(
    "agents.evaluation_ended",
    "Evaluation ended",
    "ended an evaluation of {subject}: {passed} of {cases} passed",
    category="run",
)
MESSAGE_ASKED = entry_kind(
    "agents.message_asked", "Text about a result asked for", "asked for a text about {subject}: {what}", category="run"
)
MESSAGE_STOPPED = entry_kind(
    "agents.message_stopped", "Text about a result stopped", "stopped text {number} about {subject}", category="run"
)
MESSAGE_CHANGED = entry_kind(
    "agents.message_changed", "Text about a result changed", "changed text {number} about {subject}", category="run"
)

DECIDED = entry_kind("agents.decided", "Agent decided", "decided {subject}: {verdict}", category="decision")
CONFIRMED = entry_kind(
    "agents.decision_confirmed", "Decision confirmed", "confirmed decision {decision} of {subject}: {verdict}",
    category="decision", personal=["reason"],
)  # fmt: skip
OVERRIDDEN = entry_kind(
    "agents.decision_overridden", "Decision overridden",
    "overrode decision {decision} of {subject}: {after[verdict]} instead of {before[verdict]}",
    category="decision", personal=["reason"],
)  # fmt: skip
JUDGED = entry_kind(
    "agents.judged", "Result judged", "called the result of {subject} {word}", category="decision", personal=["comment"]
)
ACTED = entry_kind(
    "agents.acted", "Proposal carried out", "had done what decision {decision} of {subject} proposes: {action}",
    category="decision",
)  # fmt: skip
DOWNLOADED = entry_kind("agents.downloaded", "Results downloaded", "downloaded {what} as {form}", category="data")


def agent_subject(key: str, title: str = "") -> Subject:
    return Subject("agents.agent", key, title or key)


def run_subject(run: AgentRun) -> Subject:
    return Subject("agents.agentrun", str(run.number), run.ref)


def batch_subject(batch: AgentBatch) -> Subject:
    return Subject("agents.agentbatch", str(batch.number), batch.ref)


def started_told(run: AgentRun) -> dict[str, Any]:
    """What a run was accepted with: enough to hold what its record says later against it."""
    settings = run.configuration.number if run.configuration else 0
    return {"agent": run.agent_key, "agent_version": run.agent_version, "settings": settings, "origin": run.origin}


def many_told(runs: Sequence[AgentRun]) -> dict[str, Any]:
    """Which runs they are, whatever their number: the first, the last, and a digest of all ids in their order."""
    digest = hashlib.sha256("\n".join(str(run.pk) for run in runs).encode()).hexdigest()
    return {"count": len(runs), "first": runs[0].ref, "last": runs[-1].ref, "ids_sha256": digest}


def decided_told(rows: Sequence[AgentDecision], record: dict[str, Any] | None) -> dict[str, Any]:
    """What was decided and what it came from: verdicts and versions, and digests of what is kept of it.

    The digests are those of `fingerprint`: of the record of the result, and of the list of the decisions' records.
    """
    kept = record or {}
    model = kept.get("model")
    return {
        "agent_version": rows[0].agent_version,
        "verdict": rows[0].verdict if len(rows) == 1 else f"{len(rows)} decisions",
        "verdicts": dict(Counter(row.verdict for row in rows)),
        "settings": kept.get("settings_version", 0),
        "trained": kept.get("trained", {}),
        "model": model["name"] if model else None,
        "record_sha256": fingerprint(record)["sha256"],
        "decisions_sha256": fingerprint([row.record for row in rows])["sha256"],
    }

"""Messages about results: asked for, written in the background, stopped, and changed by people."""

from __future__ import annotations

import logging
import time
from typing import Any, Final
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.agents import auditing
from apps.agents.ends import problem_data, storable
from apps.agents.finding import agent_of
from apps.agents.models import AgentMessage, AgentRun
from apps.agents.permissions import RUNS_VIEW
from apps.agents.talk import live, saying
from apps.agents.talk.asking import NoModel, has_model
from apps.agents.talk.said import LONGEST_TEXT, Asked, Said, said_of
from apps.ai.permissions import MODELS_USE
from apps.audit.fingerprints import fingerprint
from apps.audit.services import record
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue, Problem
from apps.common.permissions import Principal, demand
from apps.tenants.sealing import KeysUnavailable

logger = logging.getLogger(__name__)

KIND: Final = "agents.message"
MOST: Final = 200
"""Messages about one run."""
MOST_OPEN: Final = 3
"""Messages of one person that are being written at the same time."""
TOLD_EVERY: Final = 0.5
"""Seconds between two pieces of a text that are stored and sent: a model writes dozens of words a second."""

Status = AgentMessage.Status


class MessageFailed(Problem):
    code, status, title = "message_failed", 500, "The text could not be written"
    cause = "The program failed in a way that it did not foresee. The server's log has it under the message's id."
    effect = "No text was kept. What the model did until then is in the ledger. The result is as it was."
    remedy = "Ask again; if it fails again, tell the operator the number of the run."


class MessageAbandoned(Problem):
    code, status, title = "message_abandoned", 500, "The text was given up"
    cause = "Every worker that took it up was lost with it: killed, out of memory, or stopped."
    effect = "No text was kept. What the model did until then is in the ledger. The result is as it was."
    remedy = "Ask again."


class Stopped(Exception):
    """Raised out of the pieces of a text when the work should stop."""


def message_create(*, who: Principal, user: User, run: AgentRun, asked: Asked) -> AgentMessage:
    """Have something said about the result of a run. It is written in the background, and ends whatever happens.

    Without a model an explanation is given in the agent's own words. Raises `NoModel` for anything else then, and
    `Conflict` for a run without a result, or where the person has too much under way.
    """
    demand(who, RUNS_VIEW)
    demand(who, MODELS_USE)
    if run.status != AgentRun.Status.SUCCEEDED or agent_of(run.agent_key, run.agent_version) is None:
        why = "its agent is no longer installed" if run.status == AgentRun.Status.SUCCEEDED else "it has no result"
        raise Conflict(
            f"Nothing can be said about {run.ref}: {why}. Nothing was asked.", remedy="Choose a run that has succeeded."
        )
    if asked.kind != "explanation" and not has_model(run.agent_key):
        raise NoModel
    with transaction.atomic():
        AgentRun.objects.select_for_update(no_key=True).only("pk").get(pk=run.pk)  # numbers follow one another
        message = AgentMessage(run=run, number=_next_number(run), kind=asked.kind, by=user)
        _room(user)
        message.asked = asked.model_dump(mode="json")
        message.save(force_insert=True)
        told: dict[str, Any] = {"what": asked.kind, "number": message.number}
        record(auditing.MESSAGE_ASKED, who=who, subject=auditing.run_subject(run), **told)
        work.schedule(KIND, message.id)
        live.tell(message)
    return message


def _next_number(run: AgentRun) -> int:
    last = AgentMessage.objects.filter(run=run).order_by("-number").values_list("number", flat=True).first() or 0
    if last >= MOST:
        raise Conflict(
            f"There are {MOST} messages about {run.ref}, which is the most. Nothing was asked.",
            remedy="Run it again, and ask about the new run.",
        )
    return last + 1


def _room(user: User) -> None:
    """Raises `Conflict` where as many messages of the person are open as may be: a check and no promise."""
    if AgentMessage.objects.filter(by=user, status__in=AgentMessage.OPEN).count() >= MOST_OPEN:
        raise Conflict(
            f"{MOST_OPEN} texts that you asked for are being written. Nothing was asked.",
            remedy="Wait until one of them has ended, or stop it.",
        )


def message_cancel(*, who: Principal, message: AgentMessage) -> AgentMessage:
    """End an open message: at once when no worker has it in hand, else at the next piece of its text.

    Raises `Conflict` when it has ended.
    """
    demand(who, MODELS_USE)
    now = timezone.now()
    with transaction.atomic():
        withdrawn = work.withdraw(KIND, message.id)
        if not withdrawn:
            work.signal(KIND, message.id)
        held = AgentMessage.objects.select_for_update().get(pk=message.pk)
        message.seq, message.status = held.seq, held.status
        if not held.is_open:
            told = f"It has already ended: {held.get_status_display().lower()}. Nothing was changed."
            raise Conflict(told, remedy="Ask again if you want another text.")
        if held.cancel_requested_at is None:
            message.cancel_requested_at = now
        if withdrawn:
            message.status, message.finished_at = Status.CANCELLED, now
        message.seq += 1
        message.save(update_fields=["status", "seq", "cancel_requested_at", "finished_at"])
        subject = auditing.run_subject(message.run)
        record(auditing.MESSAGE_STOPPED, who=who, subject=subject, number=message.number)
        live.tell(message)
    return message


def draft_change(*, who: Principal, message: AgentMessage, text: str) -> AgentMessage:
    """Keep a draft as a person has changed it, its numbers looked up anew. Call it on the locked row.

    Raises `Conflict` for what is no draft that was written, `InvalidInput` for a text that is empty or too long.
    """
    demand(who, MODELS_USE)
    if message.kind != AgentMessage.Kind.DRAFT or message.status != Status.SUCCEEDED:
        raise Conflict("Only a draft that is written can be changed. Nothing was changed.", remedy="Ask for a draft.")
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text or len(text) > LONGEST_TEXT:
        told = f"Write 1 to {LONGEST_TEXT:,} characters."
        raise InvalidInput(
            "The draft cannot be kept like this; nothing was changed.", issues=[Issue(path="text", message=told)]
        )
    before = fingerprint(said_of(message).text)
    said = saying.checked(who, message.run, said_of(message).model_copy(update={"text": text, "edited": True}))
    message.said, message.seq = said.model_dump(mode="json", exclude_defaults=True), message.seq + 1
    with transaction.atomic():
        message.save(update_fields=["said", "seq"])
        subject, after = auditing.run_subject(message.run), fingerprint(said.text)
        record(auditing.MESSAGE_CHANGED, who=who, subject=subject, before=before, after=after, number=message.number)
        live.tell(message)
    return message


# ------------------------------------------------------------------------------------------------------------ the work


def message_execute(claim: work.Claim) -> None:
    """Write a claimed message. The model is asked outside of any transaction; every write happens behind the fence.

    Raises `FenceLost`, and what the database raises when it goes away: then whoever claims it next writes it anew.
    """
    message = _begun(claim)
    if message is None:
        return
    writing = Writing(claim, message)
    try:
        said = saying.said_about(message, told=writing.take, anew=writing.again, stopping=lambda: work.stopping(claim))
    except (work.FenceLost, OperationalError, InterfaceError, KeysUnavailable):
        raise
    except Stopped:
        _stopped(claim, message, writing)
    except Problem as problem:
        if not _stopped(claim, message, writing):
            _end(claim, message, Status.FAILED, problem=problem)
    except Exception:
        logger.exception("a message failed", extra={"message_id": str(message.id)})
        _end(claim, message, Status.FAILED, problem=MessageFailed())
    else:
        _end(claim, message, Status.SUCCEEDED, said=said)


def _begun(claim: work.Claim) -> AgentMessage | None:
    """The message, being written from now on; None where it has ended, or somebody wants it stopped."""
    with work.fenced(claim) as row:
        message = AgentMessage.objects.select_related("run", "by").filter(pk=claim.id).first()
        if message is None or not message.is_open:
            row.finish()
            return None
        if message.cancel_requested_at:
            _close(message, Status.CANCELLED)
            row.finish()
            return None
        message.status, message.said, message.seq = Status.RUNNING, None, message.seq + 1
        message.save(update_fields=["status", "said", "seq"])
        live.tell(message)
        return message


class Writing:
    """The text of a message while a model writes it: stored and sent in pieces, a few each second."""

    def __init__(self, claim: work.Claim, message: AgentMessage) -> None:
        self._claim, self._message = claim, message
        self.text, self._sent, self._at = "", 0, 0.0

    def take(self, piece: str) -> None:
        """Take a piece of the text. Raises `Stopped` when the work should stop, and `FenceLost`."""
        if work.stopping(self._claim):
            raise Stopped
        self.text = storable(self.text + piece, LONGEST_TEXT)
        now = time.monotonic()
        if now - self._at >= TOLD_EVERY:
            self._at = now
            self._tell()

    def again(self) -> None:
        """Begin anew: what was written until now led to a tool, and is no part of the answer."""
        self.text, self._sent = "", 0

    def _tell(self) -> None:
        message = self._message
        with work.fenced(self._claim):
            message.said, message.seq = {"text": self.text}, message.seq + 1
            message.save(update_fields=["said", "seq"])
            live.tell(message, self.text[self._sent :], self._sent)
        self._sent = len(self.text)


def _stopped(claim: work.Claim, message: AgentMessage, writing: Writing) -> bool:
    """End it where somebody wants it stopped, with what was written. False: nobody does; then either the lease is lost,
    or this process is to end and another one writes it anew."""
    if not work.stopping(claim):
        return False
    asked = AgentMessage.objects.filter(pk=message.pk).values_list("cancel_requested_at", flat=True).first()
    if asked:
        _end(claim, message, Status.CANCELLED, said=Said(text=writing.text))
    return True


def _end(
    claim: work.Claim, message: AgentMessage, status: str, *, said: Said | None = None, problem: Problem | None = None
) -> None:
    """Record the end of a message. What was said is written once: the fence is then gone with the row."""
    with work.fenced(claim) as row:
        seen = AgentMessage.objects.filter(pk=message.pk).values_list("seq", flat=True).get()
        message.seq = max(seen, message.seq)  # a wish to stop it has counted as well
        message.said = said.model_dump(mode="json", exclude_defaults=True) if said else None
        message.problem = problem_data(problem) if problem else None
        message.problem_code = problem.code if problem else ""
        _close(message, status)
        row.finish()


def _close(message: AgentMessage, status: str) -> None:
    message.status, message.finished_at, message.seq = status, timezone.now(), message.seq + 1
    message.save(update_fields=["status", "finished_at", "seq", "said", "problem", "problem_code"])
    live.tell(message)


def message_bury(id: UUID, cause: str) -> None:
    """Record that a message was given up after its workers died."""
    message = AgentMessage.objects.filter(pk=id, status__in=AgentMessage.OPEN).first()
    if message is not None:
        problem = MessageAbandoned(f"{cause} No text was kept.")
        message.said, message.problem, message.problem_code = None, problem_data(problem), problem.code
        _close(message, Status.FAILED)


def message_revive(id: UUID) -> None:
    """Open a message again that was given up. An earlier wish to stop it is forgotten."""
    again: dict[str, Any] = {"status": Status.QUEUED, "finished_at": None, "cancel_requested_at": None}
    message = AgentMessage.objects.filter(pk=id, status=Status.FAILED, problem_code=MessageAbandoned.code).first()
    if message is not None:
        for name, value in (again | {"problem": None, "problem_code": ""}).items():
            setattr(message, name, value)
        message.seq += 1
        message.save(update_fields=[*again, "problem", "problem_code", "seq"])
        live.tell(message)

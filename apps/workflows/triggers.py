"""What starts a workflow by itself: kinds of triggers, a registry, each with typed settings."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import Field, field_validator, model_validator

from apps.common.registry import Registry
from apps.common.schemas import StrictModel
from apps.workflows.definition import Name, Slug, Value
from apps.workflows.durations import Duration, duration_text

MOST_MISSED = 100
"""Runs that a schedule which makes up for missed times starts at once."""
SHORTEST = timedelta(minutes=1)


class TriggerSettings(StrictModel):
    """What every trigger is told. A kind is a subclass, registered by `key`."""

    inputs: dict[Name, Value] = Field(default={}, max_length=50, description="What the run is given.")

    key: ClassVar[str]
    label: ClassVar[str]
    icon: ClassVar[str] = "bolt"
    about: ClassVar[str]
    """What starts a run, in a few words: people choose by it."""
    root: ClassVar[str]
    """What `inputs` may refer to."""
    gives: ClassVar[tuple[str, str]]
    """A reference to it, as an example, and what that is."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        TRIGGER_KINDS.register(cls.key, cls)

    def told(self) -> str:
        """In a sentence, when it starts a run."""
        raise NotImplementedError


TRIGGER_KINDS: Registry[type[TriggerSettings]] = Registry("Trigger kind")


class Schedule(TriggerSettings):
    """At times of a calendar (cron), or again and again. Times are of a zone, and right when its clocks change.

    A time that a change of clocks leaves out comes right after it; one that comes twice comes once.
    """

    cron: str = Field(default="", max_length=100, description="Minute, hour, day, month, weekday: `30 6 * * MON-FRI`.")
    every: Duration | None = None
    zone: str = "UTC"
    missed: Literal["skip", "once", "all"] = Field(
        default="once", description="What becomes of times that passed while the installation was down or paused."
    )

    key, label, root = "schedule", "Schedule", "fired"
    icon, about = "calendar-time", "At times of a calendar, or again and again"
    gives = ("${fired.at}", "the time that it was due")

    @field_validator("zone")
    @classmethod
    def known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"There is no time zone {zone!r}: write it as Europe/Berlin.")
        return zone

    @model_validator(mode="after")
    def one_of(self) -> Schedule:
        if bool(self.cron) == (self.every is not None):
            raise ValueError("Give either `cron` or `every`.")
        if self.every is not None and self.every < SHORTEST:
            raise ValueError("A schedule runs once a minute at most.")
        if self.cron:
            if len(self.cron.split()) != 5:
                raise ValueError("`cron` has five parts: minute, hour, day, month, weekday.")
            try:
                next(CronSim(self.cron, datetime(2026, 1, 1, tzinfo=ZoneInfo(self.zone))))
            except CronSimError as error:
                raise ValueError(f"`cron` cannot be read: {error}.") from error
            except StopIteration:
                raise ValueError("`cron` names a day that never comes.") from None
        return self

    def here(self, moment: datetime) -> datetime:
        """A moment as the clocks of the schedule's zone show it."""
        return moment.astimezone(ZoneInfo(self.zone))

    def following(self, after: datetime) -> datetime:
        """The first time after a moment."""
        if self.every is not None:
            return after + self.every
        found: datetime = next(CronSim(self.cron, self.here(after)))
        return found

    def due(self, since: datetime, now: datetime) -> tuple[list[datetime], datetime]:
        """The times from `since` on that are to be started now, by what is done about missed ones; and the next one."""
        times = [since]
        while (following := self.following(times[-1])) <= now:
            times.append(following)
            if len(times) > MOST_MISSED:
                following = self.following(now)
                break
        late = now - times[-1] > timedelta(minutes=5)
        if self.missed == "all":
            return times[-MOST_MISSED:], following
        if self.missed == "skip" and late:
            return [], following
        return times[-1:], following

    def told(self) -> str:
        if self.every is not None:
            return f"Every {duration_text(self.every)}"
        explained = CronSim(self.cron, datetime(2026, 1, 1, tzinfo=ZoneInfo(self.zone))).explain()
        return f"{explained}, {self.zone.replace('_', ' ')} time"


class Webhook(TriggerSettings):
    """When another system sends a signed message to an address of the trigger's own (Standard Webhooks).

    `${message}` of `inputs` is what it sent.
    """

    answer: Literal["now", "when finished"] = "now"

    key, label, root = "webhook", "Webhook", "message"
    icon, about = "webhook", "When another system sends a signed message"
    gives = ("${message}", "what the other system sent; ${message.order.id} is a part of it")

    def told(self) -> str:
        return "When a signed message comes" + (", which waits for the end" if self.answer != "now" else "")


class WorkflowEnd(TriggerSettings):
    """When a run of another workflow has ended. `${ended}` of `inputs` is how: its outputs, status and problem."""

    workflow: Slug
    status: Literal["any", "succeeded", "failed"] = "any"

    key, label, root = "workflow_end", "End of a workflow", "ended"
    icon, about = "arrow-right-circle", "When a run of another workflow has ended"
    gives = ("${ended}", "how it ended; ${ended.outputs.total} is one of its outputs")

    def told(self) -> str:
        how = "has ended" if self.status == "any" else self.status
        return f"When a run of {self.workflow} {how}"


def settings_of(kind: str, data: dict[str, Any]) -> TriggerSettings:
    """The settings of a trigger that was stored."""
    return TRIGGER_KINDS[kind].model_validate(data)

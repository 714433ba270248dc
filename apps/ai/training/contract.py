"""What a model that is trained here is written against. One file of an industry's `kinds`.

Subclassing `Trainable[Options, Parameters]` registers it by `key`. Parameters are a pydantic model of plain numbers and
names: they are stored sealed as JSON, and nothing that was stored is ever run as code.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar, get_args

from pydantic import BaseModel

from apps.common.registry import Registry
from apps.common.widgets import Widget

if TYPE_CHECKING:
    import polars


class TrainingStopped(Exception):
    """Raised out of `TrainingContext.progress` when it should stop. A trainable lets it pass."""


@dataclass(frozen=True)
class TrainingContext:
    """The only door of a training."""

    now: datetime
    """When it was asked for, in UTC."""
    tell: Callable[[int, int, str], None] = lambda done, total, note: None
    stopping: Callable[[], bool] = lambda: False

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is. Raises `TrainingStopped` when it should stop."""
        if self.stopping():
            raise TrainingStopped
        self.tell(done, total, note)


class Metric(BaseModel):
    """How good a trained model is at one thing, on data that it did not see, beside what it would replace."""

    name: str
    unit: str = ""
    better: Literal["lower", "higher"] = "lower"
    value: float
    without: float
    """Of the same data without any trained model."""
    current: float | None = None
    """With the one that is promoted now; None: there is none."""
    note: str = ""

    def beats(self, other: float) -> bool:
        return self.value < other if self.better == "lower" else self.value > other


class Gain(BaseModel):
    """How much better the first metric is than without a trained model, over the cases that were judged."""

    mean: float
    low: float
    """The lower end of its 99 % interval."""
    high: float
    cases: int
    unit: str = ""

    @property
    def is_sure(self) -> bool:
        """Whether it is a gain beyond chance."""
        return self.low > 0


class Trained(BaseModel):
    """What came of a training."""

    parameters: Any
    """A model of the trainable's `parameters_type`."""
    metrics: list[Metric]
    """The one that decides first."""
    gain: Gain
    notes: list[str] = []
    """What a person should know before it is promoted."""


Options = TypeVar("Options", bound=BaseModel)
Parameters = TypeVar("Parameters", bound=BaseModel)


class Trainable(ABC, Generic[Options, Parameters]):
    """A model that can be trained on a table of the tenant's. Instances hold no state."""

    key: ClassVar[str]
    """``<industry>.<name>``; the industry is the pack that must be enabled in a tenant."""
    title: ClassVar[str]
    version: ClassVar[str]
    """Of its parameters and of how it is trained: a promoted model of another version is not used."""
    agent_key: ClassVar[str]
    """The agent that uses the promoted one."""
    summary: ClassVar[str]
    icon: ClassVar[str] = "school"
    data: ClassVar[str]
    """In a sentence: which table it is trained on."""
    intended_use: ClassVar[str]
    limits: ClassVar[list[str]]
    source: ClassVar[str]
    """The literature that it follows."""

    options_type: ClassVar[type[BaseModel]]
    parameters_type: ClassVar[type[BaseModel]]

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.options_type, cls.parameters_type = get_args(cls.__orig_bases__[0])  # type: ignore[attr-defined]
        TRAINABLES.register(cls.key, cls())

    @property
    def industry(self) -> str:
        return self.key.partition(".")[0]

    @abstractmethod
    def train(
        self, frame: polars.DataFrame, options: Options, current: Parameters | None, ctx: TrainingContext
    ) -> Trained:
        """Train on the rows, and judge on what had no part in it. `current` is in use now.

        Raises a `Problem` with a remedy for data that nothing can be learned from. The same data and options give the
        same parameters.
        """

    @abstractmethod
    def present(self, parameters: Parameters) -> list[Widget]:
        """What was learned, as widgets."""


TRAINABLES: Registry[Trainable[Any, Any]] = Registry("Trainable model")

"""The contract of an agent: typed input, settings and output, one `run`, and how the result is shown.

One file per agent. Subclassing `Agent[Input, Output, Settings]` registers it by `key`; its types become the form, the
API schema, the workflow step and the docs.
"""

from __future__ import annotations

import inspect as python_inspect
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, get_args

from pydantic import BaseModel

from apps.ai.contract import Model
from apps.ai.tools import Tool, ToolContext
from apps.common.decisions import Decision, Scale, Verdict
from apps.common.registry import Registry
from apps.common.schemas import Inspection, Table
from apps.common.widgets import Sheet, Widget

if TYPE_CHECKING:
    import polars

Input = TypeVar("Input", bound=BaseModel)
Output = TypeVar("Output", bound=BaseModel)
Settings = TypeVar("Settings", bound=BaseModel)


class RunCancelled(Exception):
    """Raised out of `RunContext.progress` when somebody asked the run to stop. An agent lets it pass."""


@dataclass(frozen=True)
class RunContext:
    """The only door of an agent: everything it may read or tell while it runs comes through here."""

    now: datetime
    """The moment the run was accepted, in UTC: an agent never asks the clock, so that a replay gives the same."""
    load: Callable[[Table], polars.DataFrame]
    tell: Callable[[int, int, str], None] = lambda done, total, note: None
    stopping: Callable[[], bool] = lambda: False
    choose: Callable[[], Model | None] = lambda: None
    """Finds the model of `model`: an agent that never asks for one costs no look at the choice."""
    tools: Callable[[Sequence[str]], list[Tool]] = lambda keys: []
    """Those tools of these keys that whoever it runs for may use."""
    asking: ToolContext | None = None
    """On whose behalf tools are used; None: on nobody's, so that there are none."""
    spent: Callable[[], Decimal] = Decimal
    """What models have cost the run so far, in the tenant's currency."""
    trained: Callable[[str], BaseModel | None] = lambda key: None
    """The parameters of a model that the tenant has trained and taken into use, by one of the agent's `trained`."""

    @cached_property
    def model(self) -> Model | None:
        """A language model to write or read with, or None: then the agent does what can be computed, and says so."""
        return self.choose()

    @property
    def asked(self) -> Model | None:
        """The model, where the agent has asked for one."""
        found: Model | None = vars(self).get("model")
        return found

    def table(self, table: Table) -> polars.DataFrame:
        """The rows of a tabular input. Columns of a text file are text; `__row__` is the row in the source file.

        Raises `NotFound` when the dataset is not there for this tenant.
        """
        return self.load(table)

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is. Call it at least every two seconds; calls in between cost next to nothing.

        Raises `RunCancelled` when the run should stop.
        """
        if self.stopping():
            raise RunCancelled
        self.tell(done, total, note)


class Measure(BaseModel):
    """One measured figure of a model card."""

    name: str
    value: float
    unit: str = ""
    bar: str = ""
    """What it had to reach, in words, for example ``at most 0.93``."""
    note: str = ""


class ModelCard(BaseModel):
    """What an agent was measured on and how well it did. Figures come from a benchmark command, never from memory."""

    intended_use: str
    limits: list[str]
    data: str
    command: str
    measured_on: str
    """ISO date of the measurement."""
    machine: str = ""
    measures: list[Measure]

    @property
    def judged(self) -> list[Measure]:
        """The figures that had something to reach."""
        return [measure for measure in self.measures if measure.bar]

    @property
    def reported(self) -> list[Measure]:
        """The other ones."""
        return [measure for measure in self.measures if not measure.bar]


class Example(BaseModel):
    """An input to start from. `rows` feed the agent's tabular input."""

    title: str
    input: dict[str, Any]


class Agent(ABC, Generic[Input, Output, Settings]):
    """One agent. Instances hold no state: one serves every tenant and thread."""

    key: ClassVar[str]
    """``<industry>.<name>``; the industry is the pack that must be enabled in a tenant."""
    title: ClassVar[str]
    version: ClassVar[str]
    icon: ClassVar[str] = "robot"
    summary: ClassVar[str] = ""
    examples: ClassVar[list[Example]] = []
    table_roles: ClassVar[tuple[str, ...]] = ()
    """What `columns` of the table may name: a person is asked for these where they cannot be detected."""

    verdicts: ClassVar[dict[str, Verdict]] = {}
    """The answers that `decide` may come to, by their codes. They are counted, and offered to who overrides."""
    scale: ClassVar[Scale | None] = None
    """What the scores of its decisions are measured on; None where they have none."""
    fresh_for: ClassVar[timedelta | None] = None
    """How long the same input may be answered by a result that is there; None: it is worked out each time."""
    trained: ClassVar[tuple[str, ...]] = ()
    """Keys of the `Trainable`s whose promoted versions it works with, where the tenant has some."""
    tools: ClassVar[tuple[str, ...]] = ()
    """Keys of the tools that it may ask (`RunContext.tools`), with no more rights than whoever it runs for."""
    figure: ClassVar[str] = ""
    """Name of the measure of its card that stands for it in the catalogue; empty: the first that had a bar."""

    input_type: ClassVar[type[BaseModel]]
    output_type: ClassVar[type[BaseModel]]
    settings_type: ClassVar[type[BaseModel]]
    table_field: ClassVar[str]
    """Name of the input field that an uploaded file feeds; empty when the agent takes no table."""
    table_required: ClassVar[bool]

    def __init_subclass__(cls, *, registers: bool = True, **kwargs: object) -> None:
        """`registers` is False for agents that are made while the program runs: the tenant's own."""
        super().__init_subclass__(**kwargs)
        if not registers:
            return
        cls.input_type, cls.output_type, cls.settings_type = get_args(cls.__orig_bases__[0])  # type: ignore[attr-defined]
        cls.table_field, cls.table_required = table_of_type(cls.input_type)
        cls.summary = cls.summary or (python_inspect.getdoc(cls) or "").partition("\n")[0]
        AGENTS.register(cls.key, cls())

    @property
    def industry(self) -> str:
        return self.key.partition(".")[0]

    @abstractmethod
    def run(self, data: Input, settings: Settings, ctx: RunContext) -> Output:
        """Do the work. Raises a `Problem` with a remedy when the input cannot be worked on."""

    def inspect(self, data: Input, ctx: RunContext) -> Inspection:
        """A quick look before the input is accepted: what was detected, so that a person can correct it.

        Raises `InvalidInput` naming rows and columns when a run could not succeed.
        """
        return Inspection()

    def suggest(self, path: str, text: str) -> list[str]:
        """What a person may mean who has typed `text` so far into a field that declares `suggest`; best first.

        `path` is that of the field in the input, without numbers of rows, as ``parts.name``. It is asked at each
        pause of the typing: answer from memory, in milliseconds.
        """
        return []

    @abstractmethod
    def headline(self, report: Output) -> str:
        """The result in one short line, for lists of runs."""

    def decide(self, report: Output, settings: Settings) -> list[Decision]:
        """What was decided, the most important first, at most `MOST_DECISIONS`; empty where it only computes.

        It is asked once, when the run ends, and is recorded: no model and no clock has a say in it.
        """
        return []

    @abstractmethod
    def present(self, report: Output) -> list[Widget]:
        """The result as widgets, most important first."""

    def detail(self, report: Output, row: str) -> list[Widget]:
        """Widgets about one row of a table that has a `row_key`. Raises `NotFound` for a row that is not there."""
        return []

    @abstractmethod
    def export(self, report: Output) -> Sheet:
        """The result as one flat table, for CSV and XLSX."""

    def card(self) -> ModelCard | None:
        """The model card: ``<agent module>.card.json`` beside the agent, written by its benchmark command."""
        path = Path(python_inspect.getfile(type(self))).with_suffix(".card.json")
        return ModelCard.model_validate(json.loads(path.read_text())) if path.exists() else None


def table_of_type(model: type[BaseModel]) -> tuple[str, bool]:
    """The name of the first field of an input that takes a table, and whether it has to be there."""
    tables = [
        (name, field.is_required())
        for name, field in model.model_fields.items()
        if Table in (field.annotation, *get_args(field.annotation))
    ]
    return tables[0] if tables else ("", False)


AGENTS: Registry[Agent[Any, Any, Any]] = Registry("Agent")

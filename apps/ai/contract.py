"""What a model is asked and what it answers, the same for every provider; and what a provider is written against.

One file in `providers/` for each kind. Subclassing `ProviderKind[Settings]` registers it by `key`; its settings become
the form and the API schema.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.common.errors import Problem
from apps.common.registry import Registry


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolCall(Frozen):
    """What a model wants to be told by a tool."""

    id: str
    name: str
    arguments: dict[str, Any]


class Message(Frozen):
    """A turn of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    """Of the assistant: what it asks tools."""
    answers: str = ""
    """Of a tool: the `id` of the call that it answers."""


class ToolOffer(Frozen):
    """A tool as a model is told of it."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str
    parameters: dict[str, Any]
    """JSON Schema of its arguments: an object."""


class Request(Frozen):
    """What a model is asked."""

    messages: tuple[Message, ...]
    tools: tuple[ToolOffer, ...] = ()
    answer_schema: dict[str, Any] | None = None
    """JSON Schema that the answer has to keep; the reply's `data` is then there and checked."""
    longest_answer: int | None = None
    """Tokens; None: what the model is set up for."""
    temperature: float | None = None
    personal: tuple[str, ...] = ()
    """Values that a schema declares personal (`masking.personal_values`): masked wherever they stand in it."""
    holds_documents: bool = False
    """Whether it quotes documents, or text of others from outside: names in it cannot be told from other words."""


class Usage(Frozen):
    """Tokens, as the provider counted them."""

    input: int = 0
    cached: int = 0
    """Of the input."""
    output: int = 0


class Reply(Frozen):
    """What a model answered."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    data: Any = None
    refusal: str = ""
    """Its own words, where it would not answer."""
    is_cut: bool = False
    """Whether it ended because the answer was as long as it may be."""
    usage: Usage | None = None
    """None where the provider does not tell: then it is estimated."""


@dataclass(frozen=True)
class Purpose:
    """What a call of a model is for: what it is charged to, and where its trace is found."""

    what: str
    """`explain`, `answer`, `draft`, `fill`, `agent`, `test`."""
    agent_key: str = ""
    user_id: UUID | None = None
    subject_kind: str = ""
    subject: UUID | None = None
    prompt: str = ""
    """Key and version of the prompt, such as ``explain@3``."""
    is_demo: bool = False


class ModelProblem(Problem):
    """A call that came to nothing. `may_repeat`: whether the same call may do better; `after`: seconds to wait first,
    where the provider says so; `usage`: tokens that were used up all the same, where they are known; `was_sent`:
    whether the provider may have worked on it, and charge it."""

    code, status, title = "model_failed", 502, "The model did not answer"
    cause = "The provider of the model failed, or answered what is no answer."
    effect = "What the model was asked for was not made; everything that is computed is there as always."
    remedy = "Try again. If it stays, test the provider's connection, or choose another model."

    def __init__(
        self,
        detail: str = "",
        *,
        remedy: str = "",
        may_repeat: bool = False,
        after: float | None = None,
        usage: Usage | None = None,
        was_sent: bool = True,
    ) -> None:
        super().__init__(detail, remedy=remedy)
        self.may_repeat, self.after, self.usage, self.was_sent = may_repeat, after, usage, was_sent


class Model(Protocol):
    """A model to be asked for one purpose (`calling.model_for`, or `fake.FakeModel`): masked, counted and traced."""

    name: str
    """Of the model that is tried first."""

    def ask(self, request: Request, *, told: Callable[[str], None] | None = None) -> Reply:
        """Its answer, with what was masked put back. With `told` it streams. Raises `ModelProblem`."""


Settings = TypeVar("Settings", bound=BaseModel)


class ProviderKind(ABC, Generic[Settings]):
    """How the models of one kind of service are reached. Instances hold no state: one serves every tenant and thread.

    Every request goes through the guarded client (`apps.common.outbound`).
    """

    key: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    icon: ClassVar[str] = "cpu"
    settings_type: ClassVar[type[BaseModel]]

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        (cls.settings_type,) = get_args(cls.__orig_bases__[0])  # type: ignore[attr-defined]
        PROVIDER_KINDS.register(cls.key, cls())

    @abstractmethod
    def models(self, settings: Settings) -> list[str]:
        """The names of the models that it offers with these settings: what a connection test asks. Raises
        `ModelProblem` with the cause told so that whoever typed the settings can mend them."""

    @abstractmethod
    def ask(
        self,
        settings: Settings,
        model: str,
        request: Request,
        *,
        seconds: float,
        told: Callable[[str], None] | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Reply:
        """Ask once, and wait `seconds` at most. With `told` the answer streams, and it is given each piece of the text.

        Once `stopping` says so the connection is closed. Raises `ModelProblem`. It does not repeat, count or mask:
        `calling` does.
        """


PROVIDER_KINDS: Registry[ProviderKind[Any]] = Registry("Kind of model provider")

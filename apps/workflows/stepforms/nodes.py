"""What a form shows: a tree of nodes with what is there, each with the names by which it is posted.

`path` is the name in the post, `place` that in the definition, by which issues are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from apps.workflows.stepforms.modes import WORDS, Mode, is_date
from apps.workflows.stepforms.scope import Offer


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    about: str = ""
    chosen: bool = False


@dataclass
class Node:
    path: str
    place: str
    label: str = ""
    help: str = ""
    required: bool = False
    error: str = ""
    says_optional: bool = False
    """Whether it may be left out, and nothing holds instead."""
    is_more: bool = False
    """Whether it is seldom needed, and nothing is said here."""
    template: ClassVar[str] = ""
    mark: ClassVar[str] = ""
    """Tells its id from that of what holds it under the same path."""

    @cached_property
    def id(self) -> str:
        return "sf-" + "".join(each if each.isalnum() else "-" for each in self.path) + self.mark

    @property
    def anchor(self) -> str:
        """The id to which a link to it leads."""
        return self.id

    @property
    def described(self) -> str:
        """The ids of what tells more of it."""
        return f"{self.id}-h" if self.error or self.help else ""

    def below(self) -> Iterator[Node]:
        """The nodes within it, at once."""
        yield from ()

    @property
    def is_off(self) -> bool:
        """Whether it stands apart, as nothing is said in it, and nothing wrong."""
        return self.is_more and not any(node.error for node in self.every())

    def every(self) -> Iterator[Node]:
        yield self
        for node in self.below():
            yield from node.every()


@dataclass
class Leaf(Node):
    """One thing that is typed or chosen."""

    template: ClassVar[str] = "workflows/editor/_fields_leaf.html"
    control: str = "text"
    """``text``, ``longtext``, ``number``, ``flag``, ``choice``, ``date`` or ``yaml``."""
    value: str = ""
    choices: list[Choice] = field(default_factory=list)
    hint: str = ""
    """What it is when nothing is entered."""
    suffix: str = ""
    """Of a thing that stands for another because that cannot be entered by fields: the end of its name."""
    is_wide: bool = False

    @property
    def name(self) -> str:
        return self.path + self.suffix


@dataclass
class Many(Node):
    """Several of what there is to choose from."""

    template: ClassVar[str] = "workflows/editor/_fields_many.html"
    choices: list[Choice] = field(default_factory=list)
    is_wide: ClassVar[bool] = True


@dataclass
class Steps(Node):
    """Other steps, as chips."""

    template: ClassVar[str] = "workflows/editor/_fields_steps.html"
    chosen: list[Choice] = field(default_factory=list)
    others: list[Choice] = field(default_factory=list)
    is_implied: bool = False
    """Whether nothing is said, so that the order tells it."""
    may_imply: bool = False
    is_wide: ClassVar[bool] = True


@dataclass
class Row:
    """One of several; `key` is what it is called in a mapping."""

    node: Node
    number: int
    key: Leaf | None = None


@dataclass
class Rows(Node):
    """A list, or a mapping whose keys are entered."""

    template: ClassVar[str] = "workflows/editor/_list.html"
    rows: list[Row] = field(default_factory=list)
    is_keyed: bool = False
    fixed: list[Node] = field(default_factory=list)
    """Those that are asked for by name."""
    may_add: bool = True
    is_cards: bool = False
    """Whether a row is more than a line."""
    noun: str = "row"
    suggested: list[Choice] = field(default_factory=list)
    """What helps to type its rows."""
    is_wide: ClassVar[bool] = True

    def below(self) -> Iterator[Node]:
        yield from self.fixed
        for row in self.rows:
            yield from filter(None, (row.key, row.node))


@dataclass
class Group(Node):
    """Fields that belong together."""

    template: ClassVar[str] = "workflows/editor/_fields_group.html"
    parts: list[Node] = field(default_factory=list)
    may_drop: bool = False
    is_there: bool = True
    offer: str = ""
    """What the button says that adds it."""
    is_wide: ClassVar[bool] = True

    @property
    def shown(self) -> list[Node]:
        return parted(self.parts)[0]

    @property
    def apart(self) -> list[Node]:
        return parted(self.parts)[1]

    def below(self) -> Iterator[Node]:
        yield from self.parts


@dataclass
class ValueNode(Node):
    """A value, in the way in which it is given."""

    template: ClassVar[str] = "workflows/editor/_value.html"
    mode: Mode = "text"
    modes: list[Mode] = field(default_factory=list)
    text: str = ""
    choices: list[Choice] = field(default_factory=list)
    fitting: list[tuple[str, list[Choice]]] = field(default_factory=list)
    """What may be referred to and is of a type that fits, by where it comes from."""
    others: list[Choice] = field(default_factory=list)
    """What may be referred to and is of another type."""
    wanted: str = ""
    """What is asked for, in words."""
    told: str = ""
    """Of what was picked: its type and a sample."""
    inserted: list[Choice] = field(default_factory=list)
    """References in a text, with their samples."""
    body: Rows | Many | None = None
    suggests: str = ""
    """The id of a list that helps to type it."""
    is_long: bool = False
    is_bare: bool = False
    """Whether its label is for those alone who do not see where it stands."""
    is_wide: ClassVar[bool] = True

    @property
    def anchor(self) -> str:
        return self.id if self.body is None and self.mode not in {"unset", "nothing"} else f"{self.id}-m"

    @property
    def input_type(self) -> str:
        """A date that is none is kept, which an input for dates would not do."""
        return "date" if self.mode == "date" and (not self.text or is_date(self.text)) else "text"

    @property
    def ways(self) -> list[Choice]:
        every = self.modes if self.mode in self.modes else [*self.modes, self.mode]
        return [Choice(mode, WORDS[mode], chosen=mode == self.mode) for mode in every]

    def below(self) -> Iterator[Node]:
        if self.body is not None:
            yield self.body


@dataclass
class TestNode(Node):
    """One comparison."""

    __test__ = False
    template: ClassVar[str] = "workflows/editor/_condition_test.html"
    picked: str = ""
    """The reference that is compared."""
    fields: list[tuple[str, list[Choice]]] = field(default_factory=list)
    told: str = ""
    op: str = "="
    operators: list[Choice] = field(default_factory=list)
    value: ValueNode | None = None
    is_root: bool = False
    """Whether the condition is this one comparison."""
    mark: ClassVar[str] = "-c"
    pair: list[ValueNode] = field(default_factory=list)
    is_wide: ClassVar[bool] = True

    def below(self) -> Iterator[Node]:
        if self.value is not None:
            yield self.value
        yield from self.pair


@dataclass
class GroupNode(Node):
    """Several conditions together."""

    template: ClassVar[str] = "workflows/editor/_condition_group.html"
    mark: ClassVar[str] = "-c"
    word: str = "all"
    parts: list[TestNode | GroupNode] = field(default_factory=list)
    may_nest: bool = True

    @property
    def is_all(self) -> bool:
        return self.word == "all"

    @property
    def is_any(self) -> bool:
        return self.word == "any"

    @property
    def is_none(self) -> bool:
        return self.word == "none"

    is_wide: ClassVar[bool] = True

    def below(self) -> Iterator[Node]:
        yield from self.parts


@dataclass
class ConditionNode(Node):
    """A condition with what it says, and how often it held."""

    template: ClassVar[str] = "workflows/editor/_condition.html"
    root: TestNode | GroupNode | None = None
    may_drop: bool = True
    sentence: str = ""
    unfinished: str = ""
    """Why there is no sentence yet."""
    is_wide: ClassVar[bool] = True

    @property
    def within(self) -> str:
        """Its place in the step."""
        return self.place.split(".", 2)[2]

    @property
    def says(self) -> str:
        """What it comes to, as a sentence."""
        return f"{'Runs' if self.may_drop else 'Holds'} when {self.sentence}."

    def below(self) -> Iterator[Node]:
        if self.root is not None:
            yield self.root


def parted(nodes: list[Node]) -> tuple[list[Node], list[Node]]:
    """Those that are shown, and those that stand apart."""
    return [node for node in nodes if not node.is_off], [node for node in nodes if node.is_off]


def offers_grouped(offers: list[Offer], chosen: str) -> list[tuple[str, list[Choice]]]:
    """Offers by where they come from, as lists to choose from."""
    made: dict[str, list[Choice]] = {}
    for offer in offers:
        made.setdefault(offer.group, []).append(
            Choice(offer.reference, offer.title, offer.about, offer.reference == chosen)
        )
    return list(made.items())

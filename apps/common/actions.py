"""Kinds of actions that an agent may propose, and a person or a step of a workflow carry out.

One file per kind in an app's ``actions/``. Subclassing `ActionKind[Arguments]` registers it by `kind`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from apps.common.errors import InvalidInput
from apps.common.permissions import Principal
from apps.common.registry import Registry

Arguments = TypeVar("Arguments", bound=BaseModel)


@dataclass(frozen=True)
class Outcome:
    """What came of an action."""

    text: str
    """In a sentence."""
    link: str = ""
    """Path of the page of what it made."""


class ActionKind(ABC, Generic[Arguments]):
    """Something that may be done here on a proposal, with the rights of whoever has it done. It holds no state."""

    kind: ClassVar[str]
    """``<app>.<verb>``."""
    title: ClassVar[str]
    permission: ClassVar[str]
    """What whoever has it done must hold."""
    icon: ClassVar[str] = "bolt"
    arguments_type: ClassVar[type[BaseModel]]

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        (cls.arguments_type,) = get_args(cls.__orig_bases__[0])  # type: ignore[attr-defined]
        ACTIONS.register(cls.kind, cls())

    @abstractmethod
    def perform(self, *, who: Principal, user: Any, arguments: Arguments) -> Outcome:
        """Do it, for `who` with their rights; `user` is the member whose it then is.

        It runs in the transaction that records that it was done: it writes to the database alone, so that both are kept
        or neither. Raises a `Problem` where it cannot be done, and `PermissionDenied`.
        """

    def parse(self, arguments: dict[str, Any]) -> Arguments:
        """The arguments of a proposal, checked. Raises `InvalidInput` with an issue for each place."""
        try:
            return self.arguments_type.model_validate(arguments)  # type: ignore[return-value]
        except ValidationError as error:
            raise InvalidInput.from_pydantic(error, path="arguments") from error


ACTIONS: Registry[ActionKind[Any]] = Registry("Action")

"""Tools of LangChain that an operator has named, made with LangChain's own objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from langchain_core.tools import BaseTool, BaseToolkit, ToolException, tool

from apps.accounts.models import User
from apps.ai import tools
from apps.ai.kinds import langchain
from apps.ai.tooling import ToolFailed
from apps.ai.tools import ToolAnswer, ToolContext
from apps.common.errors import InvalidInput, PermissionDenied
from apps.gateway.principals import Caller
from tests.conftest import MakeMember

HERE = "tests.ai.tooling.test_langchain"


@tool
def rate(currency: str, days: int = 1) -> dict[str, Any]:
    """The rate of a currency."""
    if currency == "XXX":
        raise ToolException("there is no such currency")
    if currency == "YYY":
        raise ZeroDivisionError("a secret of the inside")
    return {"currency": currency, "rate": 1.25, "days": days}


@tool
def page(address: str) -> str:
    """What a page says."""
    return "x" * 100_000


class Kit(BaseToolkit):
    def get_tools(self) -> list[BaseTool]:
        return [page]


def kit() -> Kit:
    return Kit()


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    langchain._named.cache_clear()
    yield
    langchain._named.cache_clear()


def keys(user: User) -> list[str]:
    return [each.key for each in tools.TOOL_SOURCES["langchain"].tools(Caller(user), user)]


def use(user: User, key: str, **arguments: Any) -> ToolAnswer:
    found = tools.tool_get(Caller(user), user, key)
    assert found is not None
    return found.use(arguments, ToolContext(who=Caller(user), user=user, now=timezone.now(), origin="agent"))


def test_there_are_none_unless_the_operator_names_one(member: MakeMember, settings: Any) -> None:
    user = member()
    assert keys(user) == []
    settings.LANGCHAIN_TOOLS = [f"{HERE}:rate", f"{HERE}:kit"]
    assert keys(user) == ["langchain:page", "langchain:rate"]
    assert keys(member("viewer")) == []


def test_one_is_used_and_what_it_says_is_from_outside(member: MakeMember, settings: Any) -> None:
    settings.LANGCHAIN_TOOLS = [f"{HERE}:rate"]
    user = member()
    found = tools.tool_get(Caller(user), user, "langchain:rate")
    assert found is not None
    assert found.parameters["required"] == ["currency"]
    answer = use(user, "langchain:rate", currency="EUR")
    assert answer.data == {"currency": "EUR", "rate": 1.25, "days": 1}
    assert answer.is_outside
    viewer = member("viewer")
    with pytest.raises(PermissionDenied):
        found.use({"currency": "EUR"}, ToolContext(Caller(viewer), viewer, timezone.now(), "agent"))


def test_what_goes_wrong_is_told_without_what_is_inside(member: MakeMember, settings: Any) -> None:
    settings.LANGCHAIN_TOOLS = [f"{HERE}:rate"]
    user = member()
    with pytest.raises(InvalidInput) as caught:
        use(user, "langchain:rate", currency="EUR", days="many")
    assert [issue.path for issue in caught.value.issues] == ["days"]
    with pytest.raises(ToolFailed, match="there is no such currency"):
        use(user, "langchain:rate", currency="XXX")
    with pytest.raises(ToolFailed, match="rate failed") as failed:
        use(user, "langchain:rate", currency="YYY")
    assert "secret" not in failed.value.detail


def test_a_long_answer_is_cut(member: MakeMember, settings: Any) -> None:
    settings.LANGCHAIN_TOOLS = [f"{HERE}:page"]
    assert len(use(member(), "langchain:page", address="x").data) == langchain.LARGEST + 1


@pytest.mark.parametrize("place", ["no.such.module:x", f"{HERE}:nothing", f"{HERE}:HERE", HERE])
def test_a_name_that_leads_nowhere_is_told_to_the_log_and_breaks_nothing(
    place: str, member: MakeMember, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.LANGCHAIN_TOOLS = [place, f"{HERE}:rate"]
    assert keys(member()) == ["langchain:rate"]
    assert "ORCHESTRALL_LANGCHAIN_TOOLS" in caplog.text

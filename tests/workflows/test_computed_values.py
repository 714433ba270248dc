"""Values that are computed by expressions: what is refused when they are saved, what they give, and what kills them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.common.errors import InvalidInput
from apps.workflows import starting
from apps.workflows.cel import evaluating
from apps.workflows.cel.checking import DEEPEST, LARGEST, expression_parse
from apps.workflows.cel.functions import FUNCTIONS, MACROS, METHODS
from apps.workflows.checking import definition_check
from apps.workflows.conditions import Test, condition_compile
from apps.workflows.definition import definition_dump, definition_load, definition_parse, definition_yaml
from apps.workflows.models import WorkflowRun
from apps.workflows.values import BadValue, value_compile
from orchestrall.settings.env import BASE_DIR
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_definition import Catalogue
from tests.workflows.test_engine import give

Start = Callable[..., WorkflowRun]
HOSTILE = "inputs.l.filter(x, x in inputs.l).size()"
"""Nothing that is refused, and 10^8 comparisons with 10,000 numbers."""
MANY = list(range(10_000))


@pytest.fixture(scope="module", autouse=True)
def no_child_is_left() -> Iterator[None]:
    yield
    evaluating.CHILDREN.stop()


def computed(source: str, **inputs: Any) -> Any:
    return value_compile({"$cel": source})({"inputs": inputs, "steps": {"none": None}, "run": {}})


def cel(source: str) -> dict[str, str]:
    return {"$cel": source}


@pytest.mark.parametrize(
    ("source", "place", "why"),
    [
        ("", "", "takes an expression"),
        ("1 +", "line 1, column 3", "does not go on"),
        ("1 +\n  * 2", "line 2, column 3", "`* 2` does not go on"),
        ("inputs.a ~ 1", "line 1, column 10", "does not go on"),
        ("inputs.a\n + password", "line 2, column 4", "there is no `password`"),
        ("inputs", "line 1, column 1", "name an input"),
        ("size(steps)", "line 1, column 6", "name a step"),
        ("open('x')", "line 1, column 1", "there is no function `open`"),
        ("inputs.a.__class__()", "line 1, column 1", "there is no `.__class__()`"),
        ("size(inputs.a, 1)", "line 1, column 1", "is written `size(value)`"),
        ("has(1)", "line 1, column 1", "takes a field"),
        ("inputs.l.map(x, x.all(y, y > 1))", "line 1, column 19", "`all` stands inside `map`"),
        ("inputs.l.filter(x, inputs.m.exists(y, y == x))", "line 1, column 29", "`exists` stands inside `filter`"),
        ("inputs.l.map(item, item)", "line 1, column 14", "has a meaning already"),
        ("inputs.l.map(x.y, 1)", "line 1, column 14", "is a name for the item"),
        ("inputs.l.map(x, 'a' + x)", "line 1, column 17", "`+` on texts"),
        ("inputs.l.map(x, x + [1])", "line 1, column 21", "`+` on lists"),
        ("inputs.l.map(x, x.filter(y, y))", "line 1, column 19", "stands inside"),
        ("Point{x: 1}", "line 1, column 1", "no types of messages"),
        (".inputs.a", "line 1, column 1", "begin with a dot"),
        ("b'abc'", "line 1, column 1", "no bytes"),
        ("1u + 2u", "line 1, column 1", "without `u`"),
        ("(" * 40 + "1" + ")" * 40, "line 1, column 33", f"at most {DEEPEST} levels"),
        ("-" * 2000 + "1", "line 1, column 33", "levels"),
        ("+".join(["1"] * 40), "line 1, column 1", "levels"),
        ("'" + "x" * LARGEST + "'", "", "at most 4,096 bytes"),
    ],
)
def test_an_expression_that_cannot_be_is_refused_with_its_place_and_why(source: str, place: str, why: str) -> None:
    with pytest.raises(BadValue) as refused:
        expression_parse(source)
    assert place in str(refused.value)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("source", "gives"),
    [
        ("1 + 2 * 3", 7),
        ("inputs.a * 2", 10),
        ("inputs.a / 2", 2),
        ("inputs.a % 2", 1),
        ("inputs.a * 1.5", 7.5),
        ("inputs.f + 1", 3.5),
        ("size(inputs.l) * 1.5", 4.5),
        ("inputs.l[0] * 2.5", 2.5),
        ("inputs.a > 4.5 && !inputs.b", False),
        ("inputs.a > 4 ? 'high' : 'low'", "high"),
        ("inputs.s.size()", 5),
        ("inputs.s + '!'", "Äpfel!"),
        ("upper(trim(' ' + inputs.s + ' '))", "ÄPFEL"),
        ("lower('ABC')", "abc"),
        ("inputs.s.startsWith('Ä') && inputs.s.endsWith('l') && inputs.s.contains('pf')", True),
        ("inputs.s.matches('^.p+f')", True),
        ("inputs.l.map(x, x * 2)", [2, 4, 6]),
        ("inputs.l.map(x, x > 1, x * 2)", [4, 6]),
        ("inputs.l.filter(x, x > 1)", [2, 3]),
        ("inputs.l.all(x, x > 0)", True),
        ("inputs.l.exists(x, x > 2)", True),
        ("inputs.l.exists_one(x, x > 1)", False),
        ("2 in inputs.l", True),
        ("inputs.l + [4]", [1, 2, 3, 4]),
        ("sum(inputs.l.map(x, x * 10))", 60),
        ("min(inputs.l) + max(inputs.l)", 4),
        ("round(inputs.f * 1.1, 1)", 2.8),
        ("round(inputs.f)", 2),
        ("abs(-3)", 3),
        ("join(['a', 'b'], '-')", "a-b"),
        ("inputs.m.x", 1),
        ("inputs.m['x']", 1),
        ("has(inputs.m.x) && !has(inputs.m.y) && !has(inputs.z)", True),
        ("has(steps.none.score) ? steps.none.score : 0", 0),
        ("steps.none == null", True),
        ("inputs.n == null", True),
        ("{'b': inputs.a, 'a': [1, 2.5]}", {"a": [1, 2.5], "b": 5}),
        ("string(inputs.a) + string(2.5)", "52.5"),
        ("int('7') + int(2.9)", 9),
        ("double('2.5')", 2.5),
        ("timestamp(inputs.t) + duration('36h')", "2026-01-03T15:04:05+00:00"),
        ("timestamp(inputs.t).getFullYear()", 2026),
        ("timestamp(inputs.t).getMonth()", 0),
        ("timestamp(inputs.t).getDate()", 2),
        ("timestamp(inputs.t).getDayOfMonth()", 1),
        ("timestamp(inputs.t).getDayOfWeek()", 5),
        ("timestamp(inputs.t).getDayOfYear()", 1),
        ("timestamp(inputs.t).getHours()", 3),
        ("timestamp(inputs.t).getMinutes() + timestamp(inputs.t).getSeconds()", 9),
        ("timestamp('2026-01-03T00:00:00Z') - timestamp(inputs.t)", "20h55m55s"),
        ("duration('90m')", "1h30m"),
        ("duration('-90m')", "-1h30m"),
        ("null", None),
    ],
)
def test_common_expressions_give_what_people_expect(source: str, gives: Any) -> None:
    found = computed(source, a=5, f=2.5, s="Äpfel", l=[1, 2, 3], m={"x": 1}, n=None, b=True, t="2026-01-02T03:04:05Z")
    assert found == gives
    assert type(found) is type(gives)


def test_every_function_of_the_table_is_known_to_the_library() -> None:
    """By an expression for each, read off its form."""
    given = {"list": "[1, 2]", "value": "'12'", "text": "'a'", "part": "'a'", "pattern": "'a'", "test": "x > 0"}
    given |= {"number": "1.5", "decimals": "1", "moment": "timestamp('2026-01-01T00:00:00Z')"}
    special = {
        "timestamp": "timestamp('2026-01-01T00:00:00Z')",
        "duration": "duration('1h')",
        "join": "join(['a'], '-')",
    }
    for table in (MACROS, FUNCTIONS, METHODS):
        for name, known in table.items():
            head, _, tail = known.form.partition("(")
            for word, stands in given.items():
                head = f"{stands}{head[len(word) :]}" if head.startswith(f"{word}.") else head
                tail = tail.replace(word, stands) if word in tail.rstrip(")").replace(" ", "").split(",") else tail
            source = special.get(name, f"{head}({tail}")
            computed(source.replace("has(inputs.name)", "has(inputs.a)"), a=1)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("inputs.q", "There is no field 'q'"),
        ("steps.none.score", "There is no field 'score'"),
        ("inputs.l[9]", "no item there"),
        ("1 / 0", "divided by 0"),
        ("1.0 / 0.0", "no number"),
        ("9223372036854775807 + 1", "too large"),
        ("inputs.s - 1", "do not go together: string - int"),
        ("inputs.l ? 1 : 2", "not of the types"),
        ("min([])", "The list is empty"),
        ("timestamp('yesterday')", "timestamp"),
        ("'a'.matches('(')", "regex"),
        ("size(inputs.big)", "may have 64 KiB"),
        ("upper(1)", "needs a text"),
    ],
)
def test_what_cannot_be_computed_says_why_in_words(source: str, why: str) -> None:
    with pytest.raises(ValueError, match="`") as refused:
        computed(source, l=[1], s="x", big="x" * 70_000)
    assert why in str(refused.value)
    assert "overload" not in str(refused.value)


def test_only_the_fields_that_an_expression_names_are_passed() -> None:
    expression = expression_parse("inputs.a + steps.x.items[0].n + size(steps['x'].l.filter(x, x > run.number))")
    env = {
        "inputs": {"a": 1, "secret": "s"},
        "steps": {"x": {"items": [{"n": 1}], "l": [1], "more": "m"}, "y": "y"},
        "run": {"number": 1, "id": "r"},
    }
    assert evaluating.context_of(expression, env) == (
        '{"inputs": {"a": 1}, "run": {"number": 1}, "steps": {"x": {"items": [{"n": 1}], "l": [1]}}}'
    )


def definition(value: Any, **more: Any) -> Any:
    steps = {"first": give({"score": 1, "name": "n"}), "second": give(value), "third": give(1)}
    inputs = {"amount": {"type": "number"}, "names": {"type": "list"}, "note": {"type": "text"}}
    return definition_parse({"name": "w", "title": "W", "inputs": inputs, "steps": steps | more})


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("inputs.amont * 2", "line 1, column 1: `inputs.amont`: There is no such input; there are amount, names"),
        ("1 +\nsteps.firs.x", "line 2, column 1: `steps.firs.x`: There is no step 'firs'"),
        ("steps.third.x", "does not come before 'second'"),
        ("steps.first.x.socre", "has no field `socre`"),
        ("item * 2", "known only inside a step with `for_each`"),
        ("message.x", "known only to the inputs of a trigger"),
        ("inputs.names.map(x, x + inputs.note)", "column 25: `+` on texts may not stand inside a loop"),
    ],
)
def test_what_an_expression_refers_to_is_checked_like_every_reference(source: str, why: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        definition_check(definition(cel(source)), Catalogue())
    (issue,) = refused.value.issues
    assert issue.path == "steps.second.set.x"
    assert why in issue.message


def test_the_type_of_an_expression_is_checked_where_one_is_wanted() -> None:
    wrong = {"kind": "agent", "agent": "test.risk", "input": {"amount": cel("string(inputs.amount)")}}
    with pytest.raises(InvalidInput, match="1 thing is wrong") as refused:
        definition_check(definition(1, ask=wrong), Catalogue())
    assert refused.value.issues[0].message == "This must be a number, and is a text."
    right = {**wrong, "input": {"amount": cel("inputs.amount * 2")}}
    definition_check(definition(1, ask=right), Catalogue())


def test_a_definition_with_an_expression_round_trips_as_yaml() -> None:
    made = definition(cel("inputs.amount > 1 ?\n  'a' : \"b\""))
    assert definition_load(definition_yaml(made)) == made
    assert definition_dump(made)["steps"]["second"]["set"] == {"x": cel("inputs.amount > 1 ?\n  'a' : \"b\"")}


def test_one_that_takes_too_long_is_killed_and_the_batch_goes_on() -> None:
    env = {"inputs": {"l": MANY, "a": 2}, "steps": {}}
    good = [expression_parse(f"inputs.a * {n}") for n in range(6)]
    asks = [(each, evaluating.context_of(each, env)) for each in good]
    bad = expression_parse(HOSTILE)
    asks.insert(3, (bad, evaluating.context_of(bad, env)))
    children = evaluating.Children()
    answers = children.evaluate(asks, within=10)
    found = [each.value if each else None for each in answers]
    assert found == [0, 2, 4, None, 6, 8, 10]
    assert answers[3] == evaluating.Answer(fault=evaluating.KILLED)
    assert children.killed == 1
    assert children.evaluate(asks[:1], within=10)[0] == evaluating.Answer(0)
    children.stop()


def test_a_batch_of_hostile_ones_is_left_off_when_its_time_is_over() -> None:
    env = {"inputs": {"l": MANY}, "steps": {}}
    bad = [expression_parse(f"{HOSTILE} + {n}") for n in range(50)]
    children = evaluating.Children()
    answers = children.evaluate([(each, evaluating.context_of(each, env)) for each in bad], within=0.1)
    assert answers[0] is not None, "the first is always answered, so that a run goes on"
    assert answers[-1] is None
    assert children.killed < 50


def test_a_batch_of_slow_ones_is_left_off_when_its_time_is_over() -> None:
    slow = "inputs.l.map(x, x * 2).size()"
    env = {"inputs": {"l": MANY[:500]}, "steps": {}}
    asks = [(one := expression_parse(f"{slow} + {n}"), evaluating.context_of(one, env)) for n in range(100)]
    children = evaluating.Children()
    answers = children.evaluate(asks, within=0)
    assert answers[0] == evaluating.Answer(500)
    assert answers.count(None) == 99, "what takes long and is not killed holds nobody up either"
    assert children.evaluate(asks[1:2], within=0) == [evaluating.Answer(501)], "no answer is taken for another"
    children.stop()


def test_an_expression_is_not_killed_because_others_have_the_processor() -> None:
    children, ask = evaluating.Children(), [(expression_parse("1 + 1"), "{}")]
    children.evaluate(ask, within=1)
    assert children.pid is not None
    os.kill(children.pid, signal.SIGSTOP)  # as a scheduler does that has others to serve
    threading.Timer(1.5, os.kill, (children.pid, signal.SIGCONT)).start()
    assert children.evaluate(ask, within=1) == [evaluating.Answer(2)]
    assert children.killed == 0
    children.stop()


def test_a_thread_keeps_answers_up_to_a_size_and_lets_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluating, "KEPT_SIZE", 1000)
    kept = evaluating.Kept()
    for n in range(5):
        kept.keep(("inputs.x", str(n)), evaluating.Answer("x" * 290, size=300))
    assert [n for n in range(5) if ("inputs.x", str(n)) in kept] == [2, 3, 4]
    assert kept.size == 3 * (8 + 1 + 300)


def test_what_was_killed_is_asked_anew_by_who_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter([evaluating.Answer(fault=evaluating.KILLED), evaluating.Answer(3)])
    monkeypatch.setattr(evaluating.CHILDREN, "evaluate", lambda asks, within: [next(told)])
    with pytest.raises(ValueError, match="was stopped"):
        computed("inputs.n + 2 - 0", n=1)
    assert computed("inputs.n + 2 - 0", n=1) == 3


def test_a_process_that_was_forked_starts_a_child_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    children = evaluating.Children()
    ask = [(expression_parse("1 + 1"), "{}")]
    children.evaluate(ask, within=1)
    parents, mine = children._child, os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: mine + 1)
    assert children.evaluate(ask, within=1) == [evaluating.Answer(2)]
    assert children._child is not parents
    assert parents is not None
    assert parents.poll() is None, "that of the process it came from is left alone"
    children.stop()
    with parents:
        parents.kill()


numbers = st.integers(-1000, 1000)
arithmetic = st.recursive(
    numbers.map(lambda n: f"({n})") | st.sampled_from(["inputs.a", "inputs.b"]),
    lambda part: st.tuples(part, st.sampled_from(["+", "-", "*"]), part).map(" ".join).map(lambda text: f"({text})"),
    max_leaves=6,
)


@given(arithmetic, numbers, numbers)
@settings(max_examples=60, deadline=None)
def test_whole_numbers_are_computed_as_python_computes_them(source: str, a: int, b: int) -> None:
    wanted = eval(source.replace("inputs.a", str(a)).replace("inputs.b", f"({b})").replace("--", "- -"))  # noqa: S307
    if abs(wanted) < 2**62:
        assert computed(source, a=a, b=b) == wanted


WORDS = (
    "inputs.a inputs.l x 1 2.5 'a' [ ] ( ) { } + - * / % ? : , . && || ! == < in has( size( .map(x, .filter(x, .all(x, "
    'null true steps.s __class__ [0] """ \\ //'
)


@given(st.lists(st.sampled_from(WORDS.split()), max_size=14))
@settings(max_examples=250, deadline=None)
def test_any_text_is_refused_in_words_or_gives_data_or_fails_in_words(parts: list[str]) -> None:
    try:
        expression = expression_parse(" ".join(parts))
    except BadValue:
        return
    (answer,) = evaluating.CHILDREN.evaluate([(expression, '{"inputs": {"a": 1, "l": [1, 2]}}')], within=5)
    assert answer is not None
    assert answer.fault != evaluating.KILLED
    assert "object at 0x" not in str(answer)


def test_a_run_whose_expression_is_killed_fails_and_others_of_its_round_go_on(
    workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    inputs = {"l": {"type": "list"}}
    hostile = workflow({"one": give(cel(HOSTILE)), "two": give(1)}, name="hostile", inputs=inputs)
    good = workflow(
        {"one": give(cel("size(inputs.l)")), "two": give(1)},
        name="good",
        inputs=inputs,
        outputs={"n": "${steps.one.x}"},
    )
    bad_run, good_run = start(hostile, l=MANY), start(good, l=[1, 2])
    worked()
    bad_run.refresh_from_db()
    good_run.refresh_from_db()
    assert (good_run.status, good_run.outputs) == ("succeeded", {"n": 2})
    assert bad_run.status == "failed"
    assert evaluating.KILLED in bad_run.problem["detail"]


def test_the_expressions_of_a_round_go_to_the_child_in_one_batch(
    workflow: MakeWorkflow, start: Start, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    evaluate = evaluating.CHILDREN.evaluate

    def counted(asks: Any, *, within: float) -> Any:
        sent.append(len(asks))
        return evaluate(asks, within=within)

    made = workflow(
        {"one": give(cel("inputs.n * 2"))}, inputs={"n": {"type": "number"}}, outputs={"x": "${steps.one.x}"}
    )
    plain = workflow({"one": give(1)}, name="plain")
    monkeypatch.setattr(evaluating.CHILDREN, "evaluate", counted)
    for n in range(20):
        start(made, n=n)
    start(plain)
    worked()
    assert [n for n in sent if n] == [20]
    outputs = [run.outputs for run in WorkflowRun.objects.filter(workflow=made).order_by("number")]
    assert outputs == [{"x": n * 2} for n in range(20)]


def test_the_guide_has_every_function_as_the_table_has_it() -> None:
    guide = (BASE_DIR / "docs" / "guides" / "builders.md").read_text()
    for known in (*MACROS.values(), *FUNCTIONS.values(), *METHODS.values()):
        assert f"| `{known.form}` | " in guide


def test_a_condition_compares_with_what_is_computed_and_a_failing_one_does_not_hold() -> None:
    def holds(source: str, a: int) -> bool:
        test = Test.model_validate({"field": "${inputs.a}", "op": ">", "value": cel(source)})
        return condition_compile(test)({"inputs": {"a": a, "b": 2}})

    assert holds("inputs.b * 10", 21)
    assert not holds("inputs.b * 10", 20)
    assert not holds("inputs.b / 0", 20)


def test_the_inputs_of_a_trigger_may_be_computed(workflow: MakeWorkflow, builder: User) -> None:
    made = workflow({"one": give("${inputs.at}")}, inputs={"at": {"type": "datetime"}})
    told = {"every": "1h", "inputs": {"at": cel("string(timestamp(fired.at) - duration('1h'))")}}
    given: dict[str, Any] = {"who": builder, "user": builder, "workflow": made, "kind": "schedule"}
    starting.trigger_create(**given, settings=told)
    with pytest.raises(InvalidInput, match="would not take these inputs"):
        starting.trigger_create(**given, settings={**told, "inputs": {"at": cel("message.at")}})

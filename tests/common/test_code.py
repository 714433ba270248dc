"""What no code of the product does, read from the code: run a text, ask a shell, build a statement of what came in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from orchestrall.settings.env import BASE_DIR

SOURCES = sorted(path for folder in ("apps", "orchestrall") for path in (BASE_DIR / folder).rglob("*.py"))
SCRIPTS = sorted((BASE_DIR / "static").rglob("*.js"))

# Programs that are started, each with a list of words that we made and without a shell.
STARTED = {
    "apps/datasets/reading/isolation.py",  # our interpreter, to read a file
    "apps/workflows/cel/evaluating.py",  # our interpreter, to evaluate expressions
    "orchestrall/embedded.py",  # PostgreSQL and Redis of the development machine
    "orchestrall/start.py",
    "orchestrall/supervision.py",
}
# YAML is read by loaders that know no type of Python: where one is named, it is a safe loader that was made stricter.
LOADERS = {"_Loader", "_Strict"}
OPENERS = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "jsonpickle", "joblib"}
SHELLS = ("os.system", "os.popen", "os.spawn", "subprocess.getoutput", "subprocess.getstatus")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(node: ast.expr) -> str:
    """``subprocess.run`` for a call of it; empty for what has no name."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call))


def place(path: Path) -> str:
    return str(path.relative_to(BASE_DIR))


def runs_text(call: ast.Call) -> bool:
    return name_of(call.func) in {"eval", "exec", "compile", "__import__", "builtins.eval", "builtins.exec"}


def opens_objects(call: ast.Call) -> bool:
    """Whether it makes objects of any kind out of bytes."""
    name = name_of(call.func)
    if name.partition(".")[0] in OPENERS:
        return True
    if name in {"yaml.load", "yaml.load_all"}:
        by = [*call.args[1:], *(each.value for each in call.keywords if each.arg == "Loader")]
        return [name_of(each) in LOADERS for each in by] != [True]
    return name in {"yaml.unsafe_load", "yaml.full_load", "yaml.unsafe_load_all", "yaml.full_load_all"}


def asks_a_shell(call: ast.Call) -> bool:
    name = name_of(call.func)
    told = any(each.arg == "shell" and not _is_false(each.value) for each in call.keywords)
    return told or name.startswith(SHELLS)


def trusts_a_text(call: ast.Call) -> bool:
    """Whether it takes a text for markup, or for a template."""
    name = name_of(call.func).rpartition(".")[2]
    return name in {"mark_safe", "Template", "from_string"} or (name == "format_html" and not _is_text(call.args[0]))


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_constant(name: str) -> bool:
    return name.rpartition(".")[2].lstrip("_").isupper()


def _whole(node: ast.expr) -> ast.expr:
    """The table that something is taken from; itself where it is from none."""
    return node.value if isinstance(node, ast.Subscript) else node


@pytest.mark.parametrize(
    ("forbidden", "sample"),
    [
        (runs_text, "eval(text)"),
        (opens_objects, "pickle.loads(body)"),
        (opens_objects, "yaml.load(text, yaml.Loader)"),
        (asks_a_shell, "subprocess.run(line, shell=True)"),
        (asks_a_shell, "os.system(line)"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_no_code_does_it(forbidden: object, sample: str) -> None:
    assert callable(forbidden)
    assert any(forbidden(node) for node in ast.walk(ast.parse(sample)) if isinstance(node, ast.Call))  # it is found
    assert [f"{place(path)}:{call.lineno}" for path in SOURCES for call in calls(path) if forbidden(call)] == []


def test_programs_are_started_from_a_few_places() -> None:
    started = {place(path) for path in SOURCES for call in calls(path) if name_of(call.func).startswith("subprocess.")}
    assert started == STARTED


def test_a_text_is_taken_for_markup_where_it_was_escaped_just_before_and_for_a_template_nowhere() -> None:
    found = [ast.unparse(call) for path in SOURCES for call in calls(path) if trusts_a_text(call)]
    assert found == ["mark_safe(_NAMED.sub('<code>\\\\1</code>', escape(sentence)))"]
    loose = re.compile(r"\|\s*safe\b|\{%\s*autoescape\s+off|\|\s*safeseq\b")
    assert [place(path) for path in (BASE_DIR / "templates").rglob("*.html") if loose.search(path.read_text())] == []


# Statements that are put together where they are asked, each of what: words of the program, and names that it made.
PUT_TOGETHER = {
    "apps/accounts/sso/asserted.py::seen_once": "the name of a table",
    "apps/agents/ends.py::run_answer": "names of columns and parts of this module",
    "apps/audit/exports.py::_epochs": "a condition of this module",
    "apps/audit/exports.py::_outside": "a condition of this module",
    "apps/audit/services.py::record_many": "a statement of a caller's, whose values are parameters",
    "apps/audit/stored.py::kept_below": "names of two tables",
    "apps/common/reading.py::get_with": "a statement of a caller's, whose values are parameters",
    "apps/console/tallies.py::_count": "statements of the ORM's, whose values are parameters",
    "apps/dispatch/rounds.py::commit": "parts of this module",
    "apps/dispatch/rows.py::claim": "a prepared statement of this module",
    "apps/tenants/rotation.py::_plain_keys": "names of tables and columns, quoted",
    "apps/tenants/schemas.py::_mark": "a schema whose form was looked at, and a number",
    "apps/tenants/schemas.py::_migrate_base": "a schema whose form was looked at",
    "apps/tenants/schemas.py::drop": "a schema whose form was looked at",
    "apps/tenants/schemas.py::schema_lock": "one of two names of a function",
    "apps/tenants/schemas.py::tables_lock": "names of tables, quoted",
    "apps/workflows/cel/child.py::_run": "no statement: an expression, in a child of its own",
    "orchestrall/embedded.py::database_ensure": "a name, quoted, of the development machine",
}


def put_together(function: ast.AST) -> bool:
    """Whether a statement is asked in it that is no constant."""
    made = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(function):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        if name_of(node.func).rpartition(".")[2] not in {"execute", "executemany", "raw", "extra", "RawSQL"}:
            continue
        asked: ast.expr | None = node.args[0]
        if isinstance(asked, ast.Name):
            asked = made.get(asked.id)
        if isinstance(asked, ast.JoinedStr | ast.BinOp | ast.Call):
            return True
    return False


def test_no_statement_is_put_together_of_what_came_in() -> None:
    found = {
        f"{place(path)}::{node.name}"
        for path in SOURCES
        if "/migrations/" not in str(path)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef) and put_together(node)
    }
    assert found == set(PUT_TOGETHER)


def test_the_scan_finds_a_statement_of_a_request() -> None:
    joined, added = 'c.execute(f"select {name}")', 'c.execute("select " + name)'
    for text in (joined, added, 's = "select {}".format(name)\n c.execute(s)'):
        assert put_together(ast.parse(f"def asked(c, name):\n {text}").body[0])
    assert not put_together(ast.parse('def asked(c, name):\n c.execute("select %s", [name])').body[0])


# Texts with places to fill that are no constant where they are filled. Each was written by the program.
FILLED = {
    "apps/gateway/limits.py": "sentences of refusals",
    "apps/gateway/problems.py": "sentences of refusals",
    "apps/healthcare/analytics/exposure.py": "sentences of the table of knowledge that ships",
    "apps/retail/analytics/reading.py": "an expression of polars",
    "orchestrall/embedded.py": "a statement of psycopg, which quotes",
}


def test_texts_with_places_to_fill_are_written_by_the_program() -> None:
    found = {
        place(path)
        for path in SOURCES
        for call in calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"format", "format_map"}
        if not _is_text(call.func.value) and not _is_constant(name_of(_whole(call.func.value)))
    }
    assert found == set(FILLED)


STORED = {"theme", "single-keys"}
"""What a browser keeps of the console: how it looks, and whether single keys are heard."""


def test_a_browser_keeps_nothing_but_two_preferences() -> None:
    texts = [path.read_text() for path in SCRIPTS]
    kept = {name for text in texts for name in re.findall(r"localStorage\.\w+\(\s*\"([^\"]+)\"", text)}
    assert kept == STORED
    used = re.compile(r"sessionStorage|indexedDB|document\.cookie|caches\.|localStorage(?!\.(?:get|set)Item\(\")")
    assert [place(path) for path in SCRIPTS if used.search(path.read_text())] == []


def test_no_script_listens_to_other_windows_or_is_called_by_a_name_that_came_in() -> None:
    heard = re.compile(r"addEventListener\(\s*[\"']message[\"']|\bonmessage\s*=|postMessage\(")
    found = {line.strip() for path in SCRIPTS for line in path.read_text().splitlines() if heard.search(line)}
    assert found == {"socket.onmessage = (message) => this.take(JSON.parse(message.data));"}  # of our own socket
    asked = re.compile(r"(?:GET|query_params)(?:\.get)?[\[(]\s*[\"'](?:callback|jsonp)[\"']|application/javascript")
    assert [place(path) for path in SOURCES if asked.search(path.read_text())] == []


def test_no_script_writes_to_a_prototype_or_merges_what_came_in() -> None:
    merged = re.compile(r"__proto__|\.prototype\b|Object\.setPrototypeOf|\bmerge\(|extend\(")
    assert [place(path) for path in SCRIPTS if merged.search(path.read_text())] == []


# Parts of regular expressions that are no constants and are not escaped: of forms that hold no sign of an expression.
PATTERNS = {
    "apps/ai/masking/tokens.py": "signs that were made here",
    "apps/ai/numbercheck/checking.py": "names of months",
    "apps/ai/numbercheck/reading.py": "codes of currencies",
    "apps/ai/prompts/wording.py": "names of variables, of letters, digits and underscores",
    "apps/common/detectors/national.py": "expressions of the same module",
    "apps/common/detectors/numbers.py": "expressions of the same module",
    "apps/workflows/editing/operations.py": "names of steps, of letters, digits and underscores",
}
_OF_RE = {f"re.{name}" for name in ("compile", "search", "match", "fullmatch", "sub", "findall", "finditer", "split")}


def unescaped(call: ast.Call) -> bool:
    """Whether a part of a regular expression is neither a constant nor escaped."""
    if name_of(call.func) not in _OF_RE or not call.args or not isinstance(call.args[0], ast.JoinedStr):
        return False
    parts = [each.value for each in call.args[0].values if isinstance(each, ast.FormattedValue)]
    return any(not (_is_constant(name_of(each)) or ast.unparse(each).startswith("re.escape(")) for each in parts)


def test_what_is_put_into_a_regular_expression_is_escaped() -> None:
    (sample,) = (node for node in ast.walk(ast.parse('re.search(rf"^{word}$", text)')) if isinstance(node, ast.Call))
    assert unescaped(sample)
    assert {place(path) for path in SOURCES for call in calls(path) if unescaped(call)} == set(PATTERNS)

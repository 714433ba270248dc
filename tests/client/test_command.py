"""The command line: what it prints, how it ends, and where it keeps a key."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from orchestrall_client.cli import login
from orchestrall_client.cli.main import parser

from tests.client.conftest import KEY, RUN_ID, URL, Ended, Kept, Server, answered, dataset, problem, run
from tests.client.test_runs import event, stream

SOURCE = Path(__file__).resolve().parents[2] / "clients" / "python" / "src"
ID = str(RUN_ID)

pytestmark = pytest.mark.usefixtures("kept")


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the environment says who asks, or where."""
    for name in ("ORCHESTRALL_URL", "ORCHESTRALL_KEY"):
        monkeypatch.delenv(name)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def given(monkeypatch: pytest.MonkeyPatch, text: str, *, terminal: bool = False) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(text) if terminal else io.StringIO(text))


# Runs


def test_a_list_is_a_table_for_people(orchestrall: Ended, server: Server) -> None:
    failed = run("failed", problem={"code": "a", "title": "It broke", "detail": "", "remedy": "", "issues": []})
    server.will(answered({"items": [run(), failed], "next": None}))
    ended, out, _ = orchestrall("runs", "list", "--status", "failed", "--limit", "7", "--order=-created_at")
    head, first, second = out.splitlines()
    assert ended == 0
    assert head.split() == ["ID", "REF", "AGENT", "STATUS", "DONE", "ACCEPTED", "WHAT"]
    assert first.split()[:6] == [ID, "R-12", "retail.demand_forecaster", "running", "25", "%"]
    assert second.endswith("It broke")
    assert dict(server.requests[0].url.params) == {"status": "failed", "limit": "7", "order": "-created_at"}


def test_a_list_is_json_line_by_line_for_scripts_and_no_longer_than_asked_for(
    orchestrall: Ended, server: Server
) -> None:
    server.will(answered({"items": [run(), run(), run()], "next": "/api/v1/runs?cursor=x"}))
    ended, out, _ = orchestrall("runs", "list", "--json", "--limit", "2")
    assert (ended, [json.loads(line)["id"] for line in out.splitlines()]) == (0, [ID, ID])


def test_a_list_of_nothing_says_so(orchestrall: Ended, server: Server) -> None:
    server.will(answered({"items": [], "next": None}))
    assert orchestrall("runs", "list")[:2] == (0, "None.\n")


def test_text_of_others_cannot_steer_a_terminal(orchestrall: Ended, server: Server) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202edenialed\nR-13  succeeded"
    server.will(answered({"items": [run(note=evil)], "next": None}), answered(run("succeeded", headline=evil)))
    for words in (("runs", "list"), ("runs", "get", ID)):
        _, out, _ = orchestrall(*words)
        assert not {"\x1b", "\x07", "\u202e"} & set(out)
        assert "owned" in out
        assert not any(line.startswith("R-13") for line in out.splitlines())


@pytest.mark.parametrize("text", ['{"steps": 3}', "@{file}", "-"])
def test_an_input_is_json_from_the_command_a_file_or_standard_input(
    orchestrall: Ended, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "input.json").write_text('{"steps": 3}')
    given(monkeypatch, '{"steps": 3}')
    server.will(answered(run("queued"), 202))
    words = ("--input", text.replace("{file}", str(tmp_path / "input.json")), "--idempotency-key", "order-7")
    ended, out, _ = orchestrall("runs", "start", "dummy.counter", *words)
    assert (ended, json.loads(server.bodies[0])) == (0, {"input": {"steps": 3}})
    assert server.sent("Idempotency-Key") == ["order-7"]
    assert ID in out


def test_a_file_of_inputs_is_a_run_for_each_line(orchestrall: Ended, server: Server, tmp_path: Path) -> None:
    (tmp_path / "inputs.jsonl").write_text('{"steps": 1}\n\n{"steps": 2}\n')
    server.will(answered({"items": [run("queued"), run("queued")]}, 202))
    ended, out, _ = orchestrall("runs", "start", "dummy.counter", "--many", str(tmp_path / "inputs.jsonl"))
    assert (ended, len(out.splitlines())) == (0, 3)
    assert server.asked == ["POST /api/v1/agents/dummy.counter/runs/bulk"]
    assert json.loads(server.bodies[0]) == {"inputs": [{"steps": 1}, {"steps": 2}]}
    (tmp_path / "inputs.jsonl").write_text('{"steps": 1}\n{steps: 2}\n')
    ended, _, told = orchestrall("runs", "start", "dummy.counter", "--many", str(tmp_path / "inputs.jsonl"))
    assert (ended, "line 2 of" in told) == (2, True)
    assert orchestrall("runs", "start", "dummy.counter", "--many", "x", "--wait")[0] == 2


@pytest.mark.parametrize("text", ["{steps: 3}", "[1]", "@nowhere.json"])
def test_an_input_that_is_none_is_told_before_anything_is_started(orchestrall: Ended, text: str) -> None:
    ended, _, told = orchestrall("runs", "start", "dummy.counter", "--input", text)
    assert ended == 2
    assert told.startswith("orchestrall: ")


def test_standard_input_is_the_file_or_the_input(orchestrall: Ended) -> None:
    ended, _, told = orchestrall("runs", "start", "dummy.counter", "--input", "-", "--file", "-")
    assert ended == 2
    assert "not both" in told


@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("failed", 1), ("cancelled", 1)])
def test_a_start_that_waits_ends_as_its_run_does(orchestrall: Ended, server: Server, status: str, code: int) -> None:
    server.will(answered(run("queued"), 202), stream(event(2), event(3, status)), answered(run(status, headline="All")))
    ended, out, told = orchestrall("runs", "start", "dummy.counter", "--wait", "--json")
    assert ended == code
    assert json.loads(out)["status"] == status
    assert "R-12  running  25 %" in told


def test_a_watch_is_a_line_for_each_change_where_nobody_looks(orchestrall: Ended, server: Server) -> None:
    server.will(stream(event(2), event(3), event(4, "succeeded")), answered(run("succeeded", headline="All good")))
    ended, out, _ = orchestrall("runs", "watch", ID)
    assert (ended, out.splitlines()) == (0, ["R-12  running  25 %", "R-12  running  25 %", "R-12  succeeded  All good"])


def test_a_watch_is_one_line_on_a_terminal(orchestrall: Ended, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.will(stream(event(2), event(3), event(4, "succeeded")), answered(run("succeeded", headline="All good")))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "12")
    assert orchestrall("runs", "watch", ID)[0] == 0
    clear = "\r\x1b[2K"
    assert terminal.getvalue() == f"{clear}R-12  runni{clear}R-12  runni{clear}R-12  succeeded  All good\n"


def test_a_watch_for_scripts_is_json_line_by_line(orchestrall: Ended, server: Server) -> None:
    server.will(stream(event(2), event(4, "failed")), answered(run("failed")))
    ended, out, _ = orchestrall("runs", "watch", ID, "--json")
    assert (ended, [json.loads(line)["seq"] for line in out.splitlines()]) == (1, [2, 4])


def test_a_result_is_json_or_a_file(orchestrall: Ended, server: Server, tmp_path: Path) -> None:
    done = run("succeeded", output={"series": ["é"]})
    server.will(answered(done), answered(done), answered(done), httpx.Response(200, content=b"PK"))
    assert orchestrall("runs", "result", ID)[:2] == (0, '{"series":["é"]}\n')
    assert orchestrall("runs", "result", ID, "-o", str(tmp_path / "out.json"))[:2] == (0, "")
    assert json.loads((tmp_path / "out.json").read_text()) == {"series": ["é"]}
    assert orchestrall("runs", "result", ID, "--format", "xlsx", "-o", str(tmp_path / "out.xlsx"))[0] == 0
    assert (tmp_path / "out.xlsx").read_bytes() == b"PK"


def test_a_workbook_does_not_go_to_a_terminal(
    orchestrall: Ended, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.will(answered(run("succeeded")))
    monkeypatch.setattr(sys, "stdout", Terminal())
    ended, _, told = orchestrall("runs", "result", ID, "--format", "xlsx")
    assert ended == 2
    assert "--output" in told


def test_a_result_that_is_not_there_yet_is_waited_for_no_longer_than_asked(orchestrall: Ended, server: Server) -> None:
    server.will(answered(run()))
    ended, out, told = orchestrall("runs", "result", ID, "--timeout", "0")
    assert (ended, out) == (5, "")
    assert "It goes on" in told


def test_a_result_of_a_run_without_one_says_why(orchestrall: Ended, server: Server) -> None:
    why = {"code": "invalid_input", "title": "It cannot be used", "detail": "Row 2.", "remedy": "Mend it."}
    server.will(answered(run("failed", problem=why | {"issues": []})))
    ended, out, told = orchestrall("runs", "result", ID)
    assert (ended, out) == (1, "")
    assert "It cannot be used (invalid_input). Row 2. Mend it." in " ".join(told.split())


def test_a_cancel_says_how_the_run_is(orchestrall: Ended, server: Server) -> None:
    server.will(answered(run("cancelled"), 202))
    ended, out, _ = orchestrall("runs", "cancel", ID)
    assert ended == 0
    assert "cancelled" in out


# Agents and datasets


def test_an_agent_is_shown_with_an_input_that_works(orchestrall: Ended, server: Server) -> None:
    agent = {
        "key": "dummy.counter",
        "title": "Counter",
        "version": "1.0",
        "industry": "dummy",
        "summary": "Counts.",
        "table_field": "table",
        "input_schema": {"properties": {"steps": {"type": "integer", "description": "How far."}}, "required": []},
        "output_schema": {},
        "settings_schema": {},
        "examples": [{"steps": 3}],
        "card": None,
    }
    server.will(answered(agent), answered({"items": [agent]}))
    _, out, _ = orchestrall("agents", "show", "dummy.counter")
    assert "steps  (integer, optional)  How far." in out
    assert '{"steps": 3}' in out
    assert orchestrall("agents", "list")[1].splitlines()[1].split() == ["dummy.counter", "Counter", "1.0", "Counts."]


def test_a_dataset_is_uploaded_from_standard_input_too(
    orchestrall: Ended, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Piped:
        buffer = io.BytesIO(b"item\nTea\n")

    monkeypatch.setattr(sys, "stdin", Piped())
    server.will(answered(dataset(), 201))
    ended, out, _ = orchestrall("datasets", "upload", "-", "--title", "Weekly sales")
    assert ended == 0
    assert "item    text  0      Tea" in out
    assert b"item\nTea\n" in server.bodies[0]


@pytest.mark.parametrize(("answer", "deleted"), [("y\n", 1), ("n\n", 0), ("", 0)])
def test_a_person_is_asked_before_datasets_are_deleted(
    orchestrall: Ended, server: Server, monkeypatch: pytest.MonkeyPatch, answer: str, deleted: int
) -> None:
    given(monkeypatch, answer, terminal=True)
    server.will(*[httpx.Response(204)] * deleted)
    ended, _, told = orchestrall("datasets", "delete", ID)
    assert ended == 0
    assert len(server.asked) == deleted
    assert "for good? [y/N]" in told


def test_a_script_has_to_say_that_it_means_it(
    orchestrall: Ended, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, "y\n")
    assert orchestrall("datasets", "delete", ID)[0] == 2
    server.will(httpx.Response(204))
    assert orchestrall("datasets", "delete", ID, "--yes")[:2] == (0, f"Deleted {ID}\n")


# How it ends


def test_a_refusal_ends_with_3_and_says_why(orchestrall: Ended, server: Server) -> None:
    server.will(problem(422, "invalid_input"), problem(422, "invalid_input"))
    ended, out, told = orchestrall("runs", "start", "dummy.counter")
    assert (ended, out) == (3, "")
    assert told.splitlines()[0] == "orchestrall: A title (invalid_input, 422). What happened."
    ended, out, told = orchestrall("runs", "start", "dummy.counter", "--json")
    assert (ended, out) == (3, "")
    assert json.loads(told)["code"] == "invalid_input"
    assert json.loads(told)["issues"][0]["row"] == 4


@pytest.mark.parametrize("lost", [httpx.ConnectError("refused"), httpx.Response(200, text="<html>")])
def test_a_server_that_is_not_there_ends_with_4(
    orchestrall: Ended, server: Server, lost: Exception | httpx.Response
) -> None:
    server.will(*[lost] * (6 if isinstance(lost, Exception) else 1))
    assert orchestrall("agents", "list")[0] == 4


@pytest.mark.parametrize(
    "words",
    [(), ("runs",), ("runs", "list", "--limit", "0"), ("runs", "get", "R-12"), ("runs", "list", "--order", "x")],
)
def test_a_wrong_use_ends_with_2(orchestrall: Ended, words: tuple[str, ...]) -> None:
    ended, out, told = orchestrall(*words)
    assert (ended, out) == (2, "")
    assert told


def test_who_interrupts_is_told_that_the_run_goes_on(orchestrall: Ended, server: Server) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    server.will(interrupted)
    ended, _, told = orchestrall("runs", "watch", ID)
    assert ended == 130
    assert "goes on" in told


def test_every_command_explains_itself(orchestrall: Ended) -> None:
    commands = [
        *[(one,) for one in ("login", "logout", "whoami", "usage", "agents", "datasets", "runs")],
        *[("agents", one) for one in ("list", "show")],
        *[("datasets", one) for one in ("list", "upload", "get", "rename", "rows", "delete")],
        *[("keys", one) for one in ("list", "rotate")],
        *[("runs", one) for one in ("list", "start", "watch", "get", "result", "cancel")],
    ]
    for words in ((), *commands):
        ended, out, _ = orchestrall(*words, "--help")
        assert (ended, out.startswith("usage: orchestrall")) == (0, True)
    assert "ends with:" in parser().format_help()


# The login


def test_a_key_is_tried_kept_for_its_owner_alone_and_never_shown(
    orchestrall: Ended, server: Server, nobody: None, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, f"{KEY}\n")
    server.will(answered({"items": [], "next": None}))
    ended, *said = orchestrall("login", "--url", f"{URL}/")
    assert ended == 0
    assert server.sent("Authorization") == [f"Bearer {KEY}"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    server.will(answered({"items": [], "next": None}), answered(run()))
    ended, *more = orchestrall("whoami")
    assert ended == 0
    assert f"Url   {URL}" in more[0]
    assert "ork_aaaaaaaa…" in more[0]
    assert orchestrall("runs", "get", ID)[0] == 0
    assert "secret" not in "".join([*said, *more])
    assert "secret" not in repr(login.read(kept))
    assert orchestrall("logout")[0] == 0
    assert not kept.exists()
    assert orchestrall("logout")[:2] == (0, "Nobody was signed in.\n")


def test_a_person_is_asked_for_the_key_without_showing_it(
    orchestrall: Ended, server: Server, nobody: None, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, "", terminal=True)
    monkeypatch.setattr("builtins.input", lambda prompt: URL)
    monkeypatch.setattr("getpass.getpass", lambda prompt: KEY)
    server.will(problem(403))  # good for something else than runs
    assert orchestrall("login")[0] == 0
    assert json.loads(kept.read_text())["key"] == KEY


@pytest.mark.parametrize(("text", "answers", "code"), [(KEY, [problem(401)], 3), ("\n", [], 2)])
def test_a_key_that_is_none_is_not_kept(
    orchestrall: Ended,
    server: Server,
    nobody: None,
    kept: Kept,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    answers: list[httpx.Response],
    code: int,
) -> None:
    given(monkeypatch, text)
    server.will(*answers)
    assert orchestrall("login", "--url", URL)[0] == code
    assert not kept.exists()


def test_a_key_that_others_may_read_is_not_used(orchestrall: Ended, nobody: None, kept: Kept) -> None:
    login.keep(kept, login.Login(URL, KEY))
    kept.chmod(0o640)
    ended, _, told = orchestrall("runs", "list")
    assert ended == 2
    assert f"chmod 600 {kept}" in told


def test_a_key_goes_to_no_host_but_its_own(
    orchestrall: Ended, nobody: None, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    login.keep(kept, login.Login(URL, KEY))
    for words, host in ((("--url", "https://globex.example"), ""), ((), "https://globex.example")):
        if host:
            monkeypatch.setenv("ORCHESTRALL_URL", host)
        ended, _, told = orchestrall("runs", "list", *words)
        assert ended == 2
        assert f"is for {URL}" in told


def test_the_environment_goes_before_what_is_kept(
    orchestrall: Ended, server: Server, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    login.keep(kept, login.Login(URL, "ork_bbbbbbbb_other"))
    monkeypatch.delenv("ORCHESTRALL_URL")
    server.will(answered(run()), answered({"items": [], "next": None}))
    assert orchestrall("runs", "get", ID)[0] == 0
    assert server.sent("Authorization") == [f"Bearer {KEY}"]
    assert json.loads(orchestrall("whoami", "--json")[1]) == {
        "url": URL,
        "key": "ork_aaaaaaaa…",
        "email": "",
        "from": "environment",
    }


def key(prefix: str, **fields: Any) -> dict[str, Any]:
    """An API key as the server tells it."""
    return {
        "id": ID,
        "name": "Nightly",
        "prefix": prefix,
        "state": "active",
        "scopes": [],
        "acts_for": {"id": ID, "name": "Warehouse", "is_service": True},
        "created_at": "2026-11-25T16:40:00Z",
        "expires_at": "2027-02-23T16:40:00Z",
        "last_used_at": None,
        "revoked_at": None,
        "replaces": None,
        **fields,
    }


def test_the_key_that_is_kept_is_rotated_without_being_shown(
    orchestrall: Ended, server: Server, nobody: None, kept: Kept
) -> None:
    login.keep(kept, login.Login(URL, KEY))
    server.will(answered({"items": [key("aaaaaaaa")], "next": None}))
    server.will(answered(key("cccccccc", key="ork_cccccccc_new"), 201))
    ended, out, told = orchestrall("keys", "rotate", "--overlap", "1h")
    assert ended == 0
    assert json.loads(server.bodies[1]) == {"overlap": "1h"}
    assert json.loads(kept.read_text())["key"] == "ork_cccccccc_new"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "ork_cccccccc…" in out
    assert not {"ork_cccccccc_new", KEY} & {*out.split(), *told.split()}


def test_a_key_that_is_not_found_is_not_rotated(orchestrall: Ended, server: Server, nobody: None, kept: Kept) -> None:
    login.keep(kept, login.Login(URL, KEY))
    server.will(answered({"items": [key("aaaaaaab")], "next": None}))
    ended, _, told = orchestrall("keys", "rotate")
    assert ended == 2
    assert "none of the active keys" in told


def test_a_key_of_the_environment_is_not_rotated(orchestrall: Ended, kept: Kept) -> None:
    login.keep(kept, login.Login(URL, KEY))
    assert orchestrall("keys", "rotate")[0] == 2


def test_keys_are_a_table_without_their_texts(orchestrall: Ended, server: Server) -> None:
    server.will(answered({"items": [key("aaaaaaaa")], "next": None}))
    ended, out, _ = orchestrall("keys", "list", "--state", "active")
    assert (ended, out.splitlines()[1].split()[1:4]) == (0, ["ork_aaaaaaaa…", "Nightly", "active"])


def test_usage_is_a_table_of_limits(orchestrall: Ended, server: Server) -> None:
    limit = {"name": "tenant", "title": "By all", "limit": 6000, "window": 60, "used": 42, "left": 5958, "reset": 17}
    server.will(answered({"plan": "standard", "plan_title": "Standard", "items": [limit]}))
    ended, out, _ = orchestrall("usage")
    assert (ended, out.splitlines()[0]) == (0, "Plan: Standard")
    assert out.splitlines()[-1].split() == ["By", "all", "42", "6000", "60", "17", "s"]


def test_without_a_login_it_says_how_to_sign_in(orchestrall: Ended, nobody: None) -> None:
    ended, _, told = orchestrall("runs", "list")
    assert ended == 2
    assert "orchestrall login" in told


# As a program of its own


@contextmanager
def listening() -> Iterator[str]:
    """A server on this machine whose lists have no end; its address."""

    class Endless(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = json.dumps({"items": [run()] * 200, "next": "/api/v1/runs?cursor=x"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://acme.localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_it_ends_quietly_when_nobody_reads_on_and_finds_names_below_localhost() -> None:
    with listening() as address:
        environment = {
            "PYTHONPATH": str(SOURCE),
            "ORCHESTRALL_URL": address,
            "ORCHESTRALL_KEY": KEY,
            "PATH": os.defpath,
        }
        command = [sys.executable, "-m", "orchestrall_client", "runs", "list", "--json", "--limit", "100000"]
        program = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert program.stdout is not None
        assert program.stderr is not None
        assert json.loads(program.stdout.readline())["id"] == ID
        program.stdout.close()
        said = program.stderr.read()
        program.stderr.close()
        assert (program.wait(timeout=60), said) == (141, b"")

"""Several people answer at once, late, and while their rights are taken away: none lost, none doubled, quorum exact."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.drills._flows import Ground, definition, exactly, ground
from tests.drills._grounds import APPROVERS, PASSWORD
from tests.measuring import Case
from tests.running import wait_until

QUESTIONS, QUORUM, WITH_NO, WITHDRAWN, LATE = 200, 3, 100, 50, 60
"""Questions that all say yes to; that one of five says no to; under which rights go; that are answered at the end."""
ANSWER_WITHIN = 12
"""Seconds in which the late ones are to be answered."""
AT_ONCE = 10
"""Answers that are under way at a time."""
SLUG = "approve"
SCHEMA = f"t_{SLUG}"
LINK = re.compile(r"http://\S+/approvals/link/\S+")
Sent = tuple[str, int, bool, int, str]
"""A question, the person, whether they said yes, the status of the answer, and the code of its problem."""


def measure() -> Iterator[Case]:
    step = {"kind": "approval", "question": "Ship ${inputs.n}?", "roles": ["approver"], "quorum": QUORUM}
    wanted = [
        definition("several", {"ask": step}, {"n": "integer"}, outputs={"given": "${steps.ask}"}),
        definition("single", {"ask": {**step, "quorum": 1}}, {"n": "integer"}, outputs={"given": "${steps.ask}"}),
        definition(
            "late",
            {"ask": {**step, "quorum": 1, "answer_within": f"{ANSWER_WITHIN}s"}},
            {"n": "integer"},
            outputs={"given": "${steps.ask}"},
        ),
        definition("mailed", {"ask": {**step, "quorum": 1, "answer_within": "90s"}}, {"n": "integer"}),
    ]
    with ground({SLUG: wanted}) as made:
        people = People(made)
        try:
            yield from all_say_yes(made, people)
            yield from one_says_no(made, people)
            yield from at_the_deadline(made, people)
            yield from rights_are_taken_away(made, people)
            yield from links_are_followed(made, people)
        finally:
            people.close()


@dataclass
class People:
    """The approvers of the tenant, each signed in over the API."""

    made: Ground
    apis: list[httpx.Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        base = f"http://127.0.0.1:{self.made.program.port}"
        host = f"{SLUG}.localhost:{self.made.program.port}"
        for address in APPROVERS:
            api = httpx.Client(base_url=base, headers={"Host": host}, timeout=60)
            answer = api.post("/api/v1/tokens", json={"email": address, "password": PASSWORD})
            answer.raise_for_status()
            api.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            self.apis.append(api)

    def answer(self, question: str, person: int, approved: bool) -> Sent:
        body = {"approved": approved, "comment": "" if approved else "Too dear"}
        answer = self.apis[person].post(f"/api/v1/approvals/{question}/decision", json=body)
        code = "" if answer.status_code == 200 else str(answer.json().get("code"))
        return question, person, approved, answer.status_code, code

    def answer_all(self, wanted: Iterable[tuple[str, int, bool]]) -> list[Sent]:
        """All of it at once, in an order that chance has made."""
        shuffled = list(wanted)
        random.Random(11).shuffle(shuffled)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda one: self.answer(*one), shuffled))

    def close(self) -> None:
        for api in self.apis:
            api.close()


def ask(made: Ground, name: str, count: int) -> list[str]:
    """The questions of so many runs, once all of them are asked."""
    runs = made.start(SLUG, name, [{"n": n} for n in range(count)])
    found = f"select id::text from {SCHEMA}.workflows_approval where run_id = any(%s) order by id"
    wait_until(lambda: len(made.look(found, runs)) == count, f"{count} questions are asked", within=300)
    return [id for (id,) in made.look(found, runs)]


def yes_and_no(made: Ground, questions: Sequence[str]) -> dict[str, tuple[int, int]]:
    """How many yes and how many no are recorded of each question."""
    rows = made.look(
        f"select a.id::text, count(d.id) filter (where d.approved), count(d.id) filter (where not d.approved) "
        f"from {SCHEMA}.workflows_approval a left join {SCHEMA}.workflows_approvaldecision d on d.approval_id = a.id "
        f"where a.id = any(%s) group by 1",
        list(questions),
    )
    return {id: (yes, no) for id, yes, no in rows}


def decided(made: Ground, questions: Sequence[str]) -> dict[str, bool | None]:
    """What each question came to; None: nothing."""
    rows = made.look(f"select id::text, approved from {SCHEMA}.workflows_approval where id = any(%s)", list(questions))
    return dict(rows)


def of_runs(made: Ground, questions: Sequence[str]) -> tuple[set[str], int]:
    """How the runs of these questions ended, and how many ends of the step that asks are in their ledgers."""
    narrow = f"(select run_id from {SCHEMA}.workflows_approval where id = any(%s))"
    runs = made.look(
        f"select distinct status from {SCHEMA}.workflows_workflowrun where id in {narrow}", list(questions)
    )
    steps = f"select count(*) from {SCHEMA}.workflows_steprun where ended and step = 0 and run_id in {narrow}"
    return {status for (status,) in runs}, made.look(steps, list(questions))[0][0]


def settle(made: Ground, case: str, questions: Sequence[str], sent: Sequence[Sent]) -> Iterator[Case]:
    """What must be so whatever was answered: what was said to be recorded is, once, and every run went on once."""
    found = yes_and_no(made, questions)
    taken = Counter((question, approved) for question, _, approved, status, _ in sent if status == 200)
    stored = Counter({(id, True): yes for id, (yes, _) in found.items()})
    stored.update({(id, False): no for id, (_, no) in found.items()})
    lost, more = sum((taken - stored).values()), sum((stored - taken).values())
    made.wait(SLUG)
    statuses, ends = of_runs(made, questions)
    broken = sum(status >= 500 for _, _, _, status, _ in sent)
    yield exactly(case, "answers that were taken and lost", lost)
    yield exactly(case, "answers recorded twice, or that were refused", more)
    yield exactly(case, "answers 5xx", broken)
    yield exactly(case, "ends of the steps that ask", ends, len(questions))
    yield Case(case, "runs", ", ".join(sorted(statuses)), bar="succeeded", holds=statuses == {"succeeded"})


def all_say_yes(made: Ground, people: People) -> Iterator[Case]:
    questions = ask(made, "several", QUESTIONS)
    case = f"{QUESTIONS} questions, {len(APPROVERS)} people at once, {QUORUM} have to say yes"
    began = time.monotonic()
    sent = people.answer_all((each, person, True) for each in questions for person in range(len(APPROVERS)))
    yield Case(case, "answers a second", len(sent) / (time.monotonic() - began))
    found = yes_and_no(made, questions)
    yield exactly(case, "questions with another number of yes", sum(each != (QUORUM, 0) for each in found.values()))
    yield exactly(case, "questions that are not approved", sum(not each for each in decided(made, questions).values()))
    late = sum(status == 409 for _, _, _, status, _ in sent)
    yield exactly(case, "who came after the quorum and was told so", late, QUESTIONS * (len(APPROVERS) - QUORUM))
    yield from settle(made, case, questions, sent)


def one_says_no(made: Ground, people: People) -> Iterator[Case]:
    questions = ask(made, "several", WITH_NO)
    case = f"{WITH_NO} questions, one of {len(APPROVERS)} says no"
    sent = people.answer_all((each, person, person > 0) for each in questions for person in range(len(APPROVERS)))
    found, came_to = yes_and_no(made, questions), decided(made, questions)
    wrong = sum(
        (yes, no) not in {(QUORUM, 0), *((n, 1) for n in range(QUORUM))} or came_to[id] != (no == 0)
        for id, (yes, no) in found.items()
    )
    yield Case(case, "came to no", sum(no for _, no in found.values()))
    yield exactly(case, "questions that came to something else than was said first", wrong)
    yield from settle(made, case, questions, sent)


def at_the_deadline(made: Ground, people: People) -> Iterator[Case]:
    """Answers around the moment at which the engine ends the step: each counts, or is refused, as the run tells."""
    questions = ask(made, "late", LATE)
    case = f"{LATE} questions, answered while their time ends"
    asked = made.look(f"select id::text, due_at, now() from {SCHEMA}.workflows_approval where id = any(%s)", questions)
    first = min((due - now).total_seconds() for _, due, now in asked)
    last = max((due - now).total_seconds() for _, due, now in asked)
    until = [time.monotonic() + max(0.0, first - 1.0 + n * (last - first + 2.0) / LATE) for n in range(LATE)]

    def send(numbered: tuple[int, str]) -> Sent:
        number, question = numbered
        time.sleep(max(0.0, until[number] - time.monotonic()))
        return people.answer(question, number % len(APPROVERS), True)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        sent = list(pool.map(send, enumerate(questions)))
    made.wait(SLUG)
    told = outputs(made, questions)
    taken = {question for question, _, _, status, _ in sent if status == 200}
    apart = sum((each in taken) != (told[each]["approved"] and not told[each]["timed_out"]) for each in questions)
    refused = Counter(code for _, _, _, status, code in sent if status != 200)
    yield Case(case, "in time", len(taken), bar="> 0", holds=bool(taken))
    yield Case(case, "too late", refused["conflict"], bar="> 0", holds=refused["conflict"] > 0)
    yield exactly(case, "runs that went on with another answer than was said to be taken", apart)
    yield from settle(made, case, questions, sent)


def outputs(made: Ground, questions: Sequence[str]) -> dict[str, Any]:
    """What each question gave its run, as the API tells it."""
    found = made.look(f"select id::text, run_id::text from {SCHEMA}.workflows_approval where id = any(%s)", questions)
    api, told = made.api(SLUG), {}
    for id, run in found:
        answer = api.get(f"/api/v1/workflow-runs/{run}")
        answer.raise_for_status()
        told[id] = answer.json()["outputs"]["given"]
    return told


def rights_are_taken_away(made: Ground, people: People) -> Iterator[Case]:
    """While everybody answers, one person loses their role, and another is deactivated."""
    questions = ask(made, "several", WITHDRAWN)
    case = f"{WITHDRAWN} questions, while rights are taken away"
    gone: dict[str, Any] = {}

    def take() -> None:
        time.sleep(1.0)
        with psycopg.connect(made.program.database_url, autocommit=True) as link:
            for address, change in ((APPROVERS[0], "role = 'viewer'"), (APPROVERS[1], "is_active = false")):
                link.execute(f"update {SCHEMA}.accounts_user set {change} where email = %s", [address])
                gone[address] = link.execute("select clock_timestamp()").fetchone()[0]  # type: ignore[index]

    with ThreadPoolExecutor(1) as aside:
        taking = aside.submit(take)
        sent = people.answer_all((each, person, True) for each in questions for person in (0, 1, 2, 3))
        taking.result()
    after = sum(
        made.look(
            f"select count(*) from {SCHEMA}.workflows_approvaldecision d "
            f"join {SCHEMA}.accounts_user u on u.id = d.user_id where u.email = %s and d.at > %s",
            address,
            moment,
        )[0][0]
        for address, moment in gone.items()
    )
    refused = sum(status in {401, 403} for _, person, _, status, _ in sent if person in {0, 1})
    yield Case(case, "answers that found the right gone", refused, bar="> 0", holds=refused > 0)
    yield exactly(case, "answers recorded after it was gone", after)
    # Whoever is left makes up the quorum where it still can be: the rest is answered by the fifth.
    sent += people.answer_all((each, 4, True) for each in questions)
    short = [each for each, (yes, _) in yes_and_no(made, questions).items() if yes < QUORUM]
    yield exactly(case, "questions that three who may answer have answered, and that wait", len(short))
    yield from settle(made, case, questions, sent)


def links_are_followed(made: Ground, people: People) -> Iterator[Case]:
    """Links of real mails: one's own and another person's, changed ones, and those whose question is over."""
    case = "links of mails"
    first, second = ask(made, "mailed", 2)
    ana, ben = APPROVERS[2], APPROVERS[3]
    wait_until(lambda: all(len(links(made).get(each, ())) == 2 for each in (ana, ben)), "the mails came", within=70)
    mine, others = links(made)[ana], links(made)[ben]
    with signed_in(made, ana) as browser:
        changed = [each.rstrip("/")[:-1] + "x/" for each in mine]
        for what, addresses, wanted in (
            ("one's own", mine, 200),
            ("another's", others, 403),
            ("changed", changed, 404),
        ):
            wrong = sum(browser.get(httpx.URL(each).path).status_code != wanted for each in addresses)
            yield exactly(case, f"{what}: answers other than {wanted}", wrong)
        yield exactly(case, "status of an answer in time", people.answer(first, 3, True)[3], 200)
        made.wait(SLUG)  # the time of the second question is over
        texts = [browser.get(httpx.URL(each).path).text for each in mine]
        forms = sum('name="answer"' in each for each in texts)
        yield exactly(case, "pages behind links that are over and still take an answer", forms)
    yield exactly(case, "status of an answer after the time", people.answer(second, 4, True)[3], 409)
    yield from settle(made, case, [first, second], [(first, 3, True, 200, "")])


def links(made: Ground) -> dict[str, list[str]]:
    """The links of the mails about questions, by the address that they went to."""
    found: dict[str, list[str]] = {}
    for path in Path(made.program.environment["ORCHESTRALL_VAR"], "mails").glob("*"):
        for text in path.read_bytes().split(b"-" * 79):
            mail = message_from_bytes(text.strip(), policy=policy.default)
            body = mail.get_body()
            if str(mail["Subject"]) == f"[{SLUG.title()}] 2 questions wait for you":
                found.setdefault(str(mail["To"]), []).extend(LINK.findall(body.get_content() if body else ""))
    return found


@contextmanager
def signed_in(made: Ground, address: str) -> Iterator[httpx.Client]:
    """A browser, more or less, of this member."""
    base, host = f"http://127.0.0.1:{made.program.port}", f"{SLUG}.localhost:{made.program.port}"
    with httpx.Client(base_url=base, headers={"Host": host}, timeout=60) as browser:
        browser.get("/accounts/login/")
        form = {"login": address, "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        answer = browser.post("/accounts/login/", data=form, headers={"Origin": f"http://{host}"})
        if answer.status_code != 302:
            raise RuntimeError(f"{address} could not sign in: {answer.status_code}")
        yield browser

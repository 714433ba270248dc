"""The inspector on the platform: a file goes in, its result is shown and handed out."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.datasets.services import dataset_upload
from apps.manufacturing.agents.quality_inspector import QualityInspector
from tests.agents.conftest import Start

KEY = QualityInspector.key
Make = Callable[..., User]
ClientFor = Callable[..., Client]


def csv_of_example() -> bytes:
    rows = QualityInspector.examples[0].input["data"]["rows"]
    return "\n".join([",".join(rows[0]), *(",".join(str(cell) for cell in row.values()) for row in rows)]).encode()


def test_a_finished_run_shows_its_verdict_its_charts_and_what_to_look_at(
    finished: Start, member: Make, client_for: ClientFor
) -> None:
    user = member("analyst")
    run = finished(user, KEY, **QualityInspector.examples[0].input)
    assert (run.status, run.headline) == (
        AgentRun.Status.SUCCEEDED, "Barely capable, out of control: 2 things to look at",
    )  # fmt: skip
    page = client_for(user).get(reverse("agents:run", args=[run.number])).content.decode()
    for text in ("Look at these first", "Anderson-Darling p", "control_chart", "Histogram", "a change of set-up"):
        assert text in page


@pytest.mark.parametrize("number", range(len(QualityInspector.examples)))
def test_every_example_runs_on_the_platform_and_its_result_can_be_downloaded(
    finished: Start, member: Make, client_for: ClientFor, number: int
) -> None:
    user = member("analyst")
    run = finished(user, KEY, **QualityInspector.examples[number].input)
    assert run.status == AgentRun.Status.SUCCEEDED
    client = client_for(user)
    assert client.get(reverse("agents:run", args=[run.number])).status_code == 200
    text = client.get(reverse("agents:run-download", args=[run.number, "csv"])).getvalue().decode()
    assert len(text.splitlines()) > 2
    assert client.get(reverse("agents:run-download", args=[run.number, "xlsx"])).content.startswith(b"PK")


def test_a_file_is_understood_before_it_runs_and_can_be_corrected(
    board: object, member: Make, client_for: ClientFor
) -> None:
    user = member("analyst")
    dataset = dataset_upload(file=BytesIO(csv_of_example()), name="bores.csv", user=user)
    asked = {"data.dataset": str(dataset.pk)}
    client, address = client_for(user), reverse("agents:agent", args=[KEY])
    page = client.get(address, asked).content.decode()
    assert "30 samples of 150 measurements" in page
    assert 'name="data.columns.subgroup"' in page
    corrected = client.get(address, {**asked, "data.columns.subgroup": "none"}).content.decode()
    assert "150 samples of 150 measurements" in corrected
    refused = client.get(address, {**asked, "lower_spec": "41", "upper_spec": "40"}).content.decode()
    assert "The lower limit 41 is not below the upper limit 40." in refused


def test_the_model_card_is_on_the_page_of_the_agent(board: object, member: Make, client_for: ClientFor) -> None:
    page = client_for(member("analyst")).get(reverse("agents:agent", args=[KEY])).content.decode()
    for text in ("Model card", "%GRR", "1 million points"):
        assert text in page

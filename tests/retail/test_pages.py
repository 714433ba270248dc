"""The forecaster on the platform: a file goes in, its result is shown and handed out."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.datasets.services import dataset_upload
from apps.retail.agents.demand_forecaster import DemandForecaster
from tests.agents.conftest import Start

pytestmark = pytest.mark.usefixtures("models_loaded")

KEY = DemandForecaster.key
Make = Callable[..., User]
ClientFor = Callable[..., Client]


def csv_of_example() -> bytes:
    rows = DemandForecaster.examples[0].input["history"]["rows"]
    return "\n".join(["item,week,units", *(",".join(str(cell) for cell in row.values()) for row in rows)]).encode()


def test_a_finished_run_shows_its_table_its_chart_and_the_reasons(
    finished: Start, member: Make, client_for: ClientFor
) -> None:
    user = member("analyst")
    run = finished(user, KEY, **DemandForecaster.examples[0].input)
    assert (run.status, run.headline) == (AgentRun.Status.SUCCEEDED, "3 series, 13 periods ahead")
    page = client_for(user).get(reverse("agents:run", args=[run.number])).content.decode()
    for text in ("Lemonade 6-pack", "Median MASE", "Why: ", "No series stands out."):
        assert text in page


def test_a_result_can_be_downloaded_as_csv_and_xlsx(finished: Start, member: Make, client_for: ClientFor) -> None:
    user = member("analyst")
    run = finished(user, KEY, **DemandForecaster.examples[1].input)
    client = client_for(user)
    text = client.get(reverse("agents:run-download", args=[run.number, "csv"])).getvalue().decode()
    assert text.splitlines()[0] == "item,period,forecast,q10,q50,q90,model,demand"
    assert len(text.splitlines()) == 1 + 4 * 6
    assert client.get(reverse("agents:run-download", args=[run.number, "xlsx"])).content.startswith(b"PK")


def test_a_file_is_understood_before_it_runs_and_can_be_corrected(
    board: object, member: Make, client_for: ClientFor
) -> None:
    user = member("analyst")
    dataset = dataset_upload(file=BytesIO(csv_of_example()), name="sales.csv", user=user)
    asked = {"history.dataset": str(dataset.pk)}
    client, address = client_for(user), reverse("agents:agent", args=[KEY])
    page = client.get(address, asked).content.decode()
    assert "3 series of 110 weekly values" in page
    assert 'name="history.columns.quantity"' in page
    corrected = client.get(address, {**asked, "frequency": "monthly"}).content.decode()
    assert "3 series of 26 monthly values" in corrected
    assert "added up to monthly" in corrected

"""The checker on the platform: a list or a table goes in, its result is shown and handed out."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.datasets.services import dataset_upload
from apps.healthcare.agents.drug_checker import DrugChecker
from tests.agents.conftest import Start

KEY = DrugChecker.key
Make = Callable[..., User]
ClientFor = Callable[..., Client]
ADDRESS = f"/agents/{KEY}/"
CHARTS = b"Bed,Given,age,sex,creatinine\n1,warfarin,80,f,1.2\n1,ibuprofen,,,\n2,zinkorol,50,m,0.9\n"


def test_a_finished_run_shows_verdict_findings_and_the_notice(
    finished: Start, member: Make, client_for: ClientFor
) -> None:
    user = member("analyst")
    run = finished(user, KEY, **DrugChecker.examples[1].input)
    assert run.status == AgentRun.Status.SUCCEEDED
    assert run.headline.startswith("1 unknown name; 2 contraindicated")
    page = client_for(user).get(reverse("agents:run", args=[run.number])).content.decode()
    for text in (
        "Contraindicated: do not give as it stands",
        "herbal calm tea",
        "Serotonin syndrome",
        "Decision support",
    ):
        assert text in page


def test_a_row_of_many_patients_leads_to_the_patient(finished: Start, member: Make, client_for: ClientFor) -> None:
    user = member("analyst")
    run = finished(user, KEY, **DrugChecker.examples[3].input)
    address = reverse("agents:run", args=[run.number])
    page = client_for(user).get(address, {"row": "Bed 3"}).content.decode()
    assert "Bed 3: serious findings" in page
    assert client_for(user).get(address, {"row": "Bed 9"}).status_code == 404


def test_a_result_can_be_downloaded_as_csv_and_xlsx(finished: Start, member: Make, client_for: ClientFor) -> None:
    user = member("analyst")
    run = finished(user, KEY, **DrugChecker.examples[0].input)
    client = client_for(user)
    text = client.get(reverse("agents:run-download", args=[run.number, "csv"])).getvalue().decode()
    assert text.splitlines()[0].startswith("patient,kind,severity,drugs")
    assert client.get(reverse("agents:run-download", args=[run.number, "xlsx"])).content.startswith(b"PK")


def test_an_empty_form_is_not_told_to_be_wrong(board: object, member: Make, client_for: ClientFor) -> None:
    page = client_for(member("analyst")).get(ADDRESS).content.decode()
    assert 'name="medications.0"' in page
    assert 'name="creatinine_unit"' in page
    assert ">mg/dL</option>" in page
    assert "cannot be accepted" not in page
    assert "at least one drug" not in page


def test_what_is_entered_is_looked_at_and_kept(board: object, member: Make, client_for: ClientFor) -> None:
    client = client_for(member("analyst"))
    page = client.get(ADDRESS, {"medications": "warfarin; zinkorol"}).content.decode()
    assert "2 medications: 1 known, 1 unknown" in page
    wrong = client.post(ADDRESS, {"medications": "metformin", "creatinine": "105", "creatinine_unit": "mg/dL"})
    assert wrong.status_code == 422
    told = wrong.content.decode()
    assert "105 mg/dL is no creatinine of a living patient; it looks like umol/L" in told
    assert 'value="metformin"' in told


def test_a_file_of_charts_is_understood_and_can_be_corrected(
    board: object, member: Make, client_for: ClientFor
) -> None:
    user = member("analyst")
    dataset = dataset_upload(file=BytesIO(CHARTS), name="charts.csv", user=user)
    client = client_for(user)
    refused = client.get(ADDRESS, {"patients.dataset": str(dataset.pk)}).content.decode()
    assert "no column of patient and none of drug" in refused
    chosen = {"patients.columns.patient": "Bed", "patients.columns.drug": "Given"}
    page = client.get(ADDRESS, {"patients.dataset": str(dataset.pk), **chosen}).content.decode()
    assert "2 patients, 3 medications: 2 known, 1 unknown" in page

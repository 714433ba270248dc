"""What an independent client finds of the service. The drill `scim` lets it look at everything, over the network."""

from __future__ import annotations

from typing import Any

from django.test import Client
from scim2_client.engines.wsgi import WSGISCIMClient

from tests.accounts.scim.conftest import Speaker
from tests.drills import scim as drill


def test_the_checker_of_the_standard_finds_no_fault(scim: Speaker) -> None:
    client = WSGISCIMClient(
        _application(scim), base_url=f"http://{scim.host}/scim/v2", headers={"Authorization": f"Bearer {scim.token}"}
    )

    found = drill.check(client)

    assert len(found) > 50
    wrong = [f"{result.title}: {result.reason}" for result in drill.faults(found)]
    assert not wrong, "\n".join(wrong)


def _application(scim: Speaker) -> Any:
    """The program as a WSGI application that stays inside the test's transaction."""
    client = Client(headers={"host": scim.host})

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        taken = {name: value for name, value in environ.items() if name.startswith("HTTP_") and name != "HTTP_HOST"}
        answer: Any = client.generic(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ["wsgi.input"].read(),
            content_type=environ.get("CONTENT_TYPE", ""),
            QUERY_STRING=environ["QUERY_STRING"],
            **taken,
        )
        start_response(f"{answer.status_code} {answer.reason_phrase}", list(answer.items()))
        return [answer.content]

    return application

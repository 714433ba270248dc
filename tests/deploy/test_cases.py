"""An installed product has the cases that its agents are evaluated by."""

from __future__ import annotations

from django.conf import settings

ROOT = settings.EVALUATIONS.parents[1]


def test_the_image_has_the_cases_of_evaluations_and_none_of_the_tests() -> None:
    place = settings.EVALUATIONS.relative_to(ROOT).as_posix()
    assert f"COPY {place} {place}" in (ROOT / "deploy" / "docker" / "Dockerfile").read_text().splitlines()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored.index("*") < ignored.index(f"!{place}") < ignored.index("tests/**/*.py")

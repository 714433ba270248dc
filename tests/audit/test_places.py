"""Places for checkpoints, a folder and a bucket: only added to, in an order, and told what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from moto.server import ThreadedMotoServer

from apps.audit.places import Bucket, Folder, Place, PlaceDiffers, PlaceUnavailable, checkpoint_name
from apps.audit.places import place as place_of_settings


@pytest.fixture(scope="module")
def bucket_address() -> Iterator[str]:
    """The address of a service that speaks S3, with one bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        boto3.client("s3", endpoint_url=f"http://{host}:{port}").create_bucket(Bucket="checkpoints")
        yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return Folder(tmp_path / "outside")
    return Bucket(f"s3://checkpoints/{tmp_path.name}", request.getfixturevalue("bucket_address"))


def test_what_is_kept_is_there_and_is_not_written_over(place: Place) -> None:
    place.put("t/000001/x.checkpoint", "first — with a dash")
    place.put("t/000001/x.checkpoint", "first — with a dash")  # the same again
    with pytest.raises(PlaceDiffers):
        place.put("t/000001/x.checkpoint", "second")
    assert place.get("t/000001/x.checkpoint") == "first — with a dash"
    assert place.get("t/000001/y.checkpoint") is None


def test_the_newest_is_the_one_of_the_greatest_epoch_and_size(place: Place) -> None:
    assert place.newest("t", "") is None
    places = [(1, 5), (1, 4095), (1, 4096), (1, 1_000_000), (2, 7)]
    for epoch, size in places:
        place.put(f"t/{checkpoint_name(epoch, size)}", "x")
        assert place.newest("t", "") == checkpoint_name(epoch, size)
    place.put("t/public-key.txt", "key")
    place.put(f"u/{checkpoint_name(9, 9)}", "of another tenant")
    for epoch, size in places[:-1]:
        assert place.newest("t", checkpoint_name(epoch, size)) == checkpoint_name(2, 7)
    assert place.newest("t", checkpoint_name(2, 7)) is None
    assert place.newest("t", checkpoint_name(1, 8)) == checkpoint_name(2, 7)


def test_the_newest_of_an_epoch_is_seen_from_any_earlier_one(place: Place) -> None:
    for size in (1, 5000, 9000):
        place.put(f"t/{checkpoint_name(1, size)}", "x")
    for size in (1, 4999, 5000):
        assert place.newest("t", checkpoint_name(1, size)) == checkpoint_name(1, 9000)
    assert place.newest("t", checkpoint_name(1, 9000)) is None


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = Folder(tmp_path / "file")
    with pytest.raises(PlaceUnavailable, match="file"):
        folder.put("t/x", "x")
    with pytest.raises(PlaceUnavailable, match="file"):
        folder.newest("t", "")


def test_a_bucket_that_is_not_there_says_so(bucket_address: str) -> None:
    gone = Bucket("s3://nowhere", bucket_address)
    with pytest.raises(PlaceUnavailable, match="s3://nowhere"):
        gone.put("t/x", "x")
    with pytest.raises(PlaceUnavailable, match="s3://nowhere"):
        gone.newest("t", "")


def test_a_service_that_does_not_answer_says_so(bucket_address: str) -> None:
    with pytest.raises(PlaceUnavailable, match="s3://checkpoints"):
        Bucket("s3://checkpoints", "http://127.0.0.1:9").get("t/x")


def test_the_settings_name_the_place(settings: Any, tmp_path: Path) -> None:
    assert place_of_settings().text == str(tmp_path / "checkpoints")
    settings.AUDIT_CHECKPOINTS = str(tmp_path / "other")
    assert place_of_settings().text == str(tmp_path / "other")
    settings.AUDIT_CHECKPOINTS = "s3://bucket/prefix"
    assert isinstance(place_of_settings(), Bucket)


@pytest.mark.parametrize("address", ["relative/folder", "s3://", "s3://bucket/x?y=1"])
def test_an_address_that_cannot_be_a_place_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    import importlib
    from dataclasses import replace

    from orchestrall.settings import audit, env

    monkeypatch.setattr(env, "env", replace(env.env, audit_checkpoints=address))
    with pytest.raises(ImproperlyConfigured, match="ORCHESTRALL_AUDIT_CHECKPOINTS"):
        importlib.reload(audit)

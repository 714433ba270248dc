"""Server-sent events, cut anywhere."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestrall_client.streams import Message, messages

STREAM = 'retry: 2000\n: a comment\n\nid: 7\nevent: run\ndata: {"a":\ndata: "é\u2028"}\n\ndata:x\n\nid: 9\n\ndata: cut'
EVENTS = [Message('{"a":\n"é\u2028"}', "run", "7"), Message("x", "message", "7")]


@given(cuts=st.lists(st.integers(0, len(STREAM.encode())), max_size=8), ending=st.sampled_from(["\n", "\r", "\r\n"]))
def test_a_stream_says_the_same_however_it_is_cut(cuts: list[int], ending: str) -> None:
    whole = STREAM.replace("\n", ending).encode()
    edges = sorted({0, len(whole), *cuts})
    pieces = [whole[start:end] for start, end in itertools.pairwise(edges)]
    found = [Message(each.data.replace(ending, "\n"), each.event, each.id) for each in messages(pieces)]
    assert found == EVENTS


@pytest.mark.parametrize("silent", [b"", b": ping\n\n", b"event: x\n\n", b"data: never finished\n"])
def test_what_is_no_event_is_none(silent: bytes) -> None:
    assert list(messages([silent])) == []

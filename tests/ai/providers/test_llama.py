"""A second server of the protocol, which none of us wrote: llama-cpp-python's, with a tiny model of random weights.

It is installed into an environment of its own, and built from source where there is no wheel, which takes minutes and a
compiler. ORCHESTRALL_LLAMA_PYTHON names the Python of an environment that has it with its `server`, and `gguf`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from apps.ai.contract import Message, ModelProblem, Request
from apps.ai.providers.compatible import Compatible, CompatibleSettings
from orchestrall.embedded import free_port
from tests.aiserver import loopback_allowed

pytestmark = pytest.mark.slow

KIND = Compatible()
HELLO = Request(messages=(Message(role="user", text="How is it?"),), longest_answer=8)
READY_WITHIN = 120.0
# One layer of Llama's architecture over bytes: it says nothing that makes sense, and says it as a real one would.
WRITE = """
import sys
import numpy as np
import gguf

EMBEDDING, HEADS, FORWARD, CONTEXT = 64, 4, 128, 2048
tokens = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % byte for byte in range(256)]
kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL] + [gguf.TokenType.BYTE] * 256
tokens += ["\\u2581"] + [chr(letter) for letter in range(33, 127)]
kinds += [gguf.TokenType.NORMAL] * (len(tokens) - len(kinds))
writer = gguf.GGUFWriter(sys.argv[1], "llama")
writer.add_context_length(CONTEXT)
writer.add_embedding_length(EMBEDDING)
writer.add_block_count(1)
writer.add_feed_forward_length(FORWARD)
writer.add_head_count(HEADS)
writer.add_head_count_kv(HEADS)
writer.add_rope_dimension_count(EMBEDDING // HEADS)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_vocab_size(len(tokens))
writer.add_tokenizer_model("llama")
writer.add_token_list(tokens)
writer.add_token_scores([-float(place) for place in range(len(tokens))])
writer.add_token_types(kinds)
writer.add_bos_token_id(1)
writer.add_eos_token_id(2)
writer.add_unk_token_id(0)
chance = np.random.default_rng(7)

def tensor(name, *shape):
    writer.add_tensor(name, (chance.standard_normal(shape) * 0.05).astype(np.float32))

tensor("token_embd.weight", len(tokens), EMBEDDING)
tensor("output.weight", len(tokens), EMBEDDING)
for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
    writer.add_tensor(name + ".weight", np.ones(EMBEDDING, dtype=np.float32))
for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
    tensor("blk.0." + name + ".weight", EMBEDDING, EMBEDDING)
tensor("blk.0.ffn_gate.weight", FORWARD, EMBEDDING)
tensor("blk.0.ffn_up.weight", FORWARD, EMBEDDING)
tensor("blk.0.ffn_down.weight", EMBEDDING, FORWARD)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
"""


@pytest.fixture(scope="module")
def settings_of_llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CompatibleSettings]:
    folder = tmp_path_factory.mktemp("llama")
    python, model, port = _python(folder), folder / "tiny.gguf", free_port()
    subprocess.run([str(python), "-c", WRITE, str(model)], check=True, timeout=120)
    argv = [str(python), "-m", "llama_cpp.server", "--model", str(model), "--model_alias", "tiny", "--n_ctx", "1024"]
    argv += ["--host", "127.0.0.1", "--port", str(port), "--api_key", "key-of-llama", "--chat_format", "chatml"]
    with Path(folder, "log").open("wb") as log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
        try:
            _wait_for(process, port, folder / "log")
            with loopback_allowed():
                told = {"base_url": f"http://127.0.0.1:{port}/v1", "key": "key-of-llama", "counts_streams": False}
                yield CompatibleSettings.model_validate(told)
        finally:
            process.kill()


def _python(folder: Path) -> Path:
    """The Python of an environment with the server. Skips where it cannot be had."""
    if named := os.environ.get("ORCHESTRALL_LLAMA_PYTHON"):
        return Path(named)
    python = folder / "venv" / "bin" / "python"
    try:
        for argv in (
            [sys.executable, "-m", "venv", str(python.parents[1])],
            [str(python), "-m", "pip", "install", "--quiet", "llama-cpp-python[server]", "gguf"],
        ):
            subprocess.run(argv, check=True, capture_output=True, timeout=1800, text=True)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"llama-cpp-python cannot be installed here: {str(getattr(error, 'stderr', '') or error)[-300:]}")
    return python


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            httpx.get(f"http://127.0.0.1:{port}/v1/models", timeout=2)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"The server did not start: {log.read_text()[-1500:]}")


def test_its_models_are_listed(settings_of_llama: CompatibleSettings) -> None:
    assert KIND.models(settings_of_llama) == ["tiny"]


def test_it_answers_with_its_tokens_and_no_longer_than_it_may(settings_of_llama: CompatibleSettings) -> None:
    reply = KIND.ask(settings_of_llama, "tiny", HELLO, seconds=60.0)
    assert reply.usage is not None
    assert reply.usage.input > 0
    assert 0 < reply.usage.output <= 8
    assert reply.is_cut or reply.usage.output < 8


def test_it_streams_what_it_answers(settings_of_llama: CompatibleSettings) -> None:
    pieces: list[str] = []
    reply = KIND.ask(settings_of_llama, "tiny", HELLO, seconds=60.0, told=pieces.append)
    assert "".join(pieces) == reply.text
    assert len(pieces) > 1


def test_a_wrong_key_is_told_as_one(settings_of_llama: CompatibleSettings) -> None:
    wrong = CompatibleSettings.model_validate({"base_url": settings_of_llama.base_url, "key": "wrong"})
    with pytest.raises(ModelProblem, match="refuses the key"):
        KIND.ask(wrong, "tiny", HELLO, seconds=60.0)


def test_what_is_too_long_is_told_and_not_repeated(settings_of_llama: CompatibleSettings) -> None:
    long = HELLO.model_copy(update={"messages": (Message(role="user", text="word " * 2_000),)})
    with pytest.raises(ModelProblem) as raised:
        KIND.ask(settings_of_llama, "tiny", long, seconds=60.0)
    assert not raised.value.may_repeat

"""Serve until interrupted: `python -m tests.aiserver [PORT]`, for trying pages out against it."""

from __future__ import annotations

import sys

from tests.aiserver import AiServer

if __name__ == "__main__":
    with AiServer(port=int(sys.argv[1]) if len(sys.argv) > 1 else 0) as server:
        print(f"base URL {server.url}, key {server.key}, models {', '.join(server.models())}", flush=True)
        server.ending.wait()

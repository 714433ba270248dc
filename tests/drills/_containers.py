"""Builds an image and runs it with nothing but Debian's buildah, mmdebstrap and util-linux: no engine.

A container here has what matters for how the product behaves: the image's own root file system, read only; its user,
environment and entry point; a scratch /tmp and a volume; process 1 in a process namespace, without capabilities and
unable to gain any. It shares the machine's network, and has no limits and no system-call filter.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from orchestrall.embedded import dies_with_parent
from tests.measuring import Skip

DEBIAN = "bookworm"
PACKAGES = "python3,python3-venv,ca-certificates"
TOOLS = {"buildah": "buildah", "mmdebstrap": "mmdebstrap", "nsenter": "util-linux", "unshare": "util-linux"}
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
VOLUME = "var/lib/orchestrall"
# Run by sh as root in namespaces of its own: $1 the root file system, $2 the volume, $3 the user, then the command.
_ENTER = f"""
set -e
root=$1 volume=$2 user=$3; shift 3
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=512m,mode=1777,nosuid,nodev,noexec tmp "$root/tmp"
mount -t tmpfs -o size=64k,mode=755 dev "$root/dev"
for each in null zero full random urandom; do
    touch "$root/dev/$each"; mount --bind "/dev/$each" "$root/dev/$each"
done
mkdir "$root/dev/shm"; mount -t tmpfs -o size=64m,mode=1777,nosuid,nodev,noexec shm "$root/dev/shm"
mount --bind "$volume" "$root/{VOLUME}"
mount -o remount,bind,ro "$root"
cd "$root"
exec chroot . /usr/bin/setpriv --reuid "${{user%:*}}" --regid "${{user#*:}}" --clear-groups \\
    --no-new-privs --inh-caps=-all --bounding-set=-all --pdeathsig KILL -- /bin/sh -c 'cd "$0"; exec "$@"' "$@"
"""


def require_tools() -> None:
    """Raise `Skip` where containers cannot be built and run here."""
    if os.geteuid() != 0:
        raise Skip("building a base and mounting it needs root: run this drill as root")
    missing = sorted({package for tool, package in TOOLS.items() if not shutil.which(tool)})
    if missing:
        raise Skip(f"not installed: {', '.join(missing)}: run apt-get install {' '.join(missing)}")


class Builder:
    """Builds images below one folder, apart from any other store of images on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._buildah = ["buildah", "--root", str(folder / "store"), "--runroot", str(folder / "run")]

    def run(self, *words: str) -> str:
        done = subprocess.run([*self._buildah, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"buildah {words[0]} failed:\n{(done.stdout + done.stderr)[-4000:]}")
        return done.stdout.strip()

    def base(self, name: str) -> None:
        """A Debian with Python, as the image `name`."""
        archive = self.folder / "base.tar"
        argv = ["mmdebstrap", "--quiet", "--variant=apt", f"--include={PACKAGES}", DEBIAN, str(archive)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"mmdebstrap failed:\n{done.stderr[-4000:]}")
        container = self.run("from", "scratch")
        self.run("add", "--quiet", container, str(archive), "/")
        self.run("commit", "--quiet", "--rm", container, name)
        archive.unlink()

    def image(self, name: str, dockerfile: Path, context: Path, arguments: Mapping[str, str]) -> None:
        """Build `dockerfile`. What this machine says of mirrors and certificates is lent to it as build secrets."""
        words = ["build", "--isolation", "chroot", "--format", "docker", "--file", str(dockerfile), "--tag", name]
        words += [f"--build-arg={key}={value}" for key, value in arguments.items()]
        words += [f"--secret=id={id},src={path}" for id, path in self._secrets().items()]
        self.run(*words, str(context))

    def size(self, name: str) -> int:
        """Bytes of an image's layers, not compressed."""
        return sum(layer["size"] for layer in json.loads(self._inspect(name)["Manifest"])["layers"])

    def config(self, name: str) -> dict[str, Any]:
        return dict(self._inspect(name)["Docker"]["config"])

    def _inspect(self, name: str) -> dict[str, Any]:
        return dict(json.loads(self.run("inspect", "--type", "image", name)))

    @contextmanager
    def mounted(self, name: str) -> Iterator[Path]:
        container = self.run("from", name)
        try:
            yield Path(self.run("mount", container))
        finally:
            self.run("umount", container)
            self.run("rm", container)

    def _secrets(self) -> dict[str, Path]:
        found = {"pip": self._pip(), "npm": self._npm()}
        return found | ({"ca": CERTIFICATES} if CERTIFICATES.exists() else {})

    def _pip(self) -> Path:
        """The indexes that pip uses here; not what names a file of this machine, which the build does not see."""
        lines = {"cert": "/run/secrets/ca"} if CERTIFICATES.exists() else {}
        for line in _said("pip", "config", "list").splitlines():
            key, _, value = line.partition("=")
            name = key.rpartition(".")[2]
            if name in {"index-url", "extra-index-url", "trusted-host", "proxy"}:
                words = [word for word in value.strip("'\"").split() if not word.startswith("file:")]
                lines |= {name: " ".join(words)} if words else {}
        return self._kept("pip", "[global]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items()))

    def _npm(self) -> Path:
        registry = _said("npm", "config", "get", "registry").strip()
        lines = [f"registry={registry}"] if registry else []
        lines += ["cafile=/run/secrets/ca"] if CERTIFICATES.exists() else []
        return self._kept("npm", "\n".join(lines))

    def _kept(self, name: str, text: str) -> Path:
        path = self.folder / f"{name}.secret"
        path.unlink(missing_ok=True)
        path.touch(0o600)
        path.write_text(text)
        return path


def _said(*words: str) -> str:
    """What a command of this machine writes; empty where there is no such command."""
    path = shutil.which(words[0])
    return subprocess.run([path, *words[1:]], capture_output=True, text=True, check=False).stdout if path else ""


@dataclass
class Container:
    """One role that runs."""

    name: str
    child: subprocess.Popen[bytes]
    environment: dict[str, str]
    log: Path

    @property
    def process(self) -> psutil.Process:
        """Process 1 of the container, seen from here. Raises `RuntimeError` when it has ended."""
        while self.child.poll() is None:
            if found := psutil.Process(self.child.pid).children():
                return found[0]
            time.sleep(0.01)  # it has not been forked yet
        raise RuntimeError(f"{self.name} has ended:\n{self.log_end()}")

    def log_end(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another command in the container, as its user."""
        pid = self.process.pid
        user, group = self.process.uids().real, self.process.gids().real
        argv = ["nsenter", "--target", str(pid), "--mount", "--pid", "--root", "--wd", "/usr/bin/setpriv"]
        argv += ["--reuid", str(user), "--regid", str(group), "--clear-groups", "--no-new-privs"]
        argv += ["--inh-caps=-all", "--bounding-set=-all", "--", *words]
        return subprocess.run(argv, env=self.environment, capture_output=True, text=True, timeout=60, check=False)

    def ask_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout: float) -> int:
        """Its exit status. Raises `subprocess.TimeoutExpired` when it still runs."""
        return self.child.wait(timeout)

    def wait_until_healthy(self, timeout: float) -> None:
        until = time.monotonic() + timeout
        while (probe := self.run("orchestrall", "health")).returncode:
            if time.monotonic() > until:
                raise TimeoutError(f"{self.name} is not healthy: {probe.stdout}{probe.stderr}\n{self.log_end()}")
            time.sleep(0.2)

    def kill(self) -> None:
        with suppress(RuntimeError, psutil.NoSuchProcess):  # it has ended by itself
            self.process.kill()  # all others in a process namespace die with process 1
        self.child.wait()


class Runner:
    """Runs containers of one image that share a volume and an environment."""

    def __init__(self, root: Path, config: Mapping[str, Any], folder: Path, environment: Mapping[str, str]) -> None:
        self.config, self.folder = config, folder
        self.environment = dict(each.split("=", 1) for each in config["Env"]) | dict(environment)
        self._root, self._volume = root, folder / "volume"
        self._volume.mkdir()
        user, group = map(int, config["User"].split(":"))
        os.chown(self._volume, user, group)
        self._running: list[Container] = []

    def start(self, name: str, *command: str, **environment: str) -> Container:
        """Start the image's entry point with a command, under a name of its own."""
        told, log = self.environment | environment, self.folder / f"{name}.log"
        argv = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child=KILL",
            "--propagation",
            "private",
            "/bin/sh",
            "-c",
        ]
        argv += [_ENTER, "enter", str(self._root), str(self._volume), self.config["User"], self.config["WorkingDir"]]
        argv += [*self.config["Entrypoint"], *command]
        with log.open("wb") as out:
            child = subprocess.Popen(
                [str(shutil.which(argv[0])), *argv[1:]],
                env=told,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509
            )
        container = Container(name, child, told, log)
        self._running.append(container)
        return container

    def run(self, name: str, *command: str, **environment: str) -> str:
        """Run a command that ends. Returns what it wrote. Raises `RuntimeError` when it failed."""
        container = self.start(name, *command, **environment)
        status = container.wait(300)
        if status:
            raise RuntimeError(f"{name} ended with status {status}:\n{container.log_end()}")
        return container.log.read_text(errors="replace")

    def stop_all(self) -> None:
        for container in self._running:
            container.kill()


def isolation_of(process: psutil.Process) -> dict[str, Any]:
    """What the kernel says of a process: its user, capabilities it has or may gain, and where it may write."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    capabilities = sum(int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"))
    return {
        "uid": int(status["Uid"].split()[0]),
        "capabilities": capabilities,
        "no_new_privileges": status["NoNewPrivs"].strip() == "1",
        "writable": sorted(_writable(Path(f"/proc/{process.pid}/mountinfo").read_text())),
    }


def _writable(mounts: str) -> Iterator[str]:
    for line in mounts.splitlines():
        fields: Sequence[str] = line.split()
        place, options, kind = fields[4], fields[5].split(","), fields[fields.index("-") + 1]
        if "rw" in options and kind != "proc" and not place.startswith("/dev"):
            yield place

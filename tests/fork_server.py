"""Processes of Python that need not import torch, transformers and mujaz first, which takes five to ten seconds.

A server imports them, and does nothing else; each process is forked from it, and ends as any other: by itself, with an exit
code, or by a signal. Where the import or the start of Python is what is tested, ``subprocess`` stays the way.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

PRELOADED = [
    *("mujaz.cli", "mujaz.commands.corpus", "mujaz.commands.tables", "mujaz.inference.several", "mujaz.training.train"),
    *("mujaz.training.report.report", "transformers.models.bert.modeling_bert", "torch.distributed.tensor"),
]
_LARGEST = 2**17  # bytes of a request: a command and its environment


class Forked:
    """What tests use of ``subprocess.Popen([sys.executable, *command], text=True)``."""

    returncode: int | None = None

    def __init__(self, command: list[str], stdin: int | None, output: int, errors: int, env: Mapping[str, str]) -> None:
        self.args = command
        theirs: list[int] = []
        self.stdin, self.stdout, self.stderr = (
            _ends(how, read, theirs) for how, read in ((stdin, False), (output, True), (errors, True))
        )
        self._status, status = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps({"command": command, "env": dict(env), "cwd": os.getcwd()}).encode()
        socket.send_fds(_server(), [request], [status.fileno(), *theirs])
        status.close()
        for one in theirs:
            os.close(one)
        self.pid = int(self._status.recv(16))

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(self._status.recv(16))
            self._status.close()
        return self.returncode

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        if self.stdin:
            self.stdin.close()
        with ThreadPoolExecutor(2) as pool:
            output, errors = (pool.submit(file.read) if file else None for file in (self.stdout, self.stderr))
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        return output.result() if output else "", errors.result() if errors else ""

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self.stdin, self.stdout, self.stderr):
            if file:
                file.close()
        self.wait()


Process = Forked | subprocess.Popen[str]


def start(
    *command: str,
    stdin: int | None = None,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
    env: Mapping[str, str] | None = None,
) -> Process:
    """Start ``python *command``: ``-c CODE``, ``-m MODULE`` or a file, and arguments.

    Its streams are what they may be in subprocess: None (of stdin), DEVNULL, PIPE, or a file's number.
    """
    env = os.environ if env is None else env
    if sys.platform != "linux":
        whole = [sys.executable, *command]
        return subprocess.Popen(whole, stdin=stdin, stdout=stdout, stderr=stderr, text=True, env=env)
    return Forked(list(command), stdin, stdout, stderr, env)


def start_two(*command: str) -> list[Process]:
    """Start two that find each other, as torchrun would."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": "2"}
    ranks = ({"RANK": rank, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": "2"} for rank in ("0", "1"))
    return [start(*command, env={**os.environ, **address, **rank}) for rank in ranks]


def run(*command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Start it, wait for its end, and give what it said."""
    process = start(*command, env=env)
    output, errors = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode or 0, output, errors)


def _ends(how: int | None, read: bool, theirs: list[int]) -> IO[str] | None:
    """Our end of a pipe, if it is one; what the process gets is added to ``theirs``."""
    if how != subprocess.PIPE:
        theirs.append(os.open(os.devnull, os.O_RDWR) if how in (None, subprocess.DEVNULL) else os.dup(how))
        return None
    reading, writing = os.pipe()
    theirs.append(writing if read else reading)
    return open(reading if read else writing, "r" if read else "w", encoding="utf-8")


@functools.cache
def _server() -> socket.socket:
    """A connection to the server of this process. It ends when that is closed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # read at the import, and threads do not survive a fork
    command = [sys.executable, "-P", __file__, str(theirs.fileno())]  # -P: beside this file lies a folder mujaz
    server = subprocess.Popen(
        command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=environment, start_new_session=True
    )
    theirs.close()

    def stop() -> None:
        ours.close()
        server.wait()

    atexit.register(stop)
    return ours


def _serve(control: socket.socket) -> dict[str, Any]:
    """Fork a process for each request, and say how it ended. Returns in these processes, with their requests."""
    waking, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([control.fileno(), waking], [], [])
        if waking in ready:
            os.read(waking, 512)
            for pid in list(running):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    _tell(running.pop(pid), os.waitstatus_to_exitcode(status))
        if control.fileno() in ready:
            request, given, *_ = socket.recv_fds(control, _LARGEST, 4)
            if not request:
                for pid in running:
                    os.kill(pid, signal.SIGKILL)
                os._exit(0)
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for stream, file in enumerate(given[1:]):
                    os.dup2(file, stream)
                for file in (waking, woken, *given):
                    os.close(file)
                for connection in (control, *running.values()):
                    connection.close()
                return dict(json.loads(request))
            running[pid] = socket.socket(fileno=given[0])
            for file in given[1:]:
                os.close(file)
            running[pid].send(str(pid).encode())


def _tell(status: socket.socket, code: int) -> None:
    """Nobody may want to know."""
    with contextlib.suppress(OSError):
        status.send(str(code).encode())
    status.close()


def _become(command: list[str]) -> None:
    """Do what ``python *command`` does."""
    if command[0] == "-c":
        sys.argv, sys.path[:0] = ["-c", *command[2:]], [""]
        exec(compile(command[1], "<string>", "exec"), {"__name__": "__main__"})
    elif command[0] == "-m":
        sys.argv, sys.path[:0] = command[1:], [os.getcwd()]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[:0] = command, [os.path.dirname(command[0])]
        runpy.run_path(command[0], run_name="__main__")


if __name__ == "__main__":
    gc.disable()
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()
    asked = _serve(socket.socket(fileno=int(sys.argv[1])))
    gc.enable()
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    _become(asked["command"])

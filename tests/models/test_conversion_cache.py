from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mujaz.errors import OutputError
from mujaz.models.conversion_cache import (
    build_once,
    cache_folder,
    checkpoint_fingerprint,
    conversion_folder,
    discard,
    is_converted,
)

LONG_AGO = time.time() - 3600


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJAZ_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "metrics.json"):
        (folder / name).write_text(name, encoding="utf-8")
        os.utime(folder / name, (LONG_AGO, LONG_AGO))
    return folder


def writes(text: str, calls: list[str] | None = None) -> Callable[[Path], None]:
    def build(folder: Path) -> None:
        if calls is not None:
            calls.append(text)
        (folder / "weights").mkdir()
        (folder / "weights" / "model.bin").write_text(text, encoding="utf-8")

    return build


def test_the_cache_lies_where_the_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("MUJAZ_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "mujaz"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    assert cache_folder() == tmp_path / "home" / ".cache" / "mujaz"


def test_the_fingerprint_follows_weights_and_settings_and_nothing_else(checkpoint: Path, tmp_path: Path) -> None:
    first = checkpoint_fingerprint(checkpoint)
    (checkpoint / "metrics.json").write_text("another", encoding="utf-8")
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in checkpoint.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    assert checkpoint_fingerprint(checkpoint) == checkpoint_fingerprint(copy) == first
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        content = (checkpoint / name).read_text(encoding="utf-8")
        (checkpoint / name).write_text(content[::-1], encoding="utf-8")  # of the same size
        assert checkpoint_fingerprint(checkpoint) != first
        (checkpoint / name).write_text(content, encoding="utf-8")
    assert checkpoint_fingerprint(checkpoint) == first


def test_files_that_did_not_change_are_read_once(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    digest = hashlib.file_digest

    def spied(file, name):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        read.append(Path(file.name).name)
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", spied)
    first = checkpoint_fingerprint(checkpoint)
    assert sorted(read) == ["config.json", "model.safetensors", "tokenizer.json"]
    assert checkpoint_fingerprint(checkpoint) == first
    assert len(read) == 3
    (checkpoint / "config.json").write_text("new", encoding="utf-8")  # too young to be remembered
    assert checkpoint_fingerprint(checkpoint) == checkpoint_fingerprint(checkpoint) != first
    assert read[3:] == ["config.json", "config.json"]


def test_a_damaged_memory_of_sums_is_no_error(checkpoint: Path) -> None:
    first = checkpoint_fingerprint(checkpoint)
    (memory,) = (cache_folder() / "fingerprints").iterdir()
    for damage in ("{", "[]", '{"config.json": 3}', "\0"):
        memory.write_text(damage, encoding="utf-8")
        assert checkpoint_fingerprint(checkpoint) == first


def test_engine_checkpoint_and_settings_each_have_a_folder() -> None:
    folders = {
        conversion_folder(fingerprint, engine, {"precision": precision, "version": "1"})
        for fingerprint in ("a" * 64, "b" * 64)
        for engine in ("openvino", "ctranslate2")
        for precision in ("int8", "bfloat16")
    }
    assert len(folders) == 8
    assert conversion_folder("a" * 64, "x", {"a": 1, "b": 2}) == conversion_folder("a" * 64, "x", {"b": 2, "a": 1})


def test_built_once_and_again_where_damaged() -> None:
    folder, calls = conversion_folder("a" * 64, "test", {}), list[str]()
    assert not is_converted(folder)
    for _ in range(2):
        assert build_once(folder, writes("good", calls)) == folder
    assert calls == ["good"]
    model = folder / "weights" / "model.bin"
    model.write_text("evil", encoding="utf-8")  # of the same size
    assert not is_converted(folder)
    build_once(folder, writes("good", calls))
    assert model.read_text(encoding="utf-8") == "good"
    model.unlink()
    build_once(folder, writes("good", calls))
    (folder / "conversion.json").write_text("{", encoding="utf-8")
    build_once(folder, writes("good", calls))
    discard(folder)
    build_once(folder, writes("good", calls))
    assert calls == ["good"] * 5
    assert is_converted(folder)


def test_what_fails_leaves_nothing() -> None:
    folder = conversion_folder("a" * 64, "test", {})

    def fails(place: Path) -> None:
        (place / "half").write_text("half", encoding="utf-8")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        build_once(folder, fails)
    assert [path.name for path in folder.parent.iterdir() if not path.name.endswith(".lock")] == []


def test_a_cache_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("MUJAZ_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(OutputError, match="MUJAZ_CACHE"):
        build_once(conversion_folder("a" * 64, "test", {}), writes("x"))


BUILDER = """
import sys, time
from pathlib import Path
from mujaz.models.conversion_cache import build_once, conversion_folder

def build(folder):
    print("building", flush=True)
    (folder / "half").write_text("half")
    time.sleep(float(sys.argv[1]))
    (folder / "half").rename(folder / "whole")

build_once(conversion_folder("a" * 64, "test", {}), build)
"""


def builder(seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", BUILDER, str(seconds)], stdout=subprocess.PIPE, text=True)


def test_two_processes_build_once() -> None:
    both = [builder(0.5), builder(0.5)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(said) == ["", "building\n"]


def test_a_killed_builder_leaves_nothing_behind() -> None:
    folder = conversion_folder("a" * 64, "test", {})
    process = builder(600)
    assert process.stdout is not None
    assert process.stdout.readline() == "building\n"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert not is_converted(folder)
    build_once(folder, writes("good"))
    assert is_converted(folder)
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name, folder.name + ".lock"]

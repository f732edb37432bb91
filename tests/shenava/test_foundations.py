"""Settings, the key file, the folder's lock and the port: what is looked at before anything starts."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from crm.errors import AuthorisationError, InvalidInputError, StoreError
from shenava.locks import FolderInUseError, holder, only_one
from shenava.serving import is_reached_by_others
from shenava.settings import Settings, without_password
from shenava.supervisor import PortInUseError, check_port, pause_after
from shenava.vault import FileVault


def test_the_environment_overrides_the_file_and_the_command_line_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shenava.toml").write_text('port = 1111\nhost = "127.0.0.2"\nzone = "Asia/Kabul"\n')
    monkeypatch.setenv("SHENAVA_HOST", "127.0.0.3")
    monkeypatch.setenv("SHENAVA_DATA", str(tmp_path))
    found = Settings.load(port=2222)
    assert (found.port, found.host, found.zone) == (2222, "127.0.0.3", "Asia/Kabul")
    assert found.index == f"sqlite:///{tmp_path / 'index.sqlite'}"


@pytest.mark.parametrize("text", ['port = "many"', "nonsense = 1", "port = ", "port = 70000"])
def test_settings_that_can_not_be_used_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "shenava.toml").write_text(text)
    with pytest.raises(InvalidInputError, match="settings"):
        Settings.load(data=tmp_path)


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    assert "hush" not in repr(Settings.load(data=tmp_path, secret_key="hush"))


ADDRESS = "elasticsearch+http://me:hush@search:9200/shenava"


@pytest.mark.parametrize(
    ("name", "value"),
    [("secret_key", "hush"), ("records_password", "hush"), ("kafka_password", "hush"), ("records_url", ADDRESS),
     ("stream_url", ADDRESS), ("index_url", ADDRESS)],
)  # fmt: skip
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, name: str, value: str) -> None:
    (tmp_path / "shenava.toml").write_text(f'{name} = "{value}"')
    with pytest.raises(InvalidInputError, match=f"SHENAVA_{name.upper()}") as found:
        Settings.load(data=tmp_path)
    assert "hush" not in str(found.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://me:hush@db:5432/shenava", "postgresql+psycopg://me@db:5432/shenava"),
        ("elasticsearch+https://:hush@s:9200/p?shards=1", "elasticsearch+https://s:9200/p?shards=1"),
        ("kafka://one:9092,two:9092/p?partitions=6", "kafka://one:9092,two:9092/p?partitions=6"),
        ("sqlite:////data/index.sqlite", "sqlite:////data/index.sqlite"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


@pytest.mark.parametrize("name", ["a#b", "why?", "50%"])
def test_a_folder_whose_name_means_something_in_an_address_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="choose another folder"):
        Settings.load(data=tmp_path / name)


def test_a_role_that_dies_all_night_is_started_again() -> None:
    assert [pause_after(deaths) for deaths in (1, 2, 3, 7, 5000)] == [0.5, 1.0, 2.0, 30.0, 30.0]


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    first = FileVault.open(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sealed = first.encrypt("راز")
    again = FileVault.open(path)
    assert again.decrypt(sealed) == "راز"
    assert again.key("audit") == first.key("audit") != first.key("tokens")
    assert sealed != first.encrypt("راز")


def test_a_wrong_key_is_said(tmp_path: Path) -> None:
    sealed = FileVault.open(tmp_path / "one.key").encrypt("secret")
    with pytest.raises(AuthorisationError, match="another key file"):
        FileVault.open(tmp_path / "two.key").decrypt(sealed)
    (tmp_path / "bad.key").write_text("not a key\n")
    with pytest.raises(StoreError, match="32 bytes"):
        FileVault.open(tmp_path / "bad.key")
    with pytest.raises(StoreError, match="can't be written"):
        FileVault.open(tmp_path / "nowhere" / "secret.key")


def test_a_folder_is_used_by_one_process_at_a_time(tmp_path: Path) -> None:
    code = f"from shenava.locks import only_one; from pathlib import Path\nwith only_one(Path({str(tmp_path)!r})): pass"
    assert holder(tmp_path) is None
    with only_one(tmp_path, "http://127.0.0.1:8050"):
        assert holder(tmp_path) == (str(os.getpid()), "http://127.0.0.1:8050")
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "FolderInUseError" in other.stderr
        assert f"process {os.getpid()})" in other.stderr
        with pytest.raises(FolderInUseError), only_one(tmp_path):
            pass
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
    assert holder(tmp_path) is None


def test_a_killed_process_gives_the_folder_back(tmp_path: Path) -> None:
    code = (
        "from shenava.locks import only_one; from pathlib import Path; import time\n"
        f"with only_one(Path({str(tmp_path)!r})):\n    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        child.kill()
        child.wait()
    with only_one(tmp_path):
        assert holder(tmp_path) == (str(os.getpid()), "")


@pytest.mark.parametrize(
    ("said", "reached"),
    [
        ({}, False), ({"host": "::1"}, False), ({"host": "0.0.0.0"}, True), ({"behind_proxy": True}, True),
        ({"public_url": "https://crm.firm.example"}, True),
    ],
)  # fmt: skip
def test_whoever_others_can_reach_asks_the_first_visitor_for_a_token(said: dict[str, object], reached: bool) -> None:
    assert is_reached_by_others(Settings.load(**said)) == reached


def test_a_port_in_use_is_said_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"Port {port}"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)

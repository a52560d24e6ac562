"""`doctor`: each planted fault gets its code, a healthy person gets none, and nothing is touched or told."""

import fcntl
import json
import os
import socket
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from daypass.client.doctor import sight
from daypass.client.doctor.examination import CHECKS
from daypass.client.doctor.finding import SEVERITIES, Finding, worst_severity
from support.fake_sign_in import FakeSignIn
from support.transcript import arn_of, save_session


class Person(Protocol):
    """What conftest.py makes."""

    home: Path
    service: FakeSignIn
    environ: dict[str, str]
    pythons: tuple[str, ...]
    locks: tuple[str, ...]
    config: Path
    keys_file: Path
    entry: Path

    def examine(self) -> list[Finding]: ...
    def codes(self) -> dict[str, str]: ...


def _setting(line: str) -> Callable[[Person], None]:
    return lambda person: _append(person.config, line + "\n")


def _append(path: Path, text: str) -> None:
    path.write_text((path.read_text() if path.exists() else "") + text)


def _without_setting(key: str) -> Callable[[Person], None]:
    def plant(person: Person) -> None:
        kept = [line for line in person.config.read_text().splitlines() if not line.startswith(key)]
        person.config.write_text("\n".join(kept) + "\n")

    return plant


def _variables(**values: str) -> Callable[[Person], None]:
    return lambda person: person.environ.update(values)


def _member(name: str, value: object) -> Callable[[Person], None]:
    def plant(person: Person) -> None:
        content = json.loads(person.entry.read_text())
        content[name] = value
        person.entry.write_text(json.dumps(content))

    return plant


def _aws(**regions: str) -> Callable[[Person], None]:
    """At AWS, where regions matter; addresses are loopback ones all the same."""

    def plant(person: Person) -> None:
        _without_setting("endpoint_url")(person)
        _without_setting("region")(person)
        _append(
            person.config, f"services = s\n[services s]\nsts =\n  endpoint_url = {person.service.base_url}\n"
        )
        person.environ.update(regions)

    return plant


def _at_aws_without_a_region(person: Person) -> None:
    """As `aws login` leaves it, which writes no `signInRegion`."""
    _aws(AWS_REGION="us-east-1")(person)
    _member("signInRegion", "")(person)


def _keys(person: Person) -> None:
    person.keys_file.write_text(
        "[dev]\naws_access_key_id = AKIAPLANTED\naws_secret_access_key = planted-secret\n"
    )


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def _gone(person: Person) -> None:
    person.config.write_text("[profile other]\nregion = us-east-1\n")


def _refused(person: Person) -> None:
    person.service.sts_status = 403


def _another(person: Person) -> None:
    person.service.arn = arn_of("somebody")


def _nobody_listens(person: Person) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        person.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{free.getsockname()[1]}"


def _locked(person: Person, line: str) -> None:
    path = person.home / "requirements.txt"
    path.write_text(line + "\n")
    person.locks = (str(path),)


FAULTS: list[tuple[str, str, Callable[[Person], object]]] = [
    ("config_damaged", "error", lambda person: _append(person.config, "[profile half\n")),
    ("config_damaged", "error", lambda person: _append(person.keys_file, "no setting\n")),
    ("no_profile", "error", _gone),
    ("signin_needed", "error", _without_setting("login_session")),
    ("half_env_key", "error", _variables(AWS_ACCESS_KEY_ID="AKIAPLANTED")),
    (
        "shadowed_env",
        "warning",
        _variables(AWS_ACCESS_KEY_ID="AKIAPLANTED", AWS_SECRET_ACCESS_KEY="planted-secret"),
    ),
    ("shadowed_keys_file", "warning", _keys),
    ("shadowed_role", "warning", _setting("role_arn = arn:aws:iam::1:role/r\nsource_profile = base")),
    (
        "shadowed_web_identity",
        "warning",
        _variables(AWS_WEB_IDENTITY_TOKEN_FILE="/t", AWS_ROLE_ARN="arn:aws:iam::1:role/r"),
    ),
    ("shadowed_sso", "warning", _setting("sso_session = corp")),
    ("session_missing", "error", lambda person: person.entry.unlink()),
    ("session_damaged", "error", lambda person: person.entry.write_text('{"accessToken": {')),
    ("session_damaged", "error", _member("dpopKey", "")),
    ("session_open", "warning", lambda person: person.entry.chmod(0o644)),
    ("session_folder_open", "warning", lambda person: person.entry.parent.chmod(0o777)),
    ("session_folder_listed", "note", lambda person: person.entry.parent.chmod(0o755)),
    ("session_without_region", "warning", _at_aws_without_a_region),
    ("session_without_id_token", "note", _member("idToken", "")),
    ("session_ended", "error", lambda person: save_session(person.home, "dev", 60, -1)),
    ("session_ending", "warning", lambda person: save_session(person.home, "dev", 60, 600)),
    ("credentials_expired", "note", lambda person: save_session(person.home, "dev", -5, 40_000)),
    ("permissions", "note", lambda person: save_session(person.home, "dev", -5, 40_000)),
    ("session_shared", "note", _setting(f"[profile twin]\nlogin_session = {arn_of('dev')}")),
    ("region_missing", "warning", _without_setting("region")),
    ("region_invalid", "error", _setting("region = not a region")),
    ("region_variables", "warning", _variables(AWS_REGION="us-east-1", AWS_DEFAULT_REGION="eu-west-1")),
    ("region_from_environment", "note", _variables(AWS_REGION="eu-west-1")),
    ("region_partition", "error", _aws(AWS_REGION="cn-north-1")),
    ("region_elsewhere", "note", _aws(AWS_REGION="eu-west-1")),
    ("signin_refused", "error", _nobody_listens),
    ("sts_refused", "error", _nobody_listens),
    ("clock_unknown", "note", _nobody_listens),
    ("identity_unknown", "note", _nobody_listens),
    ("signin_url", "error", _variables(AWS_ENDPOINT_URL_SIGNIN="ftp://127.0.0.1")),
    ("sts_url", "error", _variables(AWS_ENDPOINT_URL_STS="http://[")),
    (
        "signin_ca_bundle",
        "error",
        _variables(AWS_ENDPOINT_URL_SIGNIN="https://127.0.0.1:1", AWS_CA_BUNDLE="/nonexistent/ca.pem"),
    ),
    ("no_browser", "note", _variables(BROWSER="", SSH_CONNECTION="a b c d")),
    ("browser_unusable", "warning", _setting("daypass_browser = w3m")),
    ("storage_blocked", "error", lambda p: p.environ.update(AWS_LOGIN_CACHE_DIRECTORY=str(p.config / "x"))),
    ("python_unusable", "warning", lambda person: setattr(person, "pythons", ("/bin/false",))),
    ("python_unusable", "warning", lambda person: setattr(person, "pythons", ("/nonexistent/python",))),
    ("lock_unreadable", "warning", lambda person: setattr(person, "locks", ("/nonexistent/uv.lock",))),
    ("sdk_without_crt", "warning", lambda person: _locked(person, "botocore==1.44.0")),
    ("sdk_too_old", "warning", lambda person: _locked(person, "botocore==1.40.1")),
    ("credentials_refused", "error", _refused),
    ("identity_differs", "error", _another),
]


def test_a_session_without_a_region_is_whole_where_the_sign_in_has_an_address_of_its_own(
    person: Person,
) -> None:
    """`aws login` at a server of one's own: no program asks by region."""
    _member("signInRegion", "")(person)
    assert "session_without_region" not in person.codes()


def test_with_a_healthy_person_nothing_is_wrong(person: Person) -> None:
    """Whole: every check says `ok` in its order, and every service was seen."""
    assert person.codes() == {
        "machine": "ok",
        "login": "ok",
        "session_alive": "ok",
        "region": "ok",
        "clock": "ok",
        "signin_reachable": "ok",
        "sts_reachable": "ok",
        "loopback": "ok",
        "browser": "ok",
        "storage": "ok",
        "sdk_ready": "ok",
        "identity": "ok",
    }
    assert len(CHECKS) == 10


@pytest.mark.parametrize(
    ("code", "severity", "plant"), FAULTS, ids=[f"{n}-{f[0]}" for n, f in enumerate(FAULTS)]
)
def test_a_planted_fault_gets_its_code(
    person: Person,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    severity: str,
    plant: Callable[[Person], object],
) -> None:
    """With its severity; what is worse than a note comes with a command."""
    monkeypatch.setattr("daypass.client.doctor.subject.signin_endpoint", lambda _: "http://127.0.0.1:9")
    plant(person)
    found = person.examine()
    assert severity in [each.severity for each in found if each.code == code], found
    assert all(each.mend for each in found if each.severity in ("warning", "error"))
    assert all("\n" not in each.sentence + each.mend for each in found)


@pytest.mark.parametrize("plant", [None, *(fault[2] for fault in FAULTS)])
def test_no_finding_tells_a_secret(
    person: Person, monkeypatch: pytest.MonkeyPatch, plant: Callable[[Person], object] | None
) -> None:
    """The whole may be pasted into a ticket."""
    monkeypatch.setattr("daypass.client.doctor.subject.signin_endpoint", lambda _: "http://127.0.0.1:9")
    if plant:
        plant(person)
    told = repr(person.examine())
    planted = (
        "secret-of-dev",
        "token-of-dev",
        "refresh-of-dev",
        "ASIADEV",
        "AKIAPLANTED",
        "planted-secret",
        "BEGIN",
    )
    assert not [word for word in planted if word in told]


def _state(home: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path): (stat.S_IMODE(path.stat().st_mode), path.stat().st_mtime_ns, path.read_bytes())
        for path in home.rglob("*")
        if path.is_file()
    }


def test_nothing_is_changed_not_even_what_others_repair(person: Person) -> None:
    """A wrong mode stays, no lock file appears, nothing is renewed at the server."""
    save_session(person.home, "dev", 10, 40_000)
    person.entry.chmod(0o644)
    before = _state(person.home)
    assert person.codes()["session_open"] == "warning"
    assert _state(person.home) == before
    assert person.service.token_calls == 0


def test_another_owner_is_seen(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its content is not ours to trust."""
    monkeypatch.setattr(os, "getuid", lambda: 12_345)
    assert person.codes()["session_foreign"] == "error"


def test_a_session_that_is_being_renewed_is_seen_without_waiting(person: Person) -> None:
    """The lock is held by somebody: said, not waited for."""
    lock = person.entry.with_name(f".{person.entry.name}.lock")
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert person.codes()["session_busy"] == "note"


def test_a_read_only_folder_is_seen(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write everywhere, so the system's answer is planted."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert person.codes()["storage_read_only"] == "error"


def test_a_full_disk_is_seen(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than a megabyte."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    assert person.codes()["storage_full"] == "error"


def test_no_loopback_is_seen(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox without sockets."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("daypass.client.doctor.browser_way.socket.socket", refuse)
    assert person.codes()["loopback_closed"] == "warning"


def test_hosts_that_say_nothing_cost_one_patience_together(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three looks begin at once; a silent peer is given up."""
    monkeypatch.setattr(sight, "PATIENCE", 2.0)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        person.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        codes = person.codes()
    assert {"signin_timeout", "sts_timeout", "identity_unknown"} <= set(codes)
    assert time.monotonic() - began < 5.5, "one after the other would be six"


def test_another_python_is_asked(person: Person) -> None:
    """By running it; this one has botocore with awscrt."""
    person.pythons = (sys.executable,)
    assert [each.code for each in person.examine()].count("sdk_ready") == 2


def test_the_worst_counts() -> None:
    """In the order of SEVERITIES."""
    findings = [Finding("x", severity, "s") for severity in SEVERITIES]
    assert [worst_severity(findings[:n]) for n in range(5)] == ["ok", "ok", "note", "warning", "error"]


def test_the_login_wins_over_a_process_and_says_so(person: Person) -> None:
    """Measured: `login_session` before `credential_process` in one profile."""
    _setting("credential_process = x\naws_access_key_id = AKIAPLANTED")(person)
    (login,) = [each for each in person.examine() if each.code == "login"]
    assert login.sentence.endswith("not used: the credential process, the access key in the config file")


def test_other_credentials_alone_are_no_fault(person: Person) -> None:
    """A profile with a process works; there is only no sign-in."""
    _without_setting("login_session")(person)
    _setting("credential_process = x")(person)
    assert person.codes()["other_credentials"] == "note"


def test_a_refusal_says_why(person: Person) -> None:
    """STS's own word, or what else kept it from answering."""
    _refused(person)
    (refused,) = [each for each in person.examine() if each.code == "credentials_refused"]
    assert refused.sentence == (
        "STS refuses the saved credentials: the new credentials were not accepted by STS (HTTP 403)"
    )

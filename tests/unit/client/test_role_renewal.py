"""The story of a role's credentials: one AssumeRole, what lives is served, and nothing outlives the sign-out."""

import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from daypass.client.aws_config import load_config
from daypass.client.credential_cache import cache_file_name
from daypass.client.role_answer import answer
from daypass.client.role_profile import RoleStep, find_chain
from daypass.client.role_renewal import RoleRenewal, fresh_role
from daypass.client.role_store import forget_all_roles, forget_roles, open_role_store
from daypass.client.session_cache import CacheEntry, SessionCache
from daypass.errors import CacheError, LoginRequired, NetworkError, RoleDenied
from daypass.protocol.http import Request, Response
from daypass.secret import Secret
from support.stub_sts import StubSts

USER = "arn:aws:iam::111122223333:user/dev"
ROLE = "arn:aws:iam::222233334444:role/Deploy"
CONFIG = f"""[profile dev]
login_session = {USER}
[profile prod]
daypass_role_arn = {ROLE}
daypass_source_profile = dev
[profile far]
daypass_role_arn = {ROLE}2
daypass_source_profile = prod
daypass_duration_seconds = 7200
[profile locked]
daypass_role_arn = {ROLE}
daypass_source_profile = dev
daypass_mfa_serial = GAHT12345678
"""


@dataclass
class Machine:
    """A signed-in home, an STS, and a clock that may be moved."""

    home: Path
    sts: StubSts = field(default_factory=StubSts)
    ahead: int = 0
    told: list[str] = field(default_factory=list)
    login_problem: Exception | None = None
    code: str | None = "123456"

    def __post_init__(self) -> None:
        self.environ = {
            "AWS_CONFIG_FILE": str(self.home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.home / "credentials"),
            "AWS_LOGIN_CACHE_DIRECTORY": str(self.home / "cache"),
        }
        (self.home / "config").write_text(CONFIG)
        self.logins = SessionCache(self.environ)
        self.logins.save(USER, self.login())

    def login(self) -> CacheEntry:
        """The saved login."""
        return CacheEntry(
            "ASIADEV", Secret("s"), Secret("t"), "111122223333", int(time.time()) + 900,
            "c", Secret("r"), Secret("k"), id_token=Secret("a.b.c"), sign_in_region="us-east-1",
        )  # fmt: skip

    def renewal(self, profile: str = "prod") -> RoleRenewal:
        """As the command line puts it together."""
        config = load_config(self.environ)
        chain = find_chain(config, config.profile(profile), self.environ)
        assert chain is not None

        def supply() -> CacheEntry:
            if self.login_problem is not None:
                raise self.login_problem
            return self.login()

        def ask(step: RoleStep) -> str:
            if self.code is None:
                raise LoginRequired("nobody may be asked")
            self.told.append(step.mfa_serial)
            return self.code

        return RoleRenewal(
            chain=chain,
            store=open_role_store(chain, self.environ, may_prompt=False),
            login_store=self.logins,
            supply_login=supply,
            environ=self.environ,
            send=self.sts.answer,
            clock=lambda: int(time.time()) + self.ahead,
            ask_code=ask,
            tell=self.told.append,
        )

    def key(self, profile: str = "prod") -> str:
        return fresh_role(self.renewal(profile)).access_key_id

    def files(self) -> list[Path]:
        return sorted((self.home / "cache" / ".daypass-roles").glob("*/*.json"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_role_is_assumed_once_and_then_served(machine: Machine) -> None:
    assert [machine.key(), machine.key()] == ["ASIAROLE1", "ASIAROLE1"]
    assert len(machine.sts.asked) == 1
    (kept,) = machine.files()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(kept.read_text())["roleArn"] == ROLE
    assert '"ASIAROLE1"' in (answer("prod", machine.environ, time.time()) or ""), "and by the fast path"


def test_many_at_once_are_one_assume_role(machine: Machine) -> None:
    machine.sts.slowness = 0.1
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: machine.key(), range(16)))
    assert (keys, len(machine.sts.asked)) == ({"ASIAROLE1"}, 1)


def test_near_its_end_it_is_assumed_again(machine: Machine) -> None:
    machine.key()
    machine.ahead = 3301
    assert machine.key() == "ASIAROLE2"


def test_each_role_of_a_chain_is_kept_by_itself_and_shared(machine: Machine) -> None:
    assert machine.key("far") == "ASIAROLE2"
    assert machine.key("prod") == "ASIAROLE1"
    assert [call["RoleArn"] for call in machine.sts.asked] == [ROLE, ROLE + "2"]
    assert [call["DurationSeconds"] for call in machine.sts.asked] == ["3600", "3600"]
    assert "Credential=ASIAROLE1/" in machine.sts.signed_by[1]
    assert machine.told == [
        'a role over a role lasts one hour at most, so profile "far" gets 3600 seconds instead of 7200'
    ]


@pytest.mark.parametrize("trouble", ["sts", "login"])
def test_what_lives_is_served_when_it_cannot_be_renewed(machine: Machine, trouble: str) -> None:
    """And the service is left in peace for a while."""
    machine.key()
    machine.ahead = 3400
    if trouble == "sts":
        machine.sts.refusal = (503, "ServiceUnavailable", "no")
    else:
        machine.login_problem = LoginRequired("the session has ended")
    asked = len(machine.sts.asked)
    assert [machine.key(), machine.key()] == ["ASIAROLE1", "ASIAROLE1"]
    assert len(machine.sts.asked) <= asked + 1
    machine.ahead = 3601
    with pytest.raises((NetworkError, LoginRequired)):
        machine.key()


def test_a_refusal_is_said_when_nothing_lives(machine: Machine) -> None:
    machine.sts.refusal = (403, "AccessDenied", "no")
    with pytest.raises(RoleDenied):
        machine.key()
    assert machine.files() == []


def test_nothing_is_served_once_the_login_is_gone(machine: Machine) -> None:
    """`aws logout` knows nothing of roles, and still ends them here."""
    machine.key()
    machine.logins.remove(USER)
    with pytest.raises(LoginRequired, match='"prod" is a role over "dev", which is not signed in'):
        machine.key()
    assert answer("prod", machine.environ, time.time()) is None


def test_a_sign_out_while_the_role_is_assumed_keeps_nothing(machine: Machine) -> None:
    def send(request: Request) -> Response:
        machine.logins.remove(USER)
        return machine.sts.answer(request)

    assert fresh_role(replace(machine.renewal(), send=send)).access_key_id == "ASIAROLE1"
    assert machine.files() == []


def test_a_sign_out_waits_for_an_assumption_on_its_way_and_forgets_it(machine: Machine) -> None:
    """It has seen the login, so it will keep what it gets; the file is not there yet, its lock is."""
    begun, go_on = threading.Event(), threading.Event()

    def send(request: Request) -> Response:
        begun.set()
        assert go_on.wait(20)
        return machine.sts.answer(request)

    with ThreadPoolExecutor(2) as pool:
        assuming = pool.submit(fresh_role, replace(machine.renewal(), send=send))
        assert begun.wait(20)
        forgetting = pool.submit(forget_roles, USER, machine.environ)
        go_on.set()
        assuming.result(20)
        assert forgetting.result(20)[0] == 1
    assert machine.files() == []


def test_forgetting_says_how_many_and_until_when(machine: Machine) -> None:
    machine.key("far")
    count, until = forget_roles(USER, machine.environ)
    assert count == 2
    assert 3590 < until - time.time() <= 3600
    assert forget_roles(USER, machine.environ) == (0, 0)
    machine.key()
    assert forget_roles(USER + "2", machine.environ) == (0, 0), "another login's stay"
    assert forget_all_roles(machine.environ)[0] == 1
    assert machine.files() == []


@pytest.mark.parametrize("damage", ["{ half a file", "{}", "", "[]"])
def test_a_damaged_entry_is_replaced(machine: Machine, damage: str) -> None:
    machine.key()
    machine.files()[0].write_text(damage)
    assert machine.key() == "ASIAROLE2"
    assert machine.key() == "ASIAROLE2"


def test_an_open_mode_is_repaired(machine: Machine) -> None:
    machine.key()
    machine.files()[0].chmod(0o644)
    assert machine.key() == "ASIAROLE1"
    assert machine.files()[0].stat().st_mode & 0o777 == 0o600


def test_another_users_entry_is_refused(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.key()
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    with pytest.raises(CacheError, match="belongs to another user"):
        machine.key()


def test_another_identity_in_the_same_profile_is_assumed_for_itself(machine: Machine) -> None:
    machine.key()
    (machine.home / "config").write_text(CONFIG.replace(USER, USER + "2"))
    machine.logins.save(USER + "2", machine.login())
    assert machine.key() == "ASIAROLE2"
    assert len({path.parent.name for path in machine.files()}) == 2


def test_the_sessions_end_is_the_logins_that_is_there_now(machine: Machine) -> None:
    """A new login may follow while the role's credentials live on."""
    assert fresh_role(machine.renewal()).id_token.reveal() == "a.b.c"
    machine.logins.save(USER, replace(machine.login(), id_token=Secret("d.e.f")))
    assert fresh_role(machine.renewal()).id_token.reveal() == "d.e.f"


def test_behind_a_second_factor_nothing_promises_to_renew(machine: Machine) -> None:
    entry = fresh_role(machine.renewal("locked"))
    assert (machine.told, machine.sts.asked[0]["TokenCode"]) == (["GAHT12345678"], "123456")
    assert not entry.id_token
    machine.code = None
    assert machine.key("locked") == "ASIAROLE1", "what lives needs no code"
    machine.ahead = 3601
    with pytest.raises(LoginRequired, match="nobody may be asked"):
        machine.key("locked")


def test_the_entrys_name_is_the_one_the_fast_path_looks_for(machine: Machine) -> None:
    machine.key()
    (kept,) = machine.files()
    assert kept.name == cache_file_name(machine.renewal().chain.role.cache_text)
    assert kept.parent.name == cache_file_name(USER)[:-5]


def test_a_folder_that_cannot_be_written_is_said(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_settings: object) -> Callable[..., object]:
        raise PermissionError("read-only")

    monkeypatch.setattr("daypass.client.session_cache.write_private", refuse)
    with pytest.raises(CacheError, match="directory cannot be written"):
        machine.key()

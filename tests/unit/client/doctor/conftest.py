"""A person with whom nothing is wrong, for tests that plant one fault each."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from daypass.client.aws_config import load_config
from daypass.client.doctor.examination import examine
from daypass.client.doctor.finding import Finding
from support.fake_sign_in import FakeSignIn, listening
from support.transcript import arn_of, save_session


@dataclass
class Person:
    """One home, one profile `dev`, one sign-in service that answers."""

    home: Path
    service: FakeSignIn
    environ: dict[str, str] = field(default_factory=dict)
    pythons: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()

    @property
    def config(self) -> Path:
        return self.home / ".aws" / "config"

    @property
    def keys_file(self) -> Path:
        return self.home / ".aws" / "credentials"

    @property
    def entry(self) -> Path:
        (path,) = (self.home / ".aws" / "login" / "cache").glob("*.json")
        return path

    def examine(self) -> list[Finding]:
        return examine(load_config(self.environ), "dev", self.environ, pythons=self.pythons, locks=self.locks)

    def codes(self) -> dict[str, str]:
        """Code to severity."""
        return {each.code: each.severity for each in self.examine()}


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """Signed in for eleven hours, everything private, a browser named."""
    save_session(tmp_path, "dev", 890, 40_000)
    for folder in (tmp_path / ".aws", tmp_path / ".aws" / "login", tmp_path / ".aws" / "login" / "cache"):
        folder.chmod(0o700)
    with listening(FakeSignIn(arn=arn_of("dev"), clock=lambda: int(time.time()))) as service:
        made = Person(tmp_path, service)
        made.config.write_text(
            "[profile dev]\nregion = us-east-1\n"
            f"login_session = {arn_of('dev')}\nendpoint_url = {service.base_url}\n"
        )
        made.environ |= {
            "AWS_CONFIG_FILE": str(made.config),
            "AWS_SHARED_CREDENTIALS_FILE": str(made.keys_file),
            "AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path / ".aws" / "login" / "cache"),
            "BROWSER": "firefox",
        }
        yield made

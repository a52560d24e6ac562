"""`daypass serve-credentials` for profiles that are less than a login: a narrowed one, and a role over one.

Unmodified SDKs ask for them with a consumer's two variables, and the server says who they are and what they may not.
Beside them the whole login is served, so that a mix-up of consumers would be seen.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from daypass.client.credential_cache import cache_file_name
from support.running_server import DAYPASS, RunningServer, Terminal, new_terminal

pytestmark = [pytest.mark.clients, pytest.mark.processes, pytest.mark.xdist_group("up")]

HERE = Path(__file__).parent
BUCKET = "served-less"
ASK = """
import boto3, json, sys
from botocore.exceptions import ClientError
session = boto3.Session()
seen = {"key": session.get_credentials().access_key, "arn": session.client("sts").get_caller_identity()["Arn"]}
try:
    session.client("s3").put_object(Bucket=sys.argv[1], Key="python", Body=b"x")
    seen["wrote"] = True
except ClientError as refusal:
    seen["wrote"] = refusal.response["Error"]["Message"]
print(json.dumps(seen))
"""
PROGRAMS = {
    "botocore": [sys.executable, "-c", ASK, BUCKET],
    "JavaScript v3": ["node", str(HERE / "js" / "who.mjs"), "ask", BUCKET],
}


@dataclass
class Place:
    """The person's machine, the server, and what each consumer is told."""

    server: RunningServer
    person: Terminal
    variables: dict[str, dict[str, str]]

    def ask(self, sdk: str, consumer: str) -> dict[str, Any]:
        """What one program sees that knows nothing but its variables."""
        with new_terminal() as elsewhere:
            clean = {
                name: text for name, text in elsewhere.environment.items() if not name.startswith("AWS_")
            }
            done = subprocess.run(
                PROGRAMS[sdk],
                env={**clean, **self.variables[consumer]},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        seen: dict[str, Any] = json.loads(done.stdout)
        return seen

    def end_credentials(self, path: Path) -> None:
        """They are over, for whoever reads the file."""
        entry = json.loads(path.read_text())
        entry["accessToken"]["expiresAt"] = "2020-01-01T00:00:00Z"
        path.write_text(json.dumps(entry))


@pytest.fixture(scope="module")
def place(server: RunningServer) -> Iterator[Place]:
    """Signed in as `dev`; `agent` is narrowed from it to reading, `prod` is a role over it; all three are served."""
    with new_terminal() as person:
        arn = _new_role(server)
        person.login(server, server.user, "--profile", "dev")
        for words in (
            ("narrow", "dev", "--as", "agent", "--read-only", "--no-input"),
            ("configure", "role", "prod", "--role-arn", arn, "--source-profile", "dev"),
        ):
            done = person.daypass(*words)
            assert done.returncode == 0, done.stderr
        program = (
            f"import boto3; boto3.Session(profile_name='dev').client('s3').create_bucket(Bucket={BUCKET!r})"
        )
        done = person.run(sys.executable, "-c", program)
        assert done.returncode == 0, done.stderr
        with _serving(person, server) as variables:
            yield Place(server, person, variables)


def _new_role(server: RunningServer) -> str:
    """One that may nothing at all, so that it is known by what it may not."""
    me = f"arn:aws:iam::{server.account_id}:user/developer"
    allow = {"Effect": "Allow", "Principal": {"AWS": me}, "Action": "sts:AssumeRole"}
    program = (
        "import boto3, sys; iam = boto3.Session(profile_name='root').client('iam')\n"
        "print(iam.create_role(RoleName='served', AssumeRolePolicyDocument=sys.argv[1])['Role']['Arn'])"
    )
    with new_terminal() as admin:
        admin.login(server, server.root, "--profile", "root")
        trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        done = admin.run(sys.executable, "-c", program, trust)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextlib.contextmanager
def _serving(person: Terminal, server: RunningServer) -> Iterator[dict[str, dict[str, str]]]:
    consumers = [word for name in ("dev", "agent", "prod") for word in ("--consumer", f"for-{name}={name}")]
    process = subprocess.Popen(
        [*DAYPASS, "serve-credentials", "--json", "--no-input", "--port", "0", *consumers],
        env=person.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline())
        yield {
            each["profile"]: {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": said["url"],
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": each["token_file"],
                "AWS_REGION": "us-east-1",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ENDPOINT_URL_STS": server.endpoint,
                "AWS_ENDPOINT_URL_S3": server.s3_endpoint,
            }
            for each in said["consumers"]
        }
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
        process.stdout.close()


def _narrowed_entry(place: Place) -> Path:
    name = cache_file_name(f"arn:aws:iam::{place.server.account_id}:user/developer?scope=agent")
    return place.person.home / ".aws" / "login" / "cache" / name


def _role_entry(place: Place) -> Path:
    (path,) = (place.person.home / ".aws" / "login" / "cache" / ".daypass-roles").glob("*/*.json")
    return path


@pytest.mark.parametrize("sdk", PROGRAMS)
def test_each_consumer_is_what_its_profile_is_and_may_no_more(place: Place, sdk: str) -> None:
    account = place.server.account_id
    whole, narrowed, role = (place.ask(sdk, name) for name in ("dev", "agent", "prod"))
    assert (whole["arn"], whole["wrote"]) == (f"arn:aws:iam::{account}:user/developer", True)
    assert narrowed["arn"] == whole["arn"]
    assert "because no session policy allows the s3:PutObject action" in narrowed["wrote"]
    assert role["arn"].startswith(f"arn:aws:sts::{account}:assumed-role/served/")
    assert "because no identity-based policy allows the s3:PutObject action" in role["wrote"]


@pytest.mark.parametrize("sdk", PROGRAMS)
@pytest.mark.parametrize(
    ("profile", "entry_of", "refusal"),
    [
        ("agent", _narrowed_entry, "no session policy allows"),
        ("prod", _role_entry, "no identity-based policy allows"),
    ],
)
def test_what_is_served_renews_and_stays_as_little(
    place: Place, sdk: str, profile: str, entry_of: Callable[[Place], Path], refusal: str
) -> None:
    """The endpoint renews what has ended, by the session it came from."""
    before = place.ask(sdk, profile)
    place.end_credentials(entry_of(place))
    after = place.ask(sdk, profile)
    assert after["key"] != before["key"]
    assert after["arn"] == before["arn"]
    assert refusal in after["wrote"]

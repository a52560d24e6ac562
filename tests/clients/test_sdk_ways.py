"""One profile, every SDK that can be had, in every way: the cache, a credential process, `exec`, `serve-credentials`, roles.

The table is `support.sdk_matrix.ROWS`. A cell that RUNS ends at the server, which checks the signature and names the
person (STS), or lets nobody else read the bucket (S3). Every other cell is run as well, and must find nothing.
"""

import contextlib
import json
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.aws_cli_v2 import aws_cli_v2
from support.running_server import DAYPASS, RunningServer, Terminal, new_terminal
from support.sdk_matrix import ROWS, RUNS, Row

pytestmark = [pytest.mark.clients, pytest.mark.processes, pytest.mark.xdist_group("up")]

HERE = Path(__file__).parent
BUCKET = "four-ways"
ROLE = "four-ways"
WAYS = ("cache", "renews", "process", "exec", "serve", "role", "native_role")
NO_CRT_CLI = (
    "import sys; sys.modules['awscrt'] = None; sys.argv[0] = 'aws'\n"
    "from awscli.clidriver import main; sys.exit(main())"
)
REPODATA = {
    "info": {"subdir": "noarch"},
    "packages": {
        "proof-1-0.tar.bz2": {
            "build": "0",
            "build_number": 0,
            "depends": [],
            "name": "proof",
            "subdir": "noarch",
            "version": "1",
        }
    },
    "packages.conda": {},
    "repodata_version": 1,
}


@dataclass
class Place:
    """The server, a person who is signed in as `dev`, and what SDKs that cannot read it from a profile must be told."""

    server: RunningServer
    person: Terminal

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.server.account_id}:user/developer"

    @property
    def entry(self) -> Path:
        (path,) = (self.person.home / ".aws" / "login" / "cache").glob("*.json")
        return path

    @property
    def settings(self) -> dict[str, str]:
        """A consumer of `serve-credentials` has no profile that would say where the services are."""
        return {
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_STS": self.server.endpoint,
            "AWS_ENDPOINT_URL_S3": self.server.s3_endpoint,
        }


@pytest.fixture(scope="module")
def place(server: RunningServer) -> Iterator[Place]:
    """Signed in through the pages, bridged, plugged in, with a role, and a bucket that holds a channel."""
    with new_terminal() as person:
        role_arn = _new_role(server)
        person.login(server, server.user, "--profile", "dev")
        made = Place(server, person)
        for words in (
            ("bridge", "dev"),
            ("aws-cli-v1", "--aws", str(Path(sys.executable).parent / "aws")),
            ("role", "role", "--role-arn", role_arn, "--source-profile", "dev"),
        ):
            done = person.run(*DAYPASS, "configure", *words)
            assert done.returncode == 0, done.stderr
        with (person.home / ".aws" / "config").open("a") as config:
            config.write(
                f"[profile native]\nregion = us-east-1\nservices = daypass-dev\nrole_arn = {role_arn}\nsource_profile = dev\n"
            )
        program = (
            "import boto3, sys; s = boto3.Session(profile_name='dev').client('s3')\n"
            f"s.create_bucket(Bucket={BUCKET!r})\n"
            f"s.put_object(Bucket={BUCKET!r}, Key='channel/noarch/repodata.json', Body=sys.argv[1].encode())"
        )
        done = person.run(sys.executable, "-c", program, json.dumps(REPODATA))
        assert done.returncode == 0, done.stderr
        yield made


def _new_role(server: RunningServer) -> str:
    """A role that the sample user may assume, and that may read the bucket."""
    me = f"arn:aws:iam::{server.account_id}:user/developer"
    allow = {"Effect": "Allow", "Principal": {"AWS": me}, "Action": "sts:AssumeRole"}
    program = (
        "import boto3, sys; iam = boto3.Session(profile_name='root').client('iam')\n"
        f"print(iam.create_role(RoleName={ROLE!r}, AssumeRolePolicyDocument=sys.argv[1])['Role']['Arn'])\n"
        f"iam.attach_role_policy(RoleName={ROLE!r}, PolicyArn='arn:aws:iam::aws:policy/AmazonS3FullAccess')"
    )
    with new_terminal() as admin:
        admin.login(server, server.root, "--profile", "root")
        trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        done = admin.run(sys.executable, "-c", program, trust)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _boto(*words: str) -> Callable[[Place], list[str]]:
    return lambda place: [sys.executable, str(HERE / "sdks" / "boto.py"), *words]


def _rclone(place: Place) -> list[str]:
    remote = f":s3,provider=Other,env_auth=true,region=us-east-1,endpoint='{place.server.s3_endpoint}':"
    return ["rclone", "--config", "", "--retries", "1", "lsf", f"{remote}{BUCKET}/channel"]


def _java(place: Place) -> list[str]:
    folder = Path(sysconfig.get_path("purelib")) / "amazon_kclpy" / "jars"
    # Its logging library would print on standard output.
    jars = ":".join(str(jar) for jar in sorted(folder.glob("*.jar")) if "logback" not in jar.name)
    return ["java", "-cp", jars, str(HERE / "sdks" / "Who.java"), place.server.endpoint]


PROGRAMS: dict[str, Callable[[Place], list[str]]] = {
    "botocore with CRT": _boto(),
    "botocore without CRT": _boto("without-crt"),
    "botocore without CRT, daypass.session()": _boto("without-crt", "session"),
    "botocore without CRT, import hook": _boto("without-crt", "hook"),
    "AWS CLI v1 without CRT, plugin": lambda place: [
        *(sys.executable, "-c", NO_CRT_CLI),
        *("sts", "get-caller-identity"),
    ],
    "AWS CLI v2": lambda place: [aws_cli_v2(), "sts", "get-caller-identity"],
    "JavaScript v3": lambda place: ["node", str(HERE / "js" / "who.mjs"), "ask"],
    "Go v2": _rclone,
    "Rust": lambda place: [sys.executable, str(HERE / "sdks" / "rust.py"), BUCKET],
    "C (beneath C++ and Swift)": lambda place: [
        *(sys.executable, str(HERE / "sdks" / "c.py"), place.server.endpoint)
    ],
    "Java 2.33": _java,
}


def _proves(row: Row, place: Place, out: str, *, as_role: bool) -> bool:
    """Whether what was printed can only come from the server after it had accepted the signature."""
    if row.name == "Go v2":
        return out.split() == ["noarch/"]
    if row.name == "Rust":
        return bool(json.loads(out)["seen"] == ["proof"])
    said = json.loads(out)
    arn = said.get("arn") or said.get("Arn")
    if as_role:
        return bool(arn.startswith(f"arn:aws:sts::{place.server.account_id}:assumed-role/{ROLE}/"))
    return bool(arn == place.arn)


def _run(place: Place, command: list[str], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def _through_cache(place: Place, command: list[str]) -> "subprocess.CompletedProcess[str]":
    return _run(place, command, {**place.person.environment, "AWS_PROFILE": "dev"})


def _through_cache_that_ended(place: Place, command: list[str]) -> "subprocess.CompletedProcess[str]":
    """Also to be seen: a successor in the file, which the next reader can use."""
    content = json.loads(place.entry.read_text())
    before = content["refreshToken"]
    content["accessToken"]["expiresAt"] = "2020-01-01T00:00:00Z"
    place.entry.write_text(json.dumps(content))
    done = _through_cache(place, command)
    if done.returncode == 0:
        assert json.loads(place.entry.read_text())["refreshToken"] != before
    assert place.person.run(*DAYPASS, "credential-process", "--profile", "dev").returncode == 0
    return done


def _through_process(place: Place, command: list[str]) -> "subprocess.CompletedProcess[str]":
    return _run(place, command, {**place.person.environment, "AWS_PROFILE": "dev-bridge"})


def _through_role(place: Place, command: list[str]) -> "subprocess.CompletedProcess[str]":
    return _run(place, command, {**place.person.environment, "AWS_PROFILE": "role"})


def _through_native_role(place: Place, command: list[str]) -> "subprocess.CompletedProcess[str]":
    return _run(place, command, {**place.person.environment, "AWS_PROFILE": "native"})


def _through_exec(place: Place, command: list[str]) -> "subprocess.CompletedProcess[str]":
    return _run(place, [*DAYPASS, "exec", "--profile", "dev", "--", *command], place.person.environment)


def _through_serve(place: Place, command: list[str]) -> "subprocess.CompletedProcess[str]":
    with _serving(place.person) as variables, new_terminal() as elsewhere:
        clean = {name: value for name, value in elsewhere.environment.items() if not name.startswith("AWS_")}
        return _run(place, command, {**clean, **place.settings, **variables})


@contextlib.contextmanager
def _serving(person: Terminal) -> Iterator[dict[str, str]]:
    process = subprocess.Popen(
        [*DAYPASS, "serve-credentials", "--json", "--port", "0", "--consumer", "web=dev"],
        env=person.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline())
        token = said["consumers"][0]["token_file"]
        yield {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": said["url"],
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": Path(token).read_text().strip(),
        }
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
        process.stdout.close()


THROUGH = {
    "cache": _through_cache,
    "renews": _through_cache_that_ended,
    "process": _through_process,
    "exec": _through_exec,
    "serve": _through_serve,
    "role": _through_role,
    "native_role": _through_native_role,
}


def test_every_sdk_of_the_table_has_its_program() -> None:
    assert list(PROGRAMS) == [row.name for row in ROWS]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_an_sdk_signs_with_the_profile_in_each_way_the_table_says(place: Place, row: Row, way: str) -> None:
    done = THROUGH[way](place, PROGRAMS[row.name](place))
    if getattr(row, way) == RUNS:
        assert done.returncode == 0, done.stderr
        assert _proves(row, place, done.stdout, as_role=way.endswith("role")), done.stdout
    else:
        assert (done.returncode != 0, done.stdout) == (True, ""), "the table says less than there is"

"""Roles over a login on a real server: made with its IAM, assumed by daypass, used by programs that know nothing of it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from support.form_browser import FormBrowser
from support.running_server import DAYPASS, RunningServer, Terminal, new_terminal

pytestmark = [pytest.mark.clients, pytest.mark.processes, pytest.mark.xdist_group("up")]

AWS = str(Path(sys.executable).parent / "aws")
_BOTO = """
import json, boto3
session = boto3.Session()
identity = session.client("sts").get_caller_identity()
print(json.dumps({"arn": identity["Arn"], "by": session.get_credentials().method}))
"""


def _trust(principal: str, *more: str, **condition: object) -> str:
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": ["sts:AssumeRole", *more],
    }
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def roles(server: RunningServer) -> dict[str, str]:
    """Five roles of the sample account by name, made by its root user."""
    with new_terminal() as admin:
        admin.login(server, server.root, "--profile", "root")
        keys = json.loads(admin.daypass("credential-process", "--profile", "root").stdout)
    iam: Any = boto3.client(
        "iam",
        "us-east-1",
        endpoint_url=server.endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    me = f"arn:aws:iam::{server.account_id}:user/{server.values['DAYPASS_USER_NAME']}"

    def make(name: str, trust: str) -> str:
        return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])

    made = {"plain": make("plain", _trust(me))}
    made["chained"] = make("chained", _trust(made["plain"]))
    made["outside"] = make("outside", _trust(me, StringEquals={"sts:ExternalId": "e-42"}))
    tagged = {"sts:SourceIdentity": "dana", "aws:RequestTag/Project": "blue"}
    made["tagged"] = make(
        "tagged", _trust(me, "sts:TagSession", "sts:SetSourceIdentity", StringEquals=tagged)
    )
    made["stores"] = make("stores", _trust(me))
    iam.attach_role_policy(RoleName="stores", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    return made


@pytest.fixture
def person(server: RunningServer) -> Iterator[Terminal]:
    """Signed in as the sample user."""
    with new_terminal() as made:
        made.login(server, server.user, "--profile", "dev")
        yield made


def _role(person: Terminal, name: str, arn: str, *words: str, source: str = "dev") -> None:
    made = person.daypass("configure", "role", name, "--role-arn", arn, "--source-profile", source, *words)
    assert made.returncode == 0, made.stderr


def _session(arn: str, server: RunningServer, name: str = "daypass-developer") -> str:
    return f"arn:aws:sts::{server.account_id}:assumed-role/{arn.rpartition('/')[2]}/{name}"


def test_boto3_and_the_aws_cli_are_the_role(
    person: Terminal, server: RunningServer, roles: dict[str, str]
) -> None:
    """Through the profile, and through exec; neither knows of logins or roles."""
    _role(person, "prod", roles["plain"])
    expected = _session(roles["plain"], server)
    boto = person.run(sys.executable, "-c", _BOTO, AWS_PROFILE="prod")
    assert json.loads(boto.stdout) == {"arn": expected, "by": "custom-process"}, boto.stderr
    inside = person.daypass("exec", "--profile", "prod", "--", sys.executable, "-c", _BOTO)
    assert json.loads(inside.stdout) == {"arn": expected, "by": "container-role"}, inside.stderr
    who = ("sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    cli = person.run(AWS, *who, AWS_PROFILE="prod")
    assert cli.stdout.strip() == expected, cli.stderr
    cli = person.daypass("exec", "--profile", "prod", "--", AWS, *who)
    assert cli.stdout.strip() == expected, cli.stderr


def test_a_role_over_a_role_gets_its_hour(
    person: Terminal, server: RunningServer, roles: dict[str, str]
) -> None:
    """Two AssumeRole, one line about the cap; the server would refuse more (STS reference, "AssumeRole")."""
    _role(person, "first", roles["plain"])
    _role(person, "second", roles["chained"], "--duration-seconds", "7200", source="first")
    asked = person.daypass("credential-process", "--profile", "second")
    assert asked.returncode == 0, asked.stderr
    assert asked.stderr == (
        'daypass: a role over a role lasts one hour at most, so profile "second" gets 3600 seconds instead of 7200\n'
    )
    boto = person.run(sys.executable, "-c", _BOTO, AWS_PROFILE="second")
    assert json.loads(boto.stdout)["arn"] == _session(roles["chained"], server)
    assert person.daypass("credential-process", "--profile", "second").stderr == ""


def test_source_identity_and_tags_are_seen_by_the_trust_policy(
    person: Terminal, server: RunningServer, roles: dict[str, str]
) -> None:
    words = ("--source-identity", "dana", "--role-session-name", "night")
    _role(person, "tagged", roles["tagged"], *words, "--tag", "Project=blue", "--tag", "Team=core")
    boto = person.run(sys.executable, "-c", _BOTO, AWS_PROFILE="tagged")
    assert json.loads(boto.stdout)["arn"] == _session(roles["tagged"], server, "night"), boto.stderr
    _role(person, "other", roles["tagged"], *words, "--tag", "Project=red")
    refused = person.daypass("credential-process", "--profile", "other")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "[role_denied]" in refused.stderr
    assert "sts:SetSourceIdentity and sts:TagSession" in refused.stderr


def test_an_external_id_opens_the_role_and_another_does_not(person: Terminal, roles: dict[str, str]) -> None:
    for words, code in ((("--external-id", "e-42"), 0), (("--external-id", "e-43"), 3), ((), 3)):
        _role(person, "outside", roles["outside"], *words)
        asked = person.daypass("credential-process", "--profile", "outside")
        assert asked.returncode == code, asked.stderr
        assert "e-4" not in asked.stderr


def test_a_session_policy_narrows_the_role(person: Terminal, roles: dict[str, str], tmp_path: Path) -> None:
    """By a file, and by a managed policy."""
    policy = tmp_path / "lists.json"
    allow = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    _role(person, "lists", roles["stores"], "--policy-file", str(policy))
    _role(person, "reads", roles["stores"], "--policy-arn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    _role(person, "stores", roles["stores"])
    for profile, may_make in (("lists", False), ("reads", False), ("stores", True)):
        assert person.run(AWS, "s3api", "list-buckets", AWS_PROFILE=profile).returncode == 0
        made = person.run(AWS, "s3api", "create-bucket", "--bucket", "role-made", AWS_PROFILE=profile)
        assert (made.returncode == 0) == may_make, f"{profile}: {made.stderr}"
        assert ("AccessDenied" in made.stderr) != may_make


def test_a_role_that_is_not_there_is_refused_like_one_that_does_not_trust(
    person: Terminal, server: RunningServer, roles: dict[str, str]
) -> None:
    _role(person, "gone", roles["plain"] + "-gone")
    refused = person.daypass("exec", "--profile", "gone", "--", "true")
    assert refused.returncode == 3
    assert refused.stderr.startswith(
        f"daypass: arn:aws:iam::{server.account_id}:user/developer may not assume {roles['plain']}-gone"
    )


def test_more_than_the_roles_maximum_is_said_with_the_command_that_shows_it(
    person: Terminal, roles: dict[str, str]
) -> None:
    _role(person, "long", roles["plain"], "--duration-seconds", "43200")
    refused = person.daypass("credential-process", "--profile", "long")
    assert (refused.returncode, refused.stderr.splitlines()) == (
        2,
        [
            f'daypass: {roles["plain"]} allows shorter sessions than the 43200 seconds of profile "long" [config]',
            "hint: aws iam get-role --role-name plain --query Role.MaxSessionDuration",
        ],
    )


def test_sixteen_processes_are_one_role_session_and_a_sign_out_ends_it_here(
    person: Terminal, server: RunningServer, roles: dict[str, str]
) -> None:
    _role(person, "prod", roles["plain"])
    command = [*DAYPASS, "credential-process", "--profile", "prod"]
    processes = [
        subprocess.Popen(
            command, env=person.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(16)
    ]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [error for _, error in answers if error] == []
    assert len({json.loads(out)["AccessKeyId"] for out, _ in answers}) == 1
    folder = person.home / ".aws" / "login" / "cache" / ".daypass-roles"
    assert len(list(folder.glob("*/*.json"))) == 1
    done = person.daypass("logout", "--profile", "dev")
    assert "forgot the credentials of one role" in done.stderr
    assert list(folder.glob("*/*.json")) == []
    asked = person.run(AWS, "sts", "get-caller-identity", AWS_PROFILE="prod")
    assert asked.returncode != 0
    assert "daypass login --profile dev" in asked.stderr, "the AWS CLI shows what the process said"


def test_another_identity_in_the_profile_is_not_served_the_old_ones_role(
    person: Terminal, server: RunningServer, roles: dict[str, str]
) -> None:
    """The root user may assume no role, so nothing of the sample user's may be left to serve."""
    _role(person, "prod", roles["plain"])
    assert person.daypass("credential-process", "--profile", "prod").returncode == 0
    person.browser = FormBrowser()
    person.login(server, server.root, "--profile", "dev", "--switch")
    refused = person.daypass("credential-process", "--profile", "prod")
    assert (refused.returncode, refused.stdout) == (3, ""), refused.stderr

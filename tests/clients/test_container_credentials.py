"""Unmodified SDKs that know nothing but two variables: the endpoint of `daypass serve-credentials` feeds them.

The second half stands for a container: two network namespaces joined by a cable, the person's machine at
169.254.170.2 as the gateway of a container network has it, nothing else shared. It needs Linux and user
namespaces (`unshare -rn`), as root or not; where they are forbidden it fails, it does not skip.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.running_server import DAYPASS, RunningServer, Terminal
from support.transcript import arn_of, save_session

pytestmark = [pytest.mark.clients, pytest.mark.processes, pytest.mark.xdist_group("up")]

HERE = Path(__file__).parent
AWS = str(Path(sys.executable).parent / "aws")
_BOTO = """
import json, sys, boto3
session = boto3.Session()
seen = {"key": session.get_credentials().get_frozen_credentials().access_key, "by": session.get_credentials().method}
if sys.argv[1:] == ["ask"]:
    seen["arn"] = session.client("sts").get_caller_identity()["Arn"]
print(json.dumps(seen))
"""


@contextlib.contextmanager
def _serving(terminal: Terminal, *words: str) -> Iterator[dict[str, object]]:
    process = subprocess.Popen(
        [*DAYPASS, "serve-credentials", "--json", "--port", "0", *words],
        env=terminal.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
        process.stdout.close()


def _consumer(home: Path, said: dict[str, object], server: RunningServer) -> dict[str, str]:
    """Another machine's environment: a home with nothing in it, and the variables of the snippet."""
    (each,) = said["consumers"]  # type: ignore[misc]  # a JSON value
    clean = Terminal(home).environment
    return {
        **{name: value for name, value in clean.items() if not name.startswith("AWS_")},
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": str(said["url"]),
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": each["token_file"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_STS": server.endpoint,
    }


def test_three_sdks_sign_with_what_the_endpoint_gives(
    server: RunningServer, terminal: Terminal, tmp_path: Path
) -> None:
    """botocore, the AWS CLI version 1 and the JavaScript SDK, each accepted by STS as the person."""
    terminal.login(server, server.user, "--profile", "dev")
    arn = f"arn:aws:iam::{server.account_id}:user/developer"
    with _serving(terminal, "--consumer", "web=dev") as said:
        environment = _consumer(tmp_path, said, server)

        def run(*command: str) -> dict[str, str]:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=120, check=False
            )
            assert done.returncode == 0, done.stderr
            found: dict[str, str] = json.loads(done.stdout)
            return found

        boto = run(sys.executable, "-c", _BOTO, "ask")
        assert (boto["arn"], boto["by"]) == (arn, "container-role")
        assert run(AWS, "sts", "get-caller-identity")["Arn"] == arn
        assert run("node", str(HERE / "js" / "who.mjs"), "ask")["arn"] == arn


_CABLE = """
set -e
ip link set lo up
unshare -n sleep 300 & inside=$!
trap 'kill $inside $serving 2>/dev/null || true' EXIT
until [ "$(readlink /proc/$inside/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done
ip link add cable type veth peer name eth0 netns $inside
ip address add $ADDRESS/$BITS dev cable nodad
ip link set cable up
container() { nsenter -t $inside -n "$@"; }
container ip link set lo up
container ip address add $NEIGHBOUR/$BITS dev eth0 nodad
container ip link set eth0 up
mkfifo "$FOLDER/said"
$DAYPASS serve-credentials --json --bind $ADDRESS --consumer web=dev >"$FOLDER/said" & serving=$!
read -r said <"$FOLDER/said"
export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://$SHOWN:8911/credentials
export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$HOME/.aws/daypass/consumers/web.token"
unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_LOGIN_CACHE_DIRECTORY
export HOME="$FOLDER"
container "$PYTHON" -c "$BOTO"
container "$AWS" s3 presign s3://bucket/key --region us-east-1
container node "$WHO"
container curl -s -m 5 -o "$FOLDER/loopback" http://127.0.0.1:8911/credentials || echo "curl $?"
kill -TERM $serving
wait $serving
echo "served $?"
"""


@pytest.mark.parametrize(
    ("address", "neighbour", "bits"),
    [
        ("169.254.170.2", "169.254.170.3", "24"),
        ("169.254.170.23", "169.254.170.24", "24"),
        ("fd00:ec2::23", "fd00:ec2::24", "64"),
    ],
)
def test_a_container_behind_a_cable_reads_them_at_the_address_sdks_accept(
    tmp_path: Path, address: str, neighbour: str, bits: str
) -> None:
    """Over plain http, from another network namespace, in all three SDKs."""
    home, folder = tmp_path / "home", tmp_path / "container"
    folder.mkdir()
    save_session(home, "dev", 900)
    (home / ".aws" / "config").write_text(f"[profile dev]\nlogin_session = {arn_of('dev')}\n")
    done = subprocess.run(
        ["unshare", "-rn", "bash", "-c", _CABLE],
        env={
            **Terminal(home).environment,
            "PATH": f"{Terminal(home).environment['PATH']}:/usr/sbin:/sbin",
            "FOLDER": str(folder),
            "ADDRESS": address,
            "NEIGHBOUR": neighbour,
            "BITS": bits,
            "SHOWN": f"[{address}]" if ":" in address else address,
            "DAYPASS": " ".join(DAYPASS),
            "PYTHON": sys.executable,
            "BOTO": _BOTO,
            "AWS": AWS,
            "WHO": str(HERE / "js" / "who.mjs"),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    boto, presigned, js, loopback, served = done.stdout.splitlines()
    assert json.loads(boto) == {"key": "ASIADEV", "by": "container-role"}
    assert "ASIADEV" in presigned
    assert json.loads(js) == {"key": "ASIADEV"}
    assert loopback == "curl 7", "the container's own loopback is another one"
    assert served == "served 0"

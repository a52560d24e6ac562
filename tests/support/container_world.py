"""A host and a container out of Linux namespaces, run as a program: `unshare --net --mount python container_world.py FOLDER`.

The host is the namespace this runs in; the container is another, joined to it by a pair of virtual interfaces, in which the
person's home is hidden and only one token is bound to its place. FOLDER/home belongs to a person who is signed in as `dev`
and `ops`. Prints one JSON object: what a program in the container gets, by the case's name.
"""

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

ADDRESS = "169.254.170.2"
"""One of the three addresses beyond loopback from which SDKs take credentials over plain http."""

SDK = """
import botocore.session, json, os, pathlib
found = botocore.session.get_session().get_credentials()
print(json.dumps({
    "method": found.method if found else None,
    "key": found.get_frozen_credentials().access_key if found else None,
    "home": [str(path) for path in pathlib.Path(os.environ["HOME"]).rglob("*")],
}))
"""


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def _make_network() -> "subprocess.Popen[bytes]":
    """The process that keeps the container's network alive."""
    _run("ip", "link", "set", "lo", "up")
    keeper = subprocess.Popen(["unshare", "--net", "sleep", "300"])
    place = f"/proc/{keeper.pid}/ns/net"
    deadline = time.monotonic() + 30
    while os.readlink(place) == os.readlink("/proc/self/ns/net"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    _run("ip", "link", "add", "outside", "type", "veth", "peer", "name", "inside", "netns", str(keeper.pid))
    _run("ip", "address", "add", f"{ADDRESS}/24", "dev", "outside")
    _run("ip", "link", "set", "outside", "up")
    inner = "ip link set lo up && ip address add 169.254.170.3/24 dev inside && ip link set inside up"
    _run("nsenter", "--target", str(keeper.pid), "--net", "sh", "-c", inner)
    return keeper


def _inside(keeper: int, folder: Path, token: Path, uri: str) -> dict[str, object]:
    """What an unmodified SDK finds in the container."""
    place = shlex.quote(str(folder / "inside"))
    script = (
        f"mount -t tmpfs none {place} && : >{place}/token && mount --bind {shlex.quote(str(token))} {place}/token"
        f" && mount -t tmpfs none {shlex.quote(str(folder / 'home'))} && exec {sys.executable} -c {shlex.quote(SDK)}"
    )
    command = ["nsenter", "--target", str(keeper), "--net", "unshare", "--mount", "sh", "-c", script]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": uri,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(folder / "inside" / "token"),
        "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "1",
    }
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    if ran.returncode:
        return {"problem": ran.stderr.strip().rpartition("\n")[2]}
    answer: dict[str, object] = json.loads(ran.stdout)
    return answer


def main(folder: Path) -> None:
    """Set everything up, ask, tear it down."""
    keeper = _make_network()
    (folder / "inside").mkdir()
    (folder / "wrong-token").write_text("x" * 43)
    words = ["--json", "--port", "0", "--bind", ADDRESS, "--consumer", "web=dev", "--consumer", "job=ops"]
    server = subprocess.Popen(
        [sys.executable, "-m", "daypass", "serve-credentials", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        said = json.loads(server.stdout.readline())
        tokens = {each["name"]: Path(each["token_file"]) for each in said["consumers"]}
        found = {name: _inside(keeper.pid, folder, token, said["url"]) for name, token in tokens.items()}
        found["stranger"] = _inside(keeper.pid, folder, folder / "wrong-token", said["url"])
        server.terminate()
        server.wait(30)
        found["afterwards"] = _inside(keeper.pid, folder, tokens["web"], said["url"])
        print(json.dumps(found))
    finally:
        server.kill()
        server.wait()
        keeper.kill()
        keeper.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""A real OpenID Connect provider for proofs: npm oidc-provider as a node process on loopback, with its own login form.

The page has text boxes "User name" and "Password" and a button "Log in". What a test may do behind its back (rotate
the signing key, log a person out everywhere) goes through its control addresses.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SERVER = Path(__file__).parents[1] / "federation" / "op" / "server.mjs"


def op_client(
    client_id: str,
    secret: str,
    redirect_uri: str,
    *,
    logout_uri: str = "",
    auth_method: str = "client_secret_basic",
) -> dict[str, object]:
    """One registration at the provider (its client metadata). An empty secret makes a public client."""
    back_channel: dict[str, object] = (
        {"backchannel_logout_uri": logout_uri, "backchannel_logout_session_required": True}
        if logout_uri
        else {}
    )
    own = {"client_secret": secret} if secret else {}
    return {
        "client_id": client_id,
        "redirect_uris": [redirect_uri],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": auth_method if secret else "none",
        **own,
        **back_channel,
    }


def op_user(password: str, **claims: object) -> dict[str, object]:
    """One person; `claims` go into the ID token (`sub` is the user's name)."""
    return {"password": password, "claims": claims}


@dataclass
class RunningOp:
    """A provider that serves."""

    issuer: str
    process: "subprocess.Popen[str]"
    log: Path

    def rotate_key(self, *, keep: bool = False) -> str:
        """A new signing key; the old one stays published only if `keep`. Returns its `kid`."""
        return str(self._control("rotate", {"keep": keep})["kid"])

    def set_clients(self, clients: Sequence[Mapping[str, object]]) -> None:
        """Other registrations than at the start (a server's port may be known only later)."""
        self._control("clients", {"clients": list(clients)})

    def set_users(self, users: Mapping[str, Mapping[str, object]]) -> None:
        """Other people than at the start."""
        self._control("users", {"users": dict(users)})

    def log_out(self, user: str) -> list[dict[str, str]]:
        """End the person's sessions there and tell the clients. One {user, client, sid, outcome} for each told; a
        good outcome is "ok".
        """
        told = self._control("logout", {"user": user})["told"]
        assert isinstance(told, list)
        return told

    def mint_id_token(self, user: str, client_id: str) -> str:
        """An ID token as if the client had signed the person in, without a nonce."""
        return str(self._control("id-token", {"user": user, "client": client_id})["id_token"])

    def _control(self, step: str, values: Mapping[str, object]) -> dict[str, object]:
        request = urllib.request.Request(f"{self.issuer}/control/{step}", data=json.dumps(values).encode())
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            result: dict[str, object] = json.load(answer)
        return result


@contextlib.contextmanager
def running_oidc_op(
    folder: Path, clients: Sequence[Mapping[str, object]], users: Mapping[str, Mapping[str, object]]
) -> Iterator[RunningOp]:
    """Start it with its files in `folder`; `clients` by `op_client`, `users` (by name) by `op_user`. Ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    config, log = folder / "op.json", folder / "op.log"
    config.write_text(json.dumps({"clients": list(clients), "users": dict(users)}))
    node = shutil.which(
        "node", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    )
    assert node is not None, "node is not installed: make test installs it"
    with log.open("w") as log_file:
        process = subprocess.Popen(
            [node, str(_SERVER), str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log_file,
            text=True,
        )
    assert process.stdin is not None and process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("READY "):
                yield RunningOp(json.loads(line[6:])["issuer"], process, log)
                return
        raise AssertionError(f"the provider did not start:\n{log.read_text()}")
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

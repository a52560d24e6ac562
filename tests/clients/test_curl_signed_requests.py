"""The commands that the admin pages show for actions only this server has: curl signs them by itself.

curl(1), `--aws-sigv4`.
"""

import asyncio
import shlex
import time

import pytest

from daypass.server.web.admin_button_table import BUTTONS
from daypass.server.web.admin_buttons import Field, signed_request
from support.query_world import ACCOUNT, ServedWorld, open_query_world

pytestmark = pytest.mark.clients


async def test_the_shown_commands_work_as_they_stand() -> None:
    world = await open_query_world(clock_starts_at=int(time.time()))
    await world.new_user("alice")
    keys = world.root
    assert keys.session_token is not None
    async with ServedWorld(world) as url:
        environment = {
            "PATH": "/usr/bin:/bin",
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key.reveal(),
            "AWS_SESSION_TOKEN": keys.session_token.reveal(),
            "AWS_ENDPOINT_URL": url,
        }
        arn = f"arn:aws:iam::{ACCOUNT}:user/alice"
        listing = signed_request("ListSessions", (Field("SessionKind", ""),), {"SessionKind": "browser"})
        [revoking] = BUTTONS["RevokeSessions"].commands({"PrincipalArn": arn})
        for command, wanted in (
            (listing, "<IsTruncated>false</IsTruncated>"),
            (revoking, "<EndedSessions>0</EndedSessions>"),
        ):
            answer = await _run(command, environment)
            assert wanted in answer, answer
    await world.storage.close()


async def _run(command: str, environment: dict[str, str]) -> str:
    assert shlex.split(command)[0] == "curl"
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", f"{command} --silent --noproxy '*'", env=environment, stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await asyncio.wait_for(process.communicate(), 20)
    return answer.decode()

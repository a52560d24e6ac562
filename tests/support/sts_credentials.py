"""A user with an access key, in a `QueryWorld`; the session credentials an answer of STS holds, and the events it left."""

from daypass.protocol.aws.sigv4 import Credentials
from daypass.secret import Secret
from daypass.server.domain.access_key import AccessKey
from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.tokens import access_key_id
from support.query_world import ACCOUNT, Answer, QueryWorld

__all__ = ["events_of", "long_term_key", "new_key_id", "session_of"]


async def long_term_key(world: QueryWorld, name: str, *policies: str | dict[str, object]) -> Credentials:
    """The key of a new user."""
    await world.new_user(name, *policies)
    user = await world.storage.users.load_user(ACCOUNT, name)
    assert user is not None
    key_id = new_key_id(world)
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    sealed = world.ring.seal("access-key", secret.encode())
    await world.storage.access_keys.create_access_key(
        AccessKey(key_id, ACCOUNT, user.user_id, sealed, "Active", world.now), limit=2
    )
    return Credentials(key_id, Secret(secret), None)


def new_key_id(world: QueryWorld) -> str:
    """The id of a key that nobody has yet."""
    return "AKIA" + access_key_id(ACCOUNT, world.randomness.token_bytes(8))[4:]


def session_of(answer: Answer) -> Credentials:
    """What an answer hands out."""
    assert answer.status == 200, answer.text
    return Credentials(
        answer.value("AccessKeyId"),
        Secret(answer.value("SecretAccessKey")),
        Secret(answer.value("SessionToken")),
    )


async def events_of(world: QueryWorld, event_name: str) -> list[AuditEvent]:
    """The first account's newest events of one name, newest first."""
    events = await world.storage.audit.list_events(account_id=ACCOUNT, since=0, limit=50)
    return [event for event in events if event.event_name == event_name]

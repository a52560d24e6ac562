"""Which condition keys a policy asks for."""

from daypass.server.domain.context_keys import context_keys
from support.query_world import allow, deny, policy_text


def test_context_keys_are_those_of_conditions_and_variables_each_once() -> None:
    text = policy_text(
        allow("s3:*", resource="arn:aws:s3:::${aws:username}/${aws:PrincipalTag/team, 'none'}"),
        deny("*", Condition={"Bool": {"AWS:UserName": "x", "aws:SecureTransport": "false"}}),
    )
    assert context_keys([text, text]) == ["aws:username", "aws:PrincipalTag/team", "aws:SecureTransport"]

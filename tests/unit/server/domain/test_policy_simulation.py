"""What would be decided, and by which statement."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.policy.decision import Effect
from daypass.policy.evaluation import evaluate
from daypass.policy.request_context import RequestContext
from daypass.protocol.aws.errors import MalformedPolicyDocument
from daypass.server.domain.policy_simulation import Position, Simulation, Source
from support.query_world import allow, deny, policy_text


def test_a_simulation_says_which_statement_decided_and_where_it_stands() -> None:
    text = '{"Version": "2012-10-17",\n "Statement": [\n  {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}\n]}'
    result = Simulation([Source("mine", "none", text)]).ask("s3:GetObject", "*", {})
    assert result.effect is Effect.ALLOWED
    assert result.matched is not None
    assert result.matched.source.policy_id == "mine"
    assert (result.matched.start, result.matched.end) == (Position(3, 3), Position(3, 57))
    single = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
    alone = Simulation([Source("mine", "none", single)]).ask("s3:GetObject", "*", {}).matched
    assert alone is not None
    assert alone.start == Position(1, single.index('{"Effect"') + 1)
    assert alone.end == Position(1, len(single))


def test_a_simulation_names_the_layers_that_do_not_allow() -> None:
    everything = Source("all", "none", policy_text(allow("*")))
    some = Source("some", "none", policy_text(allow("s3:*")))
    result = Simulation([everything], boundary=[some], service_control=[everything]).ask(
        "iam:GetUser", "*", {}
    )
    assert (result.effect, result.by_boundary, result.by_organizations) == (Effect.IMPLICIT_DENY, False, True)
    with pytest.raises(MalformedPolicyDocument):
        Simulation([Source("broken", "none", "{}")])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(["s3:Get*", "s3:*", "iam:*", "*"])), min_size=1, max_size=4
    )
)
def test_a_simulation_agrees_with_the_engine(chosen: list[tuple[bool, str]]) -> None:
    texts = [policy_text((allow if is_allow else deny)(action)) for is_allow, action in chosen]
    sources = [Source(str(number), "none", text) for number, text in enumerate(texts)]
    expected = evaluate(
        [source.parse() for source in sources], RequestContext("s3:GetObject", "arn:aws:s3:::a")
    )
    assert Simulation(sources).ask("s3:GetObject", "arn:aws:s3:::a", {}).effect is expected.effect

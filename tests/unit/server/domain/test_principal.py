"""How a principal is called."""

from daypass.server.domain.principal import PrincipalSnapshot, login_arn


def test_a_role_session_goes_by_its_assumed_role_arn() -> None:
    role = PrincipalSnapshot(
        "111122223333", "role", "AROAX", "arn:aws:iam::111122223333:role/path/Admin", "Admin", 0, 1, ()
    )
    assert login_arn(role, "AROAX:dev@example.com") == (
        "arn:aws:sts::111122223333:assumed-role/Admin/dev@example.com"
    )


def test_everybody_else_goes_by_the_principals_own_arn() -> None:
    user = PrincipalSnapshot(
        "111122223333", "user", "AIDAX", "arn:aws:iam::111122223333:user/a", "a", 0, 1, ()
    )
    assert login_arn(user, "AIDAX") == user.arn

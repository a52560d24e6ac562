"""A new password, typed twice: what a form says before anything is asked of the server's rules. Texts for people."""

from daypass.server.domain.password_policy import MAXIMUM_PASSWORD_LENGTH

__all__ = ["new_password_error"]


def new_password_error(password: str, repeated: str) -> str:
    """What to mend, in a sentence or two; empty when both are there and alike."""
    if not password:
        return "Enter a new password."
    if password != repeated:
        return "The two passwords differ. Type the new one twice."
    if len(password) > MAXIMUM_PASSWORD_LENGTH:
        return f"A password has at most {MAXIMUM_PASSWORD_LENGTH} characters."
    return ""

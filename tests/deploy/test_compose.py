"""What the compose file names is there, and is accepted by those that it is said to."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import yaml

from bus.servers import Server, redis_server
from docs.documents import TOP, document
from forked import run_forked
from gateway.caller import Gateway, shop
from postgres import server as postgres

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = TOP / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("gateway", "monitor")

IMAGES_OWN = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE", "PGPASSFILE"}
"""What PostgreSQL, its image and its library read."""


def test_each_service_has_a_check_and_only_this_machine_reaches_it() -> None:
    assert set(SERVICES) == {"postgres", "valkey", *OURS}
    for service in SERVICES.values():
        assert service["healthcheck"]["test"][0] == "CMD"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    dockerfile = (FOLDER / "Dockerfile").read_text()
    assert "\nUSER 1000:1000\n" in dockerfile
    assert (FOLDER / ".gitignore").read_text().split() == ["secrets/"]


def test_the_image_gets_what_the_package_is_made_of_and_nothing_else() -> None:
    copies = re.findall(r"^COPY (.+)$", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)
    copied = {each for line in copies for each in line.split()[:-1]}
    project = tomllib.loads((TOP / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    of = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]}
    assert copied == of | {*wheel["packages"], *wheel["force-include"]}


def test_each_variable_is_described_and_none_holds_a_secret() -> None:
    described = document("reference/environment.md").text
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert name in IMAGES_OWN or f"`{name}`" in described
            assert ":" not in value.rpartition("@")[0].partition("://")[2]


@pytest.mark.parametrize("name", OURS)
def test_each_command_and_option_is_there(tmp_path: Path, name: str) -> None:
    command, *words = SERVICES[name]["command"]
    answer = run_forked([command, "--help"], tmp_path, {})
    assert answer.returncode == 0
    assert all(f"  {word} " in answer.stdout for word in words if word.startswith("--"))


def test_the_checks_of_our_services_succeed_where_all_is_well_and_fail_where_nobody_answers(
    tmp_path: Path,
) -> None:
    _, python, *words = SERVICES["gateway"]["healthcheck"]["test"]
    assert python == "python"
    repo = shop(tmp_path / "shop")
    with Gateway(repo) as gateway:
        here = [word.replace(":7464/", f":{gateway.port}/") for word in words]
        subprocess.run([sys.executable, *here], check=True)
        _, _, *asked = SERVICES["monitor"]["healthcheck"]["test"]
        assert run_forked(asked, repo.path, {}).returncode == 0
        away = {"KANBAN_SYNC_DATABASE_URL": "postgresql://127.0.0.1:1/tasks"}
        assert run_forked(asked, repo.path, away).returncode != 0
    assert subprocess.run([sys.executable, *here], check=False, capture_output=True).returncode


def test_postgresql_accepts_its_settings() -> None:
    program, *words = SERVICES["postgres"]["command"]
    assert (program, set(words[::2])) == ("postgres", {"-c"})
    settings = dict(word.split("=") for word in words[1::2])
    run = postgres.TestRun()
    try:
        url = postgres.server(run.folder, {**postgres.HASTY, **settings})
        with psycopg.connect(url) as connection:
            found = connection.execute("SELECT name, setting FROM pg_file_settings WHERE applied")
            assert settings.items() <= dict(found.fetchall()).items()
    finally:
        run.end()


def test_a_server_of_its_kind_accepts_the_settings_of_valkey(tmp_path: Path) -> None:
    program, *words = SERVICES["valkey"]["command"]
    assert program == "valkey-server"
    with closing(Server(redis_server(), tmp_path, *words)) as server:
        assert server.ask("CONFIG", "GET", "maxmemory")[1] == b"67108864"

"""The dialects of identity providers: each conversation in idp_traffic/ and dialects/ must go through.

The project keeps its own copy of the scenarios; those of the folders named by --idp-traffic are played as well when
they differ from the copy.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.servers.basehttp import WSGIRequestHandler
from pytest_django.live_server_helper import LiveServer

from identity.core.actors import Operator
from identity.services import identity_providers, scim_tokens
from portal.replay.conversation import play, read
from portal.replay.senders import OverHTTP

OURS = Path(__file__).parent / "idp_traffic"
DIALECTS = Path(__file__).parent / "dialects"


def scenarios(folders: list[Path]) -> list[Path]:
    """Our files, and those of the folders that are new or say something else."""
    ours = {file.name: file for file in sorted(OURS.glob("*.json"))}
    others = [
        file
        for folder in folders
        for file in sorted(folder.glob("*.json"))
        if file.name not in ours or file.read_bytes() != ours[file.name].read_bytes()
    ]
    return [*ours.values(), *others, *sorted(DIALECTS.glob("*.json"))]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scenario" in metafunc.fixturenames:
        folders: list[Path] = metafunc.config.getoption("idp_traffic")
        if empty := [str(folder) for folder in folders if not any(folder.glob("*.json"))]:
            raise pytest.UsageError(f"--idp-traffic: no conversations in {', '.join(empty)}")
        metafunc.parametrize("scenario", [pytest.param(file, id=file.stem) for file in scenarios(folders)])


@pytest.fixture
def _answers_leave_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Django's test server sends head and body apart; Nagle's algorithm would hold each body for 40 ms."""
    monkeypatch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", True)


@pytest.fixture
def client(_answers_leave_at_once: None, live_server: LiveServer) -> Iterator[OverHTTP]:
    """An identity provider with a token of its own, on a real HTTP connection."""
    actor = Operator("test")
    provider = identity_providers.create_identity_provider(name="Traffic", actor=actor)
    _, secret = scim_tokens.create_token(provider, label="replay", actor=actor)
    client = OverHTTP(f"{live_server.url}/scim/v2", secret)
    yield client
    client.close()


def test_an_identity_providers_conversation_goes_through(scenario: Path, client: OverHTTP) -> None:
    play(read(scenario), client, run=f"t{secrets.token_hex(4)}")


def test_there_are_scenarios_of_every_kind_of_identity_provider() -> None:
    """An empty folder would be a suite that proves nothing."""
    assert _kinds(OURS) == {"okta", "okta-aiw", "entra", "rauthy"}
    entra = {"entra-compliant", "entra-quirks", "entra-validator"}
    others = {"okta-quirks", "onelogin", "jumpcloud", "ping", "rippling", "authentik", "keycloak", "google"}
    assert _kinds(DIALECTS) == entra | others


def _kinds(folder: Path) -> set[str]:
    return {file.stem.partition("__")[0] for file in folder.glob("*.json")}

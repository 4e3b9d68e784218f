"""An nginx of the tests: in the foreground, and whatever it writes is in one folder."""

from __future__ import annotations

from pathlib import Path

from tests.programs import program

_AROUND = """
{more} daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{servers}
}}
"""


def configure(folder: Path, servers: str, *, more: str = "master_process off;") -> None:
    """For these servers and upstreams, as they stand in `http`; `more` stands before all else."""
    text = _AROUND.format(folder=folder, servers=servers, more=more)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")


def command(folder: Path) -> list[str | Path]:
    return [program("nginx"), "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"]

"""Kinds of values in the environment: how each is read, and what is said of a text that is none."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import SplitResult, urlsplit

from environ import Env

from portal.project.proxies import is_address, network_of

T = TypeVar("T")

POSTGRESQL = "django.db.backends.postgresql"
SQLITE = "django.db.backends.sqlite3"
MAIL_SCHEMES = {"smtp", "smtps", "smtp+tls", "smtp+ssl", "consolemail", "filemail", "memorymail", "dummymail"}

_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_TRUE, _FALSE = {"true", "on", "yes", "y", "1"}, {"false", "off", "no", "n", "0"}


class Unfit(ValueError):
    """The text is no value of its kind; `expected` where more can be said than the kind says of itself."""

    def __init__(self, expected: str = "") -> None:
        super().__init__(expected)
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """`read` raises ValueError, which is answered with `expected`; `show` is the value as it may be printed."""

    expected: str
    read: Callable[[str], T]
    show: Callable[[T], Any] = lambda value: value
    is_secret: bool = False


# --- words and numbers ---


def number(lowest: int, highest: int) -> Kind[int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text.strip(), re.ASCII) or not lowest <= int(text) <= highest:
            raise Unfit
        return int(text)

    return Kind(f"a whole number from {lowest} to {highest}", read)


def or_nothing(kind: Kind[T]) -> Kind[T | None]:
    """The same, where it is another matter that nothing was said."""
    return Kind(kind.expected, kind.read)


def choice(*words: str) -> Kind[str]:
    def read(text: str) -> str:
        if text.strip() not in words:
            raise Unfit
        return text.strip()

    return Kind(" or ".join(words), read)


def choices(*words: str) -> Kind[list[str]]:
    """Some of the words, separated by commas."""
    return listed(choice(*words), f"words out of {', '.join(words)}, separated by commas")


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise Unfit
    return word in _TRUE


def _line(text: str) -> str:
    if not text.isprintable():
        raise Unfit
    return text.strip()


def _arguments(text: str) -> str:
    if text.count('"') % 2 or text.count("'") % 2 or not text.isprintable():
        raise Unfit
    return text


boolean = Kind("true or false", _boolean)
line = Kind("one line of text", _line)
arguments = Kind("arguments as in a shell, with quotes that are closed", _arguments)
secret = Kind("text in UTF-8", lambda text: text, is_secret=True)
secrets = Kind("keys separated by commas", lambda text: [key for key in text.split(",") if key.strip()], is_secret=True)


def _sender(text: str) -> str:
    if not text.isprintable() or not _ADDRESS.fullmatch(parseaddr(text)[1]):
        raise Unfit
    return text.strip()


sender = Kind("an address such as Gatehouse <gatehouse@example.com>", _sender)


# --- places in the network ---


def listed(kind: Kind[T], expected: str) -> Kind[list[T]]:
    """Values of a kind, separated by commas."""

    def read(text: str) -> list[T]:
        return [kind.read(word.strip()) for word in text.split(",") if word.strip()]

    return Kind(expected, read, lambda values: [kind.show(value) for value in values])


def _host(text: str) -> str:
    """An address, without brackets, or a name."""
    text = text.strip()
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if not is_address(bare) and (":" in bare or not _HOST.fullmatch(bare)):
        raise Unfit
    return bare


def _allowed_host(text: str) -> str:
    """As Django compares it: without a port, IPv6 in brackets, ".example.com" with what is below it, "*" for any."""
    if text == "*":
        return text
    bare = _host(text.removeprefix("."))
    return f"[{bare}]" if ":" in bare else text


def _split(text: str) -> SplitResult:
    """An http or https URL that names a host; raises ValueError."""
    url = urlsplit(text.strip())
    is_whole = url.scheme in {"http", "https"} and url.hostname and url.port != 0  # reading the port checks it
    if not is_whole or not text.isprintable() or set(text.strip()) & set(' \\^`{}|<>"'):
        raise Unfit
    return url


def _origin(text: str) -> str:
    url = _split(text)
    if url.path not in {"", "/"} or url.query or url.fragment or "@" in url.netloc or text.strip()[-1] in "?#":
        raise Unfit
    _host(url.hostname or "")
    return text.strip().rstrip("/")


def _form_origin(text: str) -> str:
    """As Django compares it; "https://*.example.com" with all that is below it."""
    _origin(text.replace("://*.", "://", 1))
    return text.rstrip("/")


def _proxy(text: str) -> str:
    """ "*" is gunicorn's word for any client; a name is refused, since the server compares addresses."""
    if text != "*":
        network_of(text)
    return text


host = Kind("an address or the name of a host", _host)
origin = Kind("http:// or https:// and a host, such as https://portal.example.com, without a path", _origin)
origins = listed(origin, "origins such as https://sso.example.com, separated by commas")
form_origins = listed(Kind("", _form_origin), "origins such as https://portal.example.com, separated by commas")
hosts = listed(Kind("", _allowed_host), "names or addresses of hosts without scheme or port, separated by commas")
proxies = listed(Kind("", _proxy), "addresses or networks such as 10.0.0.5 or 10.0.0.0/24, separated by commas")


# --- files and folders ---


def _directory(text: str) -> Path:
    path = Path(text)
    if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
        raise Unfit
    return path.absolute()


def writable_file(path: Path) -> None:
    """Raises Unfit if there can be no such file."""
    if path.is_dir() or (path.exists() and not os.access(path, os.W_OK)):
        raise Unfit("a file that can be written to")
    if not path.parent.is_dir():
        raise Unfit("a file in a directory that exists")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise Unfit("a file in a directory that can be written to")


def _event_lines(text: str) -> str:
    where = _line(text)
    if where != "stdout":
        writable_file(Path(where))
    return where


directory = Kind("a directory that exists and can be read", _directory, str)
event_lines = Kind("stdout or the path of a file", _event_lines)


# --- URLs with passwords ---


def without_password(text: str) -> str:
    """The URL as it may be shown; what is not quite a URL loses rather too much."""
    text = re.sub(r"(?i)(password=)[^&\s]*", r"\1***", text)
    if "@" not in text:
        return re.sub(r"(://[^:/?]*):(?!\d{1,5}(?:[/?,]|\Z))[^/?]*", r"\1:***", text)
    before, _, place = text.rpartition("@")
    scheme, slashes, user = before.partition("://") if "://" in before else ("", "", before)
    name, colon, _ = user.partition(":")
    return f"{scheme}{slashes}{name}{colon and ':***'}@{place}"


def _collector(text: str) -> str:
    url = _split(text)
    _host(url.hostname or "")
    if url.query or url.fragment:
        raise Unfit
    if not _is_installed("opentelemetry.exporter.otlp.proto.http"):
        raise Unfit("the packages of requirements-traces.lock, which are not installed")
    return text.strip()


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # nor what it is in
        return False


collector = Kind("http:// or https:// and a host, such as http://127.0.0.1:4318", _collector, without_password)


def _database_url(text: str) -> str:
    text = text.strip()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it warns of what it leaves out
        try:
            config = Env.db_url_config(text)
        except (UserWarning, KeyError, TypeError, AttributeError) as error:
            raise Unfit from error
    match config.get("ENGINE"):
        case engine if engine == SQLITE:
            _sqlite(config)
        case engine if engine == POSTGRESQL:
            _postgresql(config)
        case _:
            raise Unfit
    return text


def _replica_url(text: str) -> str:
    if Env.db_url_config(_database_url(text))["ENGINE"] != POSTGRESQL:
        raise Unfit
    return text.strip()


def _sqlite(config: dict[str, Any]) -> None:
    _known(config, {"timeout", "transaction_mode", "init_command"})
    if config["NAME"] != ":memory:":
        writable_file(Path(config["NAME"]))


def _postgresql(config: dict[str, Any]) -> None:
    from psycopg.pq import Conninfo  # noqa: PLC0415 - not needed with SQLite

    options = config.get("OPTIONS", {})
    libpq = {option.keyword.decode() for option in Conninfo.get_defaults()}
    _known(config, libpq | {"pool", "server_side_binding", "prepare_threshold", "isolation_level", "assume_role"})
    if not config["NAME"] and "service" not in options and "dbname" not in options:
        raise Unfit("the name of a database, as in postgres://user:password@host:5432/name")


def _known(config: dict[str, Any], options: set[str]) -> None:
    if unknown := sorted(set(config.get("OPTIONS", {})) - options):
        raise Unfit(f"no option but those of the database ({', '.join(unknown)} is none)")


def _mail_url(text: str) -> str:
    url = urlsplit(text.strip())
    is_sent = url.scheme.startswith("smtp")
    if url.scheme not in MAIL_SCHEMES or not text.isprintable() or url.port == 0 or (is_sent and not url.hostname):
        raise Unfit
    if url.scheme == "filemail" and not Path(url.path[1:]).is_dir():
        raise Unfit("filemail:// and a directory that exists")
    return text.strip()


database_url = Kind(
    "sqlite:////path/to/file or postgres://user:password@host:5432/name", _database_url, without_password
)
replica_url = Kind("postgres://user:password@host:5432/name", _replica_url, without_password)
mail_url = Kind("a mail server, as in smtp+tls://user:password@mail.example.com:587", _mail_url, without_password)

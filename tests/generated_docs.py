"""What the documentation takes from the code: docs/commands.md, the tables of docs/events.md and of README's variables.

`python -m tests.generated_docs` tells whether all are what the code says now; with --fix it writes them.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from identity.event_classes import Activity

ROOT = Path(__file__).parent.parent
STALE = "{file} is not what the code says: run `make docs`."

TOPICS: dict[str, tuple[str, ...]] = {
    "Owners, roles and modes": (
        "create_owner", "set_role", "set_break_glass", "set_mode", "show_policy", "reset_second_factor",
    ),
    "People": (
        "list_users", "show_user", "edit_user", "disable_user", "enable_user",
        "list_sessions", "end_session", "end_sessions", "delete_user", "export_users", "import_users",
    ),
    "Many people at once": (
        "list_bulk_runs", "list_bulk_rows", "create_bulk_run", "continue_bulk_run", "discard_bulk_run",
    ),
    "Invitations": ("list_invitations", "invite_user", "resend_invitation", "revoke_invitation"),
    "Groups and mappings": (
        "list_groups", "create_group", "edit_group", "delete_group", "list_members", "add_members", "remove_members",
        "list_sso_groups", "declare_sso_group", "withdraw_sso_group", "list_sso_users", "show_sso_user",
        "list_mappings", "preview_mapping", "create_mapping", "delete_mapping", "list_completeness",
    ),
    "Identity providers": (
        "list_identity_providers", "show_identity_provider", "create_identity_provider", "edit_identity_provider",
        "delete_identity_provider", "watch_identity_provider", "list_received_requests",
        "pause_identity_provider", "resume_identity_provider", "set_brake", "release_brake",
        "list_turned_away", "show_turned_away", "decide_turned_away", "reconcile",
        "list_runs", "show_run", "restore_run",
        "list_unknown_attributes", "try_scim_request", "self_test_identity_provider",
        "mismatch_report", "list_provisioning_log", "show_log_entry", "replay",
    ),
    "Single sign-on": (
        "list_sso_connections", "create_sso_connection", "edit_sso_connection", "enable_sso_connection",
        "check_sso_connection", "disable_sso_connection", "delete_sso_connection",
    ),
    "Conflicts": (
        "list_conflicts", "show_conflict", "link_conflict", "move_conflict", "give_own_username", "dismiss_conflict",
    ),
    "Tokens": (
        "list_scim_tokens", "create_scim_token", "revoke_scim_token",
        "list_api_tokens", "create_api_token", "revoke_api_token",
    ),
    "Alarms": (
        "list_alarms", "list_notification_rules", "create_notification_rule", "edit_notification_rule",
        "test_notification_rule", "delete_notification_rule", "set_notifications",
    ),
    "Webhooks": (
        "list_webhooks", "create_webhook", "edit_webhook", "test_webhook", "enable_webhook", "disable_webhook",
        "rotate_webhook_secret", "delete_webhook", "list_webhook_deliveries", "redeliver_webhook",
    ),
    "Assets": ("list_assets", "create_asset", "edit_asset", "transfer_asset", "remove_asset_owner", "delete_asset"),
    "Running the portal": (
        "serve", "doctor", "config", "backup", "restore", "list_attention", "list_headcounts", "run_worker",
        "list_scheduled_jobs", "list_scheduled_runs", "run_scheduled_job", "list_retention", "set_retention",
        "prune_records",
        "export_audit_events", "list_moves", "reseal_secrets", "demo",
    ),
}  # fmt: skip
UNLISTED = {"first_start", "migrate"}  # what `make run` does, and Django's own (docs/upgrading.md)

HEAD = """\
# Commands

Everything that the pages can do, from a shell on the server: in the checkout, with the same environment as the
portal. The virtual environment is in `.venv`, so it is `.venv/bin/python manage.py …`, here written `manage.py …`. This
page is made from the commands themselves; `manage.py NAME --help` says the same.

**Who acts.** A command acts as an operator: under the same modes and rules as the pages, with an owner's rank. The
audit log names the command. Permanent deletion needs a support user's name (`--as`).

**What is printed.** Results go to standard output, everything else to standard error. With `--json` the result is one
JSON document, a list one array; a refusal is `{"error": {"code": …, "sentence": …}}` on standard error. With `--csv` a
list is a file that is safe to open in a spreadsheet.

**Trying it.** What changes something has `--dry-run`: it does everything in a transaction, says what came of it, and
rolls it back; mails and events leave only what is committed. What destroys, or moves many people at once, is a dry run
until you add `--yes`.

**Exit codes**, kept stable for scripts:

| code | meaning |
|---|---|
| 0 | done |
| 1 | something else went wrong, or needs a hand (`doctor`, `replay`, lines of `import_users`) |
| 2 | wrong options |
| 3 | what was named does not exist |
| 4 | a name is taken |
| 5 | refused by the mode, a role or a safeguard; the sentence says who can do it instead |
| 6 | a value that can't be taken |
| 7 | what was previewed has changed meanwhile |
| 69 | the database does not answer, has not been migrated, or takes no writes; the sentence says what to do |
| 78 | a variable of the environment is wrong; each is named, with what is expected |
"""

DJANGOS = {
    "help", "version", "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks",
}  # fmt: skip
COMMON = {"as_json": "--json", "as_csv": "--csv", "dry_run": "--dry-run", "yes": "--yes"}


# --- docs/commands.md ---


def command_reference() -> str:
    from django.core.management import get_commands  # noqa: PLC0415 - Django is set up by now

    names = {name for name, app in get_commands().items() if app == "portal"} - UNLISTED
    topics = dict(TOPICS)
    if rest := sorted(names.difference(*TOPICS.values())):
        topics["Other"] = tuple(rest)
    parts = [HEAD, "\n".join(contents(topics, names)), ""]
    for topic, listed in topics.items():
        parts.append(f"## {topic}\n")
        parts += ["\n".join(section(name)) for name in listed if name in names]
    return "\n".join(parts)


def contents(topics: dict[str, tuple[str, ...]], names: set[str]) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    for topic, listed in topics.items():
        yield f"| {topic} | {', '.join(f'[{name}](#{name})' for name in listed if name in names)} |"


def section(name: str) -> Iterator[str]:
    from django.core.management import load_command_class  # noqa: PLC0415 - Django is set up by now

    command = load_command_class("portal", name)
    actions = [one for one in command.create_parser("manage.py", name)._actions if one.dest not in DJANGOS]
    yield f"### {name}\n"
    yield f"{command.help}\n"
    yield "```sh"
    yield command.examples  # type: ignore[attr-defined]
    yield "```\n"
    own = [one for one in actions if one.dest not in COMMON]
    if own:
        yield "| argument | |"
        yield "|---|---|"
        yield from map(argument, own)
        yield ""
    common = [f"`{option}`" for dest, option in COMMON.items() if any(one.dest == dest for one in actions)]
    yield f"And {', '.join(common)}.\n"


def argument(action: argparse.Action) -> str:
    return f"| `{spelled(action)}` | {explained(action)} |".replace("  |", " |")


def spelled(action: argparse.Action) -> str:
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    if not action.option_strings:
        return f"{metavar or action.dest}{' …' if action.nargs == '+' else ''}"
    value = "" if action.nargs == 0 else f" {metavar or action.dest.upper()}"
    return f"{action.option_strings[-1]}{value}"


def explained(action: argparse.Action) -> str:
    told = (action.help or "").replace("|", "\\|")
    choices = f"one of {', '.join(f'`{choice}`' for choice in action.choices)}" if action.choices else ""
    needed = "required" if action.option_strings and action.required else ""
    return "; ".join(part for part in (told, choices, needed) if part)


# --- the tables in docs/events.md and README.md ---

ACTIONS = "| `metadata.event_code` | class | activity |\n|---|---|---|\n"
VARIABLES = "| variable | default | meaning |\n|---|---|---|\n"

CHECKS = "| `check` | all is well when |\n|---|---|\n"


ALARMS = "| alarm | is raised when | do |\n|---|---|---|\n"


def alarm_rows() -> list[str]:
    from identity.core.alarm_kinds import AlarmKind  # noqa: PLC0415 - as late as the others

    rows = [kind for kind in AlarmKind if kind is not AlarmKind.TEST]
    return [f"| `{kind}` | {kind.raised(label='…', number='…')} | {kind.told.meaning} |" for kind in rows]


def with_table(file: str, head: str, rows: list[str]) -> str:
    """The page with these rows below that head."""
    before, head, after = (ROOT / file).read_text(encoding="utf-8").partition(head)
    rest = after[after.index("\n\n") :]
    return f"{before}{head}{chr(10).join(rows)}{rest}"


def check_rows() -> list[str]:
    from portal.doctor.findings import CODES  # noqa: PLC0415 - as late as the others

    return [f"| `{code}` | {meaning} |" for code, meaning in CODES.items()]


def variable_rows() -> list[str]:
    from portal.project.environment import variable_of  # noqa: PLC0415 - as late as the others
    from portal.project.variables import Variables  # noqa: PLC0415

    told = {one.name: variable_of(one) for one in fields(Variables)}
    return [f"| `{name}` | {one.told_default} | {one.meaning} |" for name, one in told.items()]


def action_rows() -> list[str]:
    from identity.event_classes import EventClass  # noqa: PLC0415 - Django is set up by now
    from identity.events import Event  # noqa: PLC0415

    rows = sorted(
        ((EventClass.of(event.told.activity), event) for event in Event), key=lambda row: (row[0].uid, row[1])
    )
    return [f"| `{event}` | {kind.uid} {kind.title} | {activity(event.told.activity)} |" for kind, event in rows]


def activity(found: "Activity") -> str:
    from identity.event_classes import UserAccess  # noqa: PLC0415 - Django is set up by now

    # Which of the two depends on the event.
    possible = list(UserAccess) if isinstance(found, UserAccess) else [found]
    return " or ".join(f"{int(one)} {one.label}" for one in possible)


def pages() -> dict[str, str]:
    """What each generated page should be."""
    from tests.generated_guides import written_into  # noqa: PLC0415 - Django is set up by now

    guides = (ROOT / "docs").glob("connect-*.md")
    return {
        "docs/commands.md": command_reference(),
        "docs/events.md": with_table("docs/events.md", ACTIONS, action_rows()),
        "docs/monitoring.md": with_table("docs/monitoring.md", CHECKS, check_rows()),
        "docs/operations.md": with_table("docs/operations.md", ALARMS, alarm_rows()),
        "README.md": with_table("README.md", VARIABLES, variable_rows()),
        **{f"docs/{page.name}": written_into(page.read_text(encoding="utf-8")) for page in guides},
    }


def main(*, fix: bool) -> int:
    """How many pages are stale."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    stale = 0
    for file, text in pages().items():
        path = ROOT / file
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if fix:
            path.write_text(text, encoding="utf-8")
        else:
            stale += 1
            sys.stderr.write(STALE.format(file=file) + "\n")
    return stale


if __name__ == "__main__":
    sys.exit(main(fix="--fix" in sys.argv))

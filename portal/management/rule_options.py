"""The options of commands that say who is told of what."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from identity.core.alarm_kinds import AlarmKind
from identity.models import NotificationRule, Role
from portal.management.named_rows import find_webhook

KINDS = [kind.value for kind in AlarmKind if kind is not AlarmKind.TEST]


def add_rule_options(parser: CommandParser) -> None:
    parser.add_argument("--kind", action="append", choices=KINDS, help="of which alarms (default: of all)")
    parser.add_argument("--role", action="append", choices=Role.values, help="to enabled people of this role")
    parser.add_argument("--address", action="append", metavar="EMAIL", help="to this address")
    parser.add_argument("--webhook", metavar="LABEL", help="by this webhook instead of by mail")
    parser.add_argument("--timing", choices=NotificationRule.Timing.values)
    parser.add_argument("--digest-hour", type=int, metavar="HOUR", help="UTC; of what is told once a day")
    parser.add_argument("--quiet", metavar="FROM-UNTIL", help="hours (UTC) without mails: 22-6; '' for none")
    parser.add_argument("--enabled", choices=("on", "off"))


def rule_said(options: dict[str, Any]) -> dict[str, Any]:
    """What was said, as services take it; what was left out is not in it."""
    names = {"kind": "kinds", "role": "roles", "address": "addresses", "timing": "timing", "digest_hour": "digest_hour"}
    said = {name: options[option] for option, name in names.items() if options[option] is not None}
    if options["webhook"] is not None:
        said["webhook"] = find_webhook(options["webhook"]) if options["webhook"] else None
    if options["quiet"] is not None:
        begin, _, end = options["quiet"].partition("-")
        said |= {"quiet_from": _hour(begin), "quiet_until": _hour(end)}
    if options["enabled"] is not None:
        said["is_enabled"] = options["enabled"] == "on"
    return said


def _hour(text: str) -> int | None:
    return (int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 99) if text else None

"""`manage.py show_user`: one person, and why everything is as it is."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.models import Asset, Conflict, ProvisioningLog, User
from identity.queries.differences import Sides, sides_of
from identity.queries.reasons import Reason, memberships_with_reasons
from identity.queries.why import TrailEntry, trail_of
from portal.management.answers import Answer, Facts
from portal.management.named_rows import find_user
from portal.management.operator_command import OperatorCommand
from portal.management.row_facts import user_facts


class Command(OperatorCommand):
    help = (
        "Shows a user: the account, the groups with what brought them, the assets, what the identity provider says "
        "beside what the portal has, open conflicts, and the trail: which request, mapping or person made it so."
    )
    examples = "manage.py show_user grace\nmanage.py show_user grace --trail 200 --json"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--trail", type=int, default=20, metavar="N", help="how many events (default: 20)")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = find_user(options["username"])
        return Answer.of({**user_facts(user), **surroundings(user, options["trail"])})


def surroundings(user: User, events: int) -> Facts:
    sides, trail = sides_of(user), trail_of(user, most=events)
    return {
        "groups": [group_facts(reason) for reason in memberships_with_reasons(user)],
        "assets": [asset.name for asset in Asset.objects.owned_by(user.pk)],
        "identity_provider_says": idp_facts(sides),
        "differences": sides.reasons,
        "conflicts": [conflict_facts(conflict) for conflict in Conflict.objects.open().filter(user=user)],
        "trail": [entry_facts(entry) for entry in trail.entries],
        "requests": [request_facts(request) for request in trail.log],
    }


def group_facts(reason: Reason) -> Facts:
    return {
        "name": reason.membership.group.name,
        "why": reason.sentence,
        "since": reason.membership.created_at,
    }


def idp_facts(sides: Sides) -> list[Facts]:
    return [
        {"attribute": row.label, "sent": row.sent, "portal": row.kept, "differs": row.differs}
        for row in sides.attributes
    ]


def conflict_facts(conflict: Conflict) -> Facts:
    return {"id": conflict.pk, "user_name": conflict.user_name, "reason": conflict.get_reason_display()}


def entry_facts(entry: TrailEntry) -> Facts:
    line = entry.line
    return {
        "event": line.event.pk,
        "at": line.event.at,
        "action": line.event.action,
        "what": entry.words,
        "by": line.actor,
        "group": line.group and line.group.name,
        "joined": list(entry.joined),
        "left": list(entry.left),
        "details": list(entry.details),
        "request_id": line.event.request_id,
    }


def request_facts(request: ProvisioningLog) -> Facts:
    return {
        "at": request.at,
        "method": request.method,
        "outcome": request.outcome,
        "status": request.status,
        "what": request.summary,
        "request_id": request.request_id,
    }

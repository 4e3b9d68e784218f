"""`manage.py show_user`: one person, and why everything is as it is."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.events import Event, Family
from identity.models import Asset, AuditEvent, Conflict, ProvisioningLog, SSOUser, User
from identity.queries.differences import both_sides
from identity.queries.reasons import Reason, memberships_with_reasons
from identity.queries.trail import Line, tell
from portal.management.answers import Answer, Facts
from portal.management.facts import user_facts
from portal.management.named_rows import find_user
from portal.management.operator_command import OperatorCommand


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
    about = AuditEvent.objects.filter(user_id=user.pk).exclude(action__in=Event.of(Family.SIGN_IN))
    trail = about.select_related("personal_data")[:events]
    requests = ProvisioningLog.objects.filter(user=user)[:events]
    return {
        "groups": [group_facts(reason) for reason in memberships_with_reasons(user)],
        "assets": [asset.name for asset in Asset.objects.owned_by(user.pk)],
        "identity_provider_says": idp_facts(user),
        "conflicts": [conflict_facts(conflict) for conflict in Conflict.objects.open().filter(user=user)],
        "trail": [line_facts(line) for line in tell(trail)],
        "requests": [request_facts(request) for request in requests],
    }


def group_facts(reason: Reason) -> Facts:
    return {
        "name": reason.membership.group.name,
        "why": reason.sentence,
        "since": reason.membership.created_at,
    }


def idp_facts(user: User) -> list[Facts]:
    sso_user = SSOUser.objects.filter(user=user).select_related("user").first()
    if sso_user is None:
        return []
    return [
        {"attribute": row.label, "sent": row.sent, "portal": row.kept, "differs": row.differs}
        for row in both_sides(sso_user)
    ]


def conflict_facts(conflict: Conflict) -> Facts:
    return {"id": conflict.pk, "user_name": conflict.user_name, "reason": conflict.get_reason_display()}


def line_facts(line: Line) -> Facts:
    return {
        "at": line.event.at,
        "action": line.event.action,
        "what": line.words,
        "by": line.actor,
        "group": line.group and line.group.name,
        "details": list(line.details),
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

"""The rows that Gatehouse writes for a new user, one create() each, in one transaction."""

import json
import uuid
from typing import Any

from django.db import transaction
from django.http import HttpRequest, JsonResponse

from identity.models import AuditEvent, AuditPersonalData, ProvisioningLog, SSOUser, SSOUserValue, User


@transaction.atomic
def create_user(request: HttpRequest) -> JsonResponse:
    body = json.loads(request.body)
    sso_user = _create_people(body)
    _create_trail(sso_user)
    return JsonResponse(body | {"id": str(sso_user.scim_id)}, status=201)


def _create_people(body: dict[str, Any]) -> SSOUser:
    name, email = body["userName"], body["emails"][0]["value"]
    user = User.objects.create(
        username=name,
        username_key=name,
        email=email,
        email_key=email,
        first_name=body["name"]["givenName"],
        last_name=body["name"]["familyName"],
        password="!",
        managed_by_id=1,
    )
    sso_user = SSOUser.objects.create(
        identity_provider_id=1,
        user=user,
        user_name=name,
        user_name_key=name,
        external_id=body["externalId"],
        email=email,
        email_key=email,
        attributes=body,
        keys={"userName": name, "displayName": body["displayName"]},
    )
    SSOUserValue.objects.bulk_create(
        SSOUserValue(sso_user=sso_user, attribute=attribute, key=value["value"], data=value)
        for attribute in ("emails", "phoneNumbers")
        for value in body[attribute]
    )
    return sso_user


def _create_trail(sso_user: SSOUser) -> None:
    request_id = uuid.uuid4().hex
    event = AuditEvent.objects.create(
        action="user.provisioned",
        actor_kind="scim_token",
        actor_id=1,
        request_id=request_id,
        identity_provider_id=1,
        user_id=sso_user.user_id,
        details={"scim_id": str(sso_user.scim_id)},
    )
    AuditPersonalData.objects.create(
        event=event, user_id=sso_user.user_id, values={"username": sso_user.user_name, "email": sso_user.email}
    )
    ProvisioningLog.objects.create(
        identity_provider_id=1,
        request_id=request_id,
        method="POST",
        resource_type="User",
        resource_id=str(sso_user.scim_id),
        user_id=sso_user.user_id,
        subject_key=sso_user.user_name_key,
        outcome=ProvisioningLog.Outcome.APPLIED,
        status=201,
        text="Created a user.",
    )

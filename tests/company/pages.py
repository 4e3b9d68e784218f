"""The pages and SCIM: what people click and what the identity provider sends with the token that a page showed."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client
from django.utils import timezone

from identity.models import Asset, Conflict, Group, IdentityProvider, SSOGroup, User
from portal.replay.conversation import play
from portal.replay.senders import InProcess
from tests.company.story import OWNER, Step
from tests.factories import sign_in_by_sso
from tests.portal.admin_pages import address, hidden, text_of
from tests.sessions import signed_in

TOKEN = re.compile(r"ghscim_[0-9A-Za-z]+")


class Pages:
    """The first owner in a browser."""

    def __init__(self) -> None:
        self.owner = signed_in(user(OWNER["username"]))
        self.secret = ""

    def set_up_identity_provider(self, name: str, kind: str) -> None:
        done(self.owner.post(address("identityprovider_add"), {"name": name, "kind": kind}))
        provider = IdentityProvider.objects.get(name=name)
        shown = self.owner.post(address("identityprovider_create_token", provider.pk), {"label": "production"})
        found = TOKEN.search(shown.content.decode())
        assert found, text_of(shown)
        self.secret = found[0]

    def push(self, *steps: Step) -> None:
        play({"steps": steps}, InProcess(self.secret), run="")

    def create_group(self, name: str) -> None:
        done(self.owner.post(address("group_add"), {"name": name}))

    def map(self, sso_group: str, group: str, *, joining: list[str]) -> None:
        pushed, chosen = SSOGroup.objects.get(display_name=sso_group), Group.objects.get(name=group)
        preview = self.owner.post(address("ssogroup_map", pushed.pk), {"group": chosen.pk}, follow=True)
        assert all(username in text_of(preview) for username in joining)
        url = address("ssogroup_apply_mapping", pushed.pk, group=chosen.pk)
        done(self.owner.post(url, {"fingerprint": hidden(preview, "fingerprint")}))

    def invite(self, username: str, email: str) -> None:
        done(self.owner.post(address("user_invite"), {"username": username, "email": email}))

    def register_asset(self, name: str, owner: str) -> None:
        done(self.owner.post(address("asset_add"), {"name": name, "owner": owner}))
        assert Asset.objects.filter(name=name).exists()

    def give_role(self, username: str, role: str) -> None:
        done(self.owner.post(address("user_change_role", user(username).pk), {"role": role}))

    def link_conflict(self, user_name: str) -> None:
        conflict = Conflict.objects.open().get(user_name=user_name)
        done(self.owner.post(address("conflict_link", conflict.pk)))

    def enforce_sso(self) -> None:
        """After what a page wants proven: a break-glass account has signed in, and the owner through SSO."""
        owner = user(OWNER["username"])
        User.objects.filter(pk=owner.pk).update(last_active=timezone.now(), last_proven=timezone.now())
        sign_in_by_sso(owner, IdentityProvider.objects.get())
        url = address("accesssettings_switch", scim="on", sso="on")
        done(self.owner.post(url, {"seen": hidden(self.owner.get(url), "seen")}))
        self.owner = signed_in(owner)

    def is_refused_to_invite(self, username: str, email: str) -> bool:
        return self.owner.post(address("user_invite"), {"username": username, "email": email}).status_code == 403

    def revoke_invitation(self, username: str) -> None:
        done(self.owner.post(address("user_revoke_invitation", user(username).pk)))

    def is_refused_to_disable(self, username: str) -> bool:
        return self.owner.post(address("user_disable", user(username).pk)).status_code == 403

    def delete(self, username: str, *, by: str, transferee: str, reason: str) -> None:
        support: Client = signed_in(user(by))
        form = {"username": username, "reason": reason, "transferee": user(transferee).pk}
        done(support.post(f"/admin/disabled-users/{user(username).pk}/delete/", form))


def user(username: str) -> User:
    return User.objects.get(username=username)


def done(response: Any) -> None:
    """A page that did what it was asked leads on to another one."""
    assert response.status_code == 302, text_of(response)

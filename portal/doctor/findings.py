"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass

# Stable, for monitoring. `configuration.` is followed by the number of a check of `manage.py check --deploy`.
CODES = {
    "configuration": "the checks of `manage.py check --deploy`",
    "debug": "DEBUG is off",
    "database": "the database answers",
    "pooler": "a pooler before PostgreSQL is known to the portal, and passes its settings on",
    "migrations": "all migrations are applied",
    "writes": "a write works: neither read-only nor a standby, and its disk has room",
    "durability": "what was acknowledged survives a power failure",
    "integrity": "the file is whole (SQLite)",
    "triggers": "the triggers that keep the audit log append-only are there",
    "log_parts": "the parts of the logs that the next rows will need are made (PostgreSQL)",
    "replica": "the replica follows this primary, no further behind than it may be (DATABASE_REPLICA_URL)",
    "indexes_missing": "the indexes and constraints of the schema are there",
    "indexes_invalid": "no index was left unfinished (PostgreSQL)",
    "mail": "the mail server takes mails from here; none is sent",
    "clock": "this host's clock and that of the database's agree within five seconds (PostgreSQL)",
    "certificate": "the certificate at PUBLIC_URL is good for two weeks or more",
    "signing_certificates": "the certificates of SAML connections are good for thirty days or more",
    "mode": "the mode, for information",
    "owners": "an enabled owner is there",
    "break_glass": "an account that opens the portal without single sign-on is there",
    "silence": "each identity provider calls as often as it used to",
    "tokens": "no SCIM token expires soon",
    "conflicts": "no conflict waits for an administrator",
    "queue": "queued tasks are done",
    "failed_tasks": "no task failed for good",
    "schedule": "scheduled jobs are done, such as letting old records go",
    "failed_jobs": "scheduled jobs succeed",
    "expired_invitations": "invited users have a link that works",
    "nobodys_users": "each managed user has a record of its identity provider",
    "nobodys_assets": "each asset has an owner",
    "secrets_under_an_earlier_key": "no secret needs SECRET_KEY_FALLBACKS any more",
    "secrets_unreadable": "every sealed secret opens",
    "drift_status": "status is what the identity provider said last",
    "drift_groups": "members of mapped groups are what the identity provider said last",
    "unmapped": "SSO groups that no mapping uses, for information",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` is stable, for scripts; `mend` says what to do, and is empty when all is well."""

    check: str
    sentence: str
    mend: str = ""

    @property
    def in_full(self) -> str:
        return f"{self.sentence} {self.mend}".strip()

    @property
    def is_fine(self) -> bool:
        return not self.mend

    @property
    def status(self) -> str:
        return "ok" if self.is_fine else "attention"


def listed(names: list[str]) -> str:
    """Behind a sentence about them."""
    return f": {', '.join(names)}" if names else ""


def counted(check: str, number: int, sentence: str, mend: str, *, one: str) -> Finding:
    """A finding about a number of things of which there should be none; `one`: the sentence for exactly one."""
    return Finding(check, f"{number} {one if number == 1 else sentence}", mend if number else "")

"""The schema of the first release; whoever has come here by the forty migrations before it has it already."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.core.management import call_command
from django.db import migrations, models

import identity.db.defaults
import identity.models.invitations
from identity.db.permanence import install_search_indexes, install_triggers, remove_search_indexes, remove_triggers


def complete(apps, schema_editor):
    """What is no model: the table of the shared cache, triggers, indexes of PostgreSQL's own, and the one row."""
    connection = schema_editor.connection
    call_command("createcachetable", "shared_cache", database=connection.alias, verbosity=0)
    install_triggers(connection)
    install_search_indexes(connection)
    apps.get_model("identity", "AccessSettings").objects.using(connection.alias).get_or_create(id=1)


def take_back(apps, schema_editor):
    connection = schema_editor.connection
    remove_search_indexes(connection)
    remove_triggers(connection)
    schema_editor.execute("DROP TABLE shared_cache")


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("identity", "0001_initial"),
        ("identity", "0002_access_settings_row"),
        ("identity", "0003_triggers"),
        ("identity", "0004_search_indexes"),
        ("identity", "0005_sso_connections"),
        ("identity", "0006_api_tokens"),
        ("identity", "0007_record_indexes"),
        ("identity", "0008_idempotency"),
        ("identity", "0009_shared_cache"),
        ("identity", "0010_bulk_runs"),
        ("identity", "0011_provider_contacts"),
        ("identity", "0012_users_with_password"),
        ("identity", "0013_headcounts"),
        ("identity", "0014_last_proven"),
        ("identity", "0015_membership_changes"),
        ("identity", "0016_bulk_rows_by_email"),
        ("identity", "0017_overruled"),
        ("identity", "0018_invitation_mail"),
        ("identity", "0019_page_indexes"),
        ("identity", "0020_sso_user_to_user"),
        ("identity", "0021_audit_by_member"),
        ("identity", "0022_sso_user_inactive"),
        ("identity", "0023_claim_names"),
        ("identity", "0024_sso_binding"),
        ("identity", "0025_own_username"),
        ("identity", "0026_conflict_of_another_person"),
        ("identity", "0027_identifies_by_external_id"),
        ("identity", "0028_kinds_that_identify"),
        ("identity", "0029_client_authentication"),
        ("identity", "0030_audit_origins"),
        ("identity", "0031_second_factors"),
        ("identity", "0032_second_factors_moved"),
        ("identity", "0033_nested_groups"),
        ("identity", "0034_sealed_keys"),
        ("identity", "0035_log_as_data"),
        ("identity", "0036_log_read_from_its_words"),
        ("identity", "0037_bulk_rows_as_data"),
        ("identity", "0038_renamed_tasks"),
        ("identity", "0039_passkeys"),
        ("identity", "0040_database_defaults"),
    ]

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("username", models.CharField(max_length=255)),
                ("username_key", models.CharField(editable=False, max_length=255, unique=True)),
                ("email", models.CharField(blank=True, max_length=255, null=True)),
                ("email_key", models.CharField(editable=False, max_length=255, null=True, unique=True)),
                ("first_name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("last_name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "status",
                    models.CharField(
                        choices=[("invited", "Invited"), ("enabled", "Enabled"), ("disabled", "Disabled")],
                        db_default="enabled",
                        default="enabled",
                        max_length=10,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("member", "Member"),
                            ("support", "Support"),
                            ("administrator", "Administrator"),
                            ("owner", "Owner"),
                        ],
                        db_default="member",
                        default="member",
                        max_length=15,
                    ),
                ),
                (
                    "is_break_glass",
                    models.BooleanField(db_default=False, default=False, verbose_name="break-glass account"),
                ),
                ("last_active", models.DateTimeField(blank=True, editable=False, null=True)),
                ("last_proven", models.DateTimeField(blank=True, editable=False, null=True)),
                ("credential_epoch", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ("password_epoch", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
            ],
            options={
                "ordering": ("username_key",),
            },
        ),
        migrations.CreateModel(
            name="Asset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=255)),
                ("name_key", models.CharField(editable=False, max_length=255, unique=True)),
                ("kind", models.CharField(blank=True, db_default="", default="", max_length=100)),
                ("link", models.URLField(blank=True, db_default="", default="", max_length=500)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
            ],
            options={
                "ordering": ("name_key",),
            },
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now
                    ),
                ),
                ("action", models.CharField(max_length=60)),
                ("actor_kind", models.CharField(max_length=12)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("actor_label", models.CharField(blank=True, db_default="", default="", max_length=150)),
                ("request_id", models.CharField(max_length=32)),
                ("identity_provider_id", models.BigIntegerField(null=True)),
                ("user_id", models.BigIntegerField(null=True)),
                ("group_id", models.BigIntegerField(null=True)),
                ("sso_group_id", models.BigIntegerField(null=True)),
                (
                    "details",
                    models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict),
                ),
            ],
            options={
                "verbose_name_plural": "audit log",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="BulkRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("subject_key", models.CharField(db_index=True, max_length=255)),
                ("email_key", models.CharField(blank=True, db_default="", db_index=True, default="", max_length=255)),
                (
                    "values",
                    models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("done", "Done"),
                            ("refused", "Refused"),
                            ("left_alone", "Left as it was"),
                        ],
                        db_default="pending",
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("told", models.JSONField(default=dict, null=True)),
                ("text", models.TextField(blank=True, db_default="", default="")),
            ],
            options={
                "ordering": ("run", "position"),
            },
        ),
        migrations.CreateModel(
            name="BulkRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("enable", "Enable users"),
                            ("disable", "Disable users"),
                            ("add_to_groups", "Add users to groups"),
                            ("invite", "Invite people from a file"),
                            ("resend_invitation", "Send invitations again"),
                            ("revoke_invitation", "Revoke invitations"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "values",
                    models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now
                    ),
                ),
                ("is_draft", models.BooleanField(db_default=False, default=False)),
            ],
            options={
                "verbose_name": "bulk action",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="Conflict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("other_email", "Same username, another email"),
                            ("other_username", "Same email, another username"),
                            ("ask_first", "Same person, and this IdP is set to ask first"),
                            ("privileged", "The account has a privileged role"),
                            ("disabled_local", "The account was disabled by an administrator"),
                            ("other_provider", "The account is managed by another identity provider"),
                            ("already_linked", "The account belongs to another record of this identity provider"),
                            ("other_person", "The account is another person's of this identity provider"),
                            ("same_external_id", "Same external ID, another username"),
                            ("break_glass", "The account is a break-glass account"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("approved", "Approved, waiting for the IdP's next try"),
                            ("resolved", "Resolved"),
                            ("dismissed", "Dismissed"),
                        ],
                        db_default="open",
                        default="open",
                        max_length=10,
                    ),
                ),
                ("user_name", models.CharField(max_length=255)),
                ("user_name_key", models.CharField(editable=False, max_length=255)),
                ("email", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("email_key", models.CharField(blank=True, db_default="", default="", editable=False, max_length=255)),
                ("external_id", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("first_name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("last_name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "own_username",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="What the newcomer is called in the portal (R7).",
                        max_length=255,
                    ),
                ),
                ("tries", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                (
                    "first_seen_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "last_seen_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("decided_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ("-last_seen_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="DeletionRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                (
                    "scim_ids",
                    models.JSONField(db_default=models.Value([], output_field=models.JSONField()), default=list),
                ),
                ("username_digest", models.CharField(db_index=True, max_length=64)),
                ("email_digest", models.CharField(blank=True, db_default="", db_index=True, default="", max_length=64)),
                ("deleted_by_id", models.BigIntegerField(null=True)),
                (
                    "deleted_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="Group",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=255)),
                ("name_key", models.CharField(editable=False, max_length=255, unique=True)),
                ("description", models.CharField(blank=True, db_default="", default="", max_length=500)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
            ],
            options={
                "verbose_name": "group",
                "ordering": ("name_key",),
            },
        ),
        migrations.CreateModel(
            name="GroupMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="Headcount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(unique=True)),
                ("invited", models.PositiveIntegerField()),
                ("enabled", models.PositiveIntegerField()),
                ("disabled", models.PositiveIntegerField()),
            ],
            options={
                "ordering": ("day",),
            },
        ),
        migrations.CreateModel(
            name="IdempotentRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=255)),
                ("digest", models.CharField(max_length=64)),
                ("answer", models.TextField(blank=True, db_default="", default="")),
                (
                    "begun_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        db_index=True,
                        default=django.utils.timezone.now,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IdentityProvider",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=255)),
                ("name_key", models.CharField(editable=False, max_length=255, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("okta", "Okta"),
                            ("entra", "Microsoft Entra ID"),
                            ("onelogin", "OneLogin"),
                            ("jumpcloud", "JumpCloud"),
                            ("pingone", "PingOne"),
                            ("google", "Google Workspace"),
                            ("rauthy", "Rauthy"),
                            ("other", "Other"),
                        ],
                        db_default="other",
                        default="other",
                        max_length=20,
                    ),
                ),
                (
                    "asks_before_adopting",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="When the same username and email exist: record a conflict instead of linking (R5).",
                        verbose_name="ask before adopting existing users",
                    ),
                ),
                (
                    "refuses_nested_groups",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="A push of a group with a group among its members is refused instead of skipping that (R14).",
                    ),
                ),
                (
                    "identifies_by_external_id",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="A person who comes back under another userName is known by the external ID (R9).",
                        verbose_name="external IDs identify people",
                    ),
                ),
                (
                    "watched_until",
                    models.DateTimeField(editable=False, help_text="Until then its requests are kept.", null=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
            ],
            options={
                "ordering": ("name_key",),
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("email", models.CharField(max_length=255)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "expires_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=identity.models.invitations.default_expiry,
                        editable=False,
                    ),
                ),
                ("mail_failed_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MembershipChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.BigIntegerField()),
                ("user_id", models.BigIntegerField()),
                ("group_id", models.BigIntegerField()),
                ("joined", models.BooleanField()),
            ],
        ),
        migrations.CreateModel(
            name="Passkey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("credential_id", models.CharField(editable=False, max_length=1400, unique=True)),
                ("public_key", models.TextField(editable=False)),
                ("user_handle", models.CharField(editable=False, max_length=64)),
                ("sign_count", models.BigIntegerField(db_default=0, default=0, editable=False)),
                ("is_synced", models.BooleanField(db_default=False, default=False, editable=False)),
                (
                    "transports",
                    models.JSONField(
                        db_default=models.Value([], output_field=models.JSONField()), default=list, editable=False
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="ProviderContact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.PositiveIntegerField(help_text="Hours since 1970, UTC.")),
            ],
        ),
        migrations.CreateModel(
            name="ProvisioningLog",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now
                    ),
                ),
                ("token_label", models.CharField(blank=True, db_default="", default="", max_length=150)),
                ("request_id", models.CharField(max_length=32)),
                ("address", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("method", models.CharField(max_length=8)),
                ("resource_type", models.CharField(max_length=20)),
                ("resource_id", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("subject_key", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("applied", "Applied"),
                            ("partly", "Applied in part"),
                            ("unchanged", "Nothing to change"),
                            ("refused", "Refused"),
                        ],
                        max_length=10,
                    ),
                ),
                ("status", models.PositiveSmallIntegerField()),
                ("code", models.CharField(blank=True, db_default="", default="", max_length=40)),
                ("what", models.CharField(blank=True, db_default="", default="", max_length=40)),
                (
                    "params",
                    models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict),
                ),
                ("text", models.TextField(blank=True, db_default="", default="")),
                (
                    "details",
                    models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict),
                ),
                ("duration_ms", models.PositiveIntegerField(db_default=0, default=0)),
            ],
            options={
                "verbose_name": "provisioning log entry",
                "verbose_name_plural": "provisioning log",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="ReceivedRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now
                    ),
                ),
                ("request_id", models.CharField(blank=True, db_default="", default="", max_length=32)),
                ("method", models.CharField(max_length=8)),
                ("path", models.CharField(max_length=500)),
                ("status", models.PositiveSmallIntegerField()),
                ("token_label", models.CharField(blank=True, db_default="", default="", max_length=150)),
                ("address", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("duration_ms", models.PositiveIntegerField(db_default=0, default=0)),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="RetiredResource",
            fields=[
                ("scim_id", models.UUIDField(primary_key=True, serialize=False)),
                ("resource_type", models.CharField(choices=[("User", "User"), ("Group", "Group")], max_length=5)),
                ("user_name_key", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("email_key", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("external_id", models.CharField(max_length=255, null=True)),
                (
                    "retired_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SCIMToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("label", models.CharField(max_length=100)),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "hint",
                    models.CharField(
                        editable=False, help_text="What is shown of the token: prefix and end.", max_length=32
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
                (
                    "last_used_from",
                    models.CharField(blank=True, db_default="", default="", editable=False, max_length=64),
                ),
            ],
            options={
                "verbose_name": "SCIM token",
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="SealedKeys",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("purpose", models.CharField(db_index=True, max_length=40)),
                ("sealed", models.TextField()),
            ],
            options={
                "verbose_name_plural": "sealed keys",
            },
        ),
        migrations.CreateModel(
            name="SecondFactor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("secret", models.TextField()),
                ("last_step", models.BigIntegerField(db_default=0, default=0)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SSOConnection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "protocol",
                    models.CharField(choices=[("oidc", "OpenID Connect"), ("saml", "SAML 2.0")], max_length=4),
                ),
                ("slug", models.CharField(editable=False, max_length=32, unique=True)),
                (
                    "is_enabled",
                    models.BooleanField(db_default=False, default=False, verbose_name="offered on the sign-in page"),
                ),
                ("issuer", models.CharField(blank=True, db_default="", default="", max_length=500)),
                ("client_id", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("client_secret", models.TextField(blank=True, db_default="", default="", editable=False)),
                (
                    "client_authentication",
                    models.CharField(
                        choices=[
                            ("announced", "As the provider announces"),
                            ("client_secret_basic", "HTTP Basic (client_secret_basic)"),
                            ("client_secret_post", "In the body (client_secret_post)"),
                        ],
                        db_default="announced",
                        default="announced",
                        max_length=20,
                    ),
                ),
                ("entity_id", models.CharField(blank=True, db_default="", default="", max_length=500)),
                ("sso_url", models.CharField(blank=True, db_default="", default="", max_length=500)),
                (
                    "sso_binding",
                    models.CharField(
                        choices=[("redirect", "HTTP-Redirect"), ("post", "HTTP-POST")],
                        db_default="redirect",
                        default="redirect",
                        max_length=8,
                    ),
                ),
                ("certificate", models.TextField(blank=True, db_default="", default="")),
                ("subject_claim", models.CharField(max_length=255)),
                ("user_name_claim", models.CharField(max_length=255)),
                ("email_claim", models.CharField(blank=True, db_default="", max_length=255)),
                ("first_name_claim", models.CharField(blank=True, db_default="", max_length=255)),
                ("last_name_claim", models.CharField(blank=True, db_default="", max_length=255)),
                ("matches_by_user_name", models.BooleanField(db_default=False, default=False)),
                ("groups_claim", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("creates_users", models.BooleanField(db_default=False, default=False)),
                ("allowed_domains", models.CharField(blank=True, db_default="", default="", max_length=1000)),
                ("allowed_tenant", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
            ],
            options={
                "verbose_name": "SSO connection",
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="SSOGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "modified_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "scim_id",
                    models.UUIDField(
                        db_default=identity.db.defaults.NewUUID(), default=uuid.uuid4, editable=False, unique=True
                    ),
                ),
                ("display_name", models.CharField(max_length=255)),
                ("display_name_key", models.CharField(editable=False, max_length=255)),
                ("external_id", models.CharField(blank=True, max_length=255, null=True)),
                ("pushed_at", models.DateTimeField(editable=False, help_text="Empty while only declared.", null=True)),
                (
                    "nested_groups",
                    models.JSONField(editable=False, help_text="Members that are groups, and so skipped.", null=True),
                ),
            ],
            options={
                "verbose_name": "SSO group",
                "ordering": ("display_name_key", "id"),
            },
        ),
        migrations.CreateModel(
            name="SSOIdentity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=255)),
                ("last_login_at", models.DateTimeField(editable=False, null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
            ],
            options={
                "verbose_name": "SSO identity",
                "verbose_name_plural": "SSO identities",
            },
        ),
        migrations.CreateModel(
            name="SSOMembership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
            options={
                "verbose_name": "SSO membership",
            },
        ),
        migrations.CreateModel(
            name="SSOUser",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "modified_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "scim_id",
                    models.UUIDField(
                        db_default=identity.db.defaults.NewUUID(), default=uuid.uuid4, editable=False, unique=True
                    ),
                ),
                ("user_name", models.CharField(max_length=255)),
                ("user_name_key", models.CharField(editable=False, max_length=255)),
                ("external_id", models.CharField(blank=True, max_length=255, null=True)),
                ("email", models.CharField(blank=True, max_length=255, null=True)),
                ("email_key", models.CharField(editable=False, max_length=255, null=True)),
                ("active", models.BooleanField(db_default=True, default=True)),
                ("overruled", models.BooleanField(db_default=False, default=False, editable=False)),
                (
                    "attributes",
                    models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict),
                ),
                ("keys", models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict)),
            ],
            options={
                "verbose_name": "SSO user",
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="SSOUserValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("attribute", models.CharField(max_length=40)),
                (
                    "key",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Folded `value`, cut at 255 characters.",
                        max_length=255,
                    ),
                ),
                ("data", models.JSONField(help_text="Comparable sub-attributes of this value.")),
            ],
        ),
        migrations.CreateModel(
            name="AccessSettings",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("scim_enabled", models.BooleanField(db_default=True, default=True, verbose_name="SCIM provisioning")),
                ("sso_enforced", models.BooleanField(db_default=False, default=False, verbose_name="SSO enforced")),
            ],
            options={
                "verbose_name": "access settings",
                "verbose_name_plural": "access settings",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="access_settings_one_row")],
            },
        ),
        migrations.CreateModel(
            name="APIToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("label", models.CharField(max_length=100)),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "hint",
                    models.CharField(
                        editable=False, help_text="What is shown of the token: prefix and end.", max_length=32
                    ),
                ),
                ("scopes", models.CharField(max_length=40)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
                (
                    "last_used_from",
                    models.CharField(blank=True, db_default="", default="", editable=False, max_length=64),
                ),
                (
                    "window",
                    models.PositiveBigIntegerField(
                        db_default=0, default=0, editable=False, help_text="Minutes since 1970."
                    ),
                ),
                ("requests", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "API token",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="AssetOwner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "since",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="ownerships", to="identity.asset"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ownerships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="asset",
            name="owners",
            field=models.ManyToManyField(
                related_name="assets", through="identity.AssetOwner", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.CreateModel(
            name="AuditOrigin",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="origin",
                        serialize=False,
                        to="identity.auditevent",
                    ),
                ),
                ("user_id", models.BigIntegerField(db_index=True, null=True)),
                ("address", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("network", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("browser", models.CharField(blank=True, db_default="", default="", max_length=200)),
                ("window", models.CharField(max_length=100, null=True, unique=True)),
                ("times", models.PositiveIntegerField(db_default=1, default=1)),
                (
                    "last_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AuditPersonalData",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="personal_data",
                        serialize=False,
                        to="identity.auditevent",
                    ),
                ),
                ("user_id", models.BigIntegerField(db_index=True)),
                (
                    "values",
                    models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict),
                ),
            ],
            options={
                "verbose_name_plural": "audit personal data",
            },
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["user_id", "id"], name="audit_by_user"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["group_id", "id"], name="audit_by_group"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                condition=models.Q(("group_id__isnull", False)),
                fields=["user_id", "group_id", "id"],
                name="audit_by_member",
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["action", "id"], name="audit_by_action"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["actor_kind", "id"], name="audit_by_actor"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                condition=models.Q(("actor_kind", "user")), fields=["actor_id", "id"], name="audit_by_person"
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["identity_provider_id", "id"], name="audit_by_provider"),
        ),
        migrations.AddField(
            model_name="bulkrow",
            name="user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="bulkrun",
            name="started_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="bulkrow",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="identity.bulkrun"
            ),
        ),
        migrations.AddField(
            model_name="conflict",
            name="decided_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="conflict",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="conflicts", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="groupmapping",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="groupmapping",
            name="group",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="mappings", to="identity.group"
            ),
        ),
        migrations.AddField(
            model_name="idempotentrequest",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="identityprovider",
            constraint=models.CheckConstraint(
                condition=models.Q(("name_key", ""), _negated=True), name="identity_provider_has_name"
            ),
        ),
        migrations.AddField(
            model_name="conflict",
            name="identity_provider",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="conflicts",
                to="identity.identityprovider",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="managed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="managed_users",
                to="identity.identityprovider",
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="invited_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="user",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="invitation", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="added_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="group",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="identity.group"
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="group",
            name="members",
            field=models.ManyToManyField(
                related_name="portal_groups",
                through="identity.Membership",
                through_fields=("group", "user"),
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="membershipchange",
            index=models.Index(fields=["user_id", "event_id"], name="membership_change_by_user"),
        ),
        migrations.AddIndex(
            model_name="membershipchange",
            index=models.Index(fields=["event_id", "joined"], name="membership_change_by_event"),
        ),
        migrations.AddField(
            model_name="passkey",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="passkeys", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="providercontact",
            name="identity_provider",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="identity.identityprovider"
            ),
        ),
        migrations.AddField(
            model_name="provisioninglog",
            name="identity_provider",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="log",
                to="identity.identityprovider",
            ),
        ),
        migrations.AddField(
            model_name="provisioninglog",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="receivedrequest",
            name="identity_provider",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="received_requests",
                to="identity.identityprovider",
            ),
        ),
        migrations.AddField(
            model_name="recoverycode",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="recovery_codes",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="retiredresource",
            name="identity_provider",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="retired_resources",
                to="identity.identityprovider",
            ),
        ),
        migrations.AddField(
            model_name="retiredresource",
            name="user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="retired_resources",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="scimtoken",
            name="created_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="scimtoken",
            name="identity_provider",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="scim_tokens", to="identity.identityprovider"
            ),
        ),
        migrations.AddField(
            model_name="secondfactor",
            name="user",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="second_factor", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="ssoconnection",
            name="identity_provider",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="sso_connections",
                to="identity.identityprovider",
            ),
        ),
        migrations.AddField(
            model_name="ssogroup",
            name="identity_provider",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="sso_groups", to="identity.identityprovider"
            ),
        ),
        migrations.AddField(
            model_name="groupmapping",
            name="sso_group",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="mappings", to="identity.ssogroup"
            ),
        ),
        migrations.AddField(
            model_name="ssoidentity",
            name="identity_provider",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="identities", to="identity.identityprovider"
            ),
        ),
        migrations.AddField(
            model_name="ssoidentity",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="sso_identities", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="ssomembership",
            name="sso_group",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="identity.ssogroup"
            ),
        ),
        migrations.AddField(
            model_name="ssouser",
            name="identity_provider",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="sso_users", to="identity.identityprovider"
            ),
        ),
        migrations.AddField(
            model_name="ssouser",
            name="user",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="sso_user", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="ssomembership",
            name="sso_user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="identity.ssouser"
            ),
        ),
        migrations.AddField(
            model_name="ssogroup",
            name="members",
            field=models.ManyToManyField(
                related_name="sso_groups", through="identity.SSOMembership", to="identity.ssouser"
            ),
        ),
        migrations.AddField(
            model_name="ssouservalue",
            name="sso_user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="values", to="identity.ssouser"
            ),
        ),
        migrations.AddConstraint(
            model_name="assetowner",
            constraint=models.UniqueConstraint(fields=("asset", "user"), name="asset_owner_unique"),
        ),
        migrations.AddConstraint(
            model_name="asset",
            constraint=models.CheckConstraint(
                condition=models.Q(("name_key", ""), _negated=True), name="asset_has_name"
            ),
        ),
        migrations.AddIndex(
            model_name="auditorigin",
            index=models.Index(fields=["network", "event"], name="audit_origin_by_network"),
        ),
        migrations.AddIndex(
            model_name="bulkrow",
            index=models.Index(fields=["run", "outcome", "position"], name="bulk_row_by_outcome"),
        ),
        migrations.AddConstraint(
            model_name="bulkrow",
            constraint=models.UniqueConstraint(fields=("run", "position"), name="bulk_row_position"),
        ),
        migrations.AddConstraint(
            model_name="idempotentrequest",
            constraint=models.UniqueConstraint(fields=("user", "key"), name="idempotent_request_unique"),
        ),
        migrations.AddIndex(
            model_name="conflict",
            index=models.Index(fields=["state", "last_seen_at"], name="conflict_by_state"),
        ),
        migrations.AddIndex(
            model_name="conflict",
            index=models.Index(fields=["identity_provider", "state"], name="conflict_by_provider"),
        ),
        migrations.AddConstraint(
            model_name="conflict",
            constraint=models.UniqueConstraint(
                fields=("identity_provider", "user_name_key", "user"), name="conflict_unique"
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(fields=["status", "username_key"], name="user_by_status"),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(fields=["managed_by", "username_key"], name="user_by_manager"),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("managed_by", None)), fields=["username_key"], name="user_unmanaged"
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("role", "member"), _negated=True), fields=["role"], name="user_privileged"
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(condition=models.Q(("last_active", None)), fields=["status"], name="user_never_active"),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(
                    models.Q(("password__startswith", "!"), _negated=True), models.Q(("password", ""), _negated=True)
                ),
                fields=["username_key"],
                name="user_with_password",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["invited", "enabled", "disabled"])), name="user_status_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["member", "support", "administrator", "owner"])),
                name="user_role_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("username_key", ""), _negated=True), name="user_has_username"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("email__isnull", True), ("email_key__isnull", True)),
                    models.Q(("email__isnull", False), ("email_key__isnull", False)),
                    _connector="OR",
                ),
                name="user_email_has_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_break_glass", False),
                    models.Q(("managed_by__isnull", True), ("role", "owner")),
                    _connector="OR",
                ),
                name="break_glass_is_a_local_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(fields=("group", "user"), name="membership_unique"),
        ),
        migrations.AddConstraint(
            model_name="group",
            constraint=models.CheckConstraint(
                condition=models.Q(("name_key", ""), _negated=True), name="group_has_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="providercontact",
            constraint=models.UniqueConstraint(fields=("identity_provider", "hour"), name="provider_contact_unique"),
        ),
        migrations.AddIndex(
            model_name="provisioninglog",
            index=models.Index(fields=["identity_provider", "id"], name="log_by_provider"),
        ),
        migrations.AddIndex(
            model_name="provisioninglog",
            index=models.Index(fields=["outcome", "id"], name="log_by_outcome"),
        ),
        migrations.AddIndex(
            model_name="provisioninglog",
            index=models.Index(fields=["request_id"], name="log_by_request"),
        ),
        migrations.AddIndex(
            model_name="provisioninglog",
            index=models.Index(fields=["user", "id"], name="log_by_user"),
        ),
        migrations.AddIndex(
            model_name="provisioninglog",
            index=models.Index(condition=models.Q(("user", None)), fields=["resource_id"], name="log_without_user"),
        ),
        migrations.AddIndex(
            model_name="provisioninglog",
            index=models.Index(fields=["subject_key"], name="log_by_subject", opclasses=["varchar_pattern_ops"]),
        ),
        migrations.AddConstraint(
            model_name="recoverycode",
            constraint=models.UniqueConstraint(fields=("user", "digest"), name="recovery_code_unique"),
        ),
        migrations.AddIndex(
            model_name="retiredresource",
            index=models.Index(fields=["identity_provider", "user_name_key"], name="retired_by_user_name"),
        ),
        migrations.AddIndex(
            model_name="retiredresource",
            index=models.Index(fields=["identity_provider", "external_id"], name="retired_by_external_id"),
        ),
        migrations.AddConstraint(
            model_name="ssoconnection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("creates_users", False),
                    models.Q(("allowed_domains", ""), _negated=True),
                    models.Q(("allowed_tenant", ""), _negated=True),
                    _connector="OR",
                ),
                name="just_in_time_is_restricted",
            ),
        ),
        migrations.AddConstraint(
            model_name="groupmapping",
            constraint=models.UniqueConstraint(fields=("sso_group", "group"), name="group_mapping_unique"),
        ),
        migrations.AddConstraint(
            model_name="ssoidentity",
            constraint=models.UniqueConstraint(fields=("identity_provider", "subject"), name="sso_identity_unique"),
        ),
        migrations.AddIndex(
            model_name="ssouser",
            index=models.Index(fields=["identity_provider", "external_id"], name="sso_user_by_external_id"),
        ),
        migrations.AddIndex(
            model_name="ssouser",
            index=models.Index(fields=["identity_provider", "modified_at"], name="sso_user_by_modified"),
        ),
        migrations.AddIndex(
            model_name="ssouser",
            index=models.Index(condition=models.Q(("overruled", True)), fields=["user"], name="sso_user_overruled"),
        ),
        migrations.AddIndex(
            model_name="ssouser",
            index=models.Index(condition=models.Q(("active", False)), fields=["id"], name="sso_user_inactive"),
        ),
        migrations.AddIndex(
            model_name="ssouser",
            index=models.Index(fields=["id", "user"], name="sso_user_to_user"),
        ),
        migrations.AddConstraint(
            model_name="ssouser",
            constraint=models.UniqueConstraint(
                fields=("identity_provider", "user_name_key"), name="sso_user_name_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="ssouser",
            constraint=models.CheckConstraint(
                condition=models.Q(("user_name_key", ""), _negated=True), name="sso_user_has_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="ssomembership",
            constraint=models.UniqueConstraint(fields=("sso_group", "sso_user"), name="sso_membership_unique"),
        ),
        migrations.AddIndex(
            model_name="ssogroup",
            index=models.Index(fields=["identity_provider", "external_id"], name="sso_group_by_external_id"),
        ),
        migrations.AddIndex(
            model_name="ssogroup",
            index=models.Index(fields=["identity_provider", "modified_at"], name="sso_group_by_modified"),
        ),
        migrations.AddConstraint(
            model_name="ssogroup",
            constraint=models.UniqueConstraint(
                fields=("identity_provider", "display_name_key"), name="sso_group_name_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="ssogroup",
            constraint=models.CheckConstraint(
                condition=models.Q(("display_name_key", ""), _negated=True), name="sso_group_has_name"
            ),
        ),
        migrations.AddIndex(
            model_name="ssouservalue",
            index=models.Index(fields=["attribute", "key"], name="sso_value_by_key"),
        ),
        migrations.RunPython(complete, take_back),
    ]

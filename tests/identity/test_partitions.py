"""Log tables in parts by id: nothing of it shows, but that old rows go with their part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.db import Error as DatabaseError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from identity.db import partitions
from identity.db.partitions import LOGS, drop_before, make_ahead, parts
from identity.models import AuditEvent, AuditPersonalData, ProvisioningLog
from identity.queries.event_stream import EventStream
from identity.queries.why import trail_of
from identity.services import retention
from portal.doctor import examine
from tests import clock
from tests.clients import new_idp, owners_caller
from tests.factories import OPERATOR, make_idp, provision
from tests.loops import each
from tests.portal.admin_pages import address
from tests.portal.shell import run, url_of_this_database
from tests.sessions import as_administrator
from tests.statements import statements
from tests.threads import at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

LOG = ProvisioningLog._meta.db_table
EACH, MANY = 3, 20


def execute(*statements_of_it: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements_of_it:
            cursor.execute(statement)


def next_id_is(number: int, table: str = LOG) -> None:
    execute(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH {number}")


def checks_at_once() -> None:
    """No table with pending checks is altered, and a test is one transaction."""
    execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """Parts of three ids each, twenty of them, from the next id on, which is returned."""
    monkeypatch.setattr(partitions, "IDS_EACH", EACH)
    monkeypatch.setattr(partitions, "AHEAD", MANY)
    checks_at_once()
    for log in LOGS:
        first, *ahead = parts(connection, log.table)
        execute(*(f"DROP TABLE {part.name}" for part in ahead))
        if log.source == log.table:
            next_id_is(first.end, log.table)
    make_ahead(connection)
    return parts(connection, LOG)[0].end


def ids() -> list[int]:
    return sorted(ProvisioningLog.objects.values_list("pk", flat=True))


# --- nobody sees them ---


def test_rows_follow_each_other_over_parts_and_pages_read_each_once(small: int) -> None:
    idp = new_idp()
    for number in range(10):
        idp.user(f"user{number}")
    assert ids() == list(range(small, small + 10))
    script, read, page = owners_caller(), [], "provisioning-log/?limit=4"
    while page:
        answer = script.read(page)
        read += [row["id"] for row in answer["results"]]
        page = (answer["next"] or "").rpartition("/api/v1/")[2]
    assert read == ids()[::-1]
    client = as_administrator()
    changelist = client.get(address("provisioninglog_changelist"), {"before": small + 5}).context["cl"]
    assert [row.pk for row in changelist.result_list] == ids()[4::-1]
    exported = b"".join(client.get(address("provisioninglog_export")).streaming_content)  # type: ignore[attr-defined]
    assert len(exported.splitlines()) == 1 + 10


def test_the_audit_log_is_streamed_exported_and_read_over_parts(small: int) -> None:
    idp = make_idp()
    people = [provision(idp, f"user{number}").user for number in range(8)]
    about = [event.user_id for event in EventStream(0).read() if event.action == "user.provisioned"]
    assert about == [user.pk for user in people]
    events = sorted(AuditEvent.objects.values_list("pk", flat=True))
    assert events == list(range(small, small + len(events)))
    told = [int(json.loads(line)["metadata"]["uid"]) for line in run("export_audit_events").splitlines()]
    assert told == events
    for user in each(people, at_least=8):
        assert [entry.line.event.user_id for entry in trail_of(user).entries] == [user.pk]
        assert AuditPersonalData.objects.get(event__user_id=user.pk).values["username"]


CHANGES = (
    "UPDATE {} SET action = 'nothing'",
    "DELETE FROM {}",
    "UPDATE {} SET id = id + 3",
    "INSERT INTO {} SELECT * FROM {} ON CONFLICT (id) DO UPDATE SET action = 'nothing'",
)


@pytest.mark.parametrize("change", CHANGES)
def test_sr41_what_is_append_only_is_so_in_each_part(small: int, change: str) -> None:
    idp = make_idp()
    for number in range(8):
        provision(idp, f"user{number}")
    table = AuditEvent._meta.db_table
    filled = {name for (name,) in rows_of(f"SELECT DISTINCT tableoid::regclass::text FROM {table}")}
    before = rows_of(f"SELECT * FROM {table}")
    for name in each((table, *sorted(filled)), at_least=4):
        with pytest.raises(IntegrityError, match="is permanent"), transaction.atomic():
            execute(change.format(name, name))
    assert rows_of(f"SELECT * FROM {table}") == before


def rows_of(question: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return sorted(cursor.fetchall())


def test_a_moment_is_found_over_parts(small: int) -> None:
    idp = make_idp()
    for hours in range(12, 0, -1):
        with clock.ago(hours=hours):
            provision(idp, f"user{hours}")
    for row in each(ProvisioningLog.objects.all(), at_least=12):
        assert ProvisioningLog.objects.first_id_since(row.at) == row.pk


PAGES = [
    "",
    "outcome__exact=refused",
    "idp=1",
    "before=20000030",
    "after=20000003",
    "since=day",
    "outcome__exact=refused&before=20000030",
]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("query", PAGES)
def test_a_page_is_read_in_the_order_of_parts_and_nothing_is_sorted(query: str) -> None:
    idp = make_idp()
    for number in range(EACH * 8):
        provision(idp, f"user{number}")
    query = query.replace("idp=1", f"idp={idp.pk}")
    client = as_administrator()
    with statements() as seen:
        client.get(f"{address('provisioninglog_changelist')}?{query}")
    [page] = [sql for sql in seen if f'FROM "{LOG}"' in sql and "ORDER BY" in sql and "LIMIT 51" in sql]
    plan = plan_of(page)
    assert "Sort" not in plan, plan
    assert "Append" in plan, plan


FILLED = (
    f"INSERT INTO {LOG} (identity_provider_id, request_id, method, resource_type, outcome, status)"
    " SELECT CASE n %% 2 WHEN 0 THEN %s ELSE %s END, md5(n::text), '', '', CASE n %% 2 WHEN 0 THEN 'applied'"
    " ELSE 'partly' END, 200 FROM generate_series(1, 20000) n"
)


@pytest.mark.parametrize(
    ("column", "value", "index"),
    [("identity_provider_id", "0", "identity_provider_id"), ("outcome", "'refused'", "outcome_id")],
)
def test_a_page_of_what_no_row_has_is_not_looked_for_in_all_rows(column: str, value: str, index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FILLED, [make_idp().pk, make_idp("Entra").pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ANALYZE; SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE page AS SELECT * FROM {LOG} WHERE {column} = $1 ORDER BY id DESC LIMIT 51")
        cursor.execute(f"EXPLAIN EXECUTE page({value})")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("DEALLOCATE page")
    assert "_pkey" not in plan, plan
    assert index in plan or "log_by" in plan, plan


def plan_of(sql: str) -> str:
    """As it is where a part has millions of rows: a sort, if there is no way without one."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())


def test_what_is_pushed_goes_straight_to_its_part(small: int) -> None:
    idp = new_idp()
    with statements() as seen:
        idp.user("ada")
    [write] = [sql for sql in seen if f'INSERT INTO "{LOG}"' in sql]
    plan = plan_of(write)
    assert f"Insert on {LOG}" in plan
    assert "_from_" not in plan, plan


# --- there is always one for the next row ---


def test_the_schedule_makes_parts_ahead_of_the_newest_row_and_the_doctor_misses_them() -> None:
    before = parts(connection, LOG)
    assert log_parts_of_the_doctor()[1] == ""
    next_id_is(before[-1].end - 5)
    provision(make_idp(), "ada")
    sentence, mend = log_parts_of_the_doctor()
    assert sentence == "The logs have parts for 4 more rows."
    assert "run_scheduled_job log_parts" in mend
    checks_at_once()
    run("run_scheduled_job", "log_parts")
    made = parts(connection, LOG)[len(before) :]
    assert len(made) == partitions.AHEAD
    assert [part.first for part in made] == [before[-1].end + n * partitions.IDS_EACH for n in range(len(made))]
    assert log_parts_of_the_doctor()[1] == ""
    run("run_scheduled_job", "log_parts")
    assert len(parts(connection, LOG)) == len(before) + len(made)


def log_parts_of_the_doctor() -> tuple[str, str]:
    [finding] = [one for one in examine() if one.check == "log_parts"]
    return finding.sentence, finding.mend


@pytest.fixture
def _parts_as_they_were() -> Iterator[None]:
    before = parts(connection, LOG)
    last = partitions.last_id(connection, LOGS[0])
    yield
    execute(*(f"DROP TABLE {part.name}" for part in parts(connection, LOG) if part not in before))
    next_id_is(last + 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_parts_as_they_were")
def test_hosts_that_make_parts_at_once_make_each_once() -> None:
    before = parts(connection, LOG)
    next_id_is(before[-1].end - 1)
    ProvisioningLog.objects.create(method="POST", resource_type="User", outcome="applied", status=201)
    made = at_once(*[lambda: make_ahead(connection)] * 3)
    assert sorted(made) == [0, 0, partitions.AHEAD]
    assert len(parts(connection, LOG)) == len(before) + partitions.AHEAD


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_parts_as_they_were")
def test_readers_and_writers_of_the_log_hold_up_nobody_who_makes_parts() -> None:
    before = parts(connection, LOG)
    next_id_is(before[-1].end - 1)
    with psycopg.connect(url_of_this_database()) as other:
        other.execute(
            f"INSERT INTO {LOG} (request_id, method, resource_type, outcome, status) VALUES ('', '', '', '', 200)"
        )
        assert make_ahead(connection) == partitions.AHEAD


# --- what is old goes ---


def three_days(small: int) -> None:
    """The first part is a hundred days old, the second is half as old, the third is of today."""
    idp = make_idp()
    for number, days in enumerate((100, 100, 100, 100, 50, 50, 0, 0)):
        with clock.ago(days=days):
            provision(idp, f"user{number}")
    assert ids() == list(range(small, small + 8))
    checks_at_once()


def test_parts_that_are_wholly_old_are_dropped_and_the_next_is_cut(small: int) -> None:
    three_days(small)
    gone = parts(connection, LOG)[:2]
    with statements() as seen:
        assert retention.prune_provisioning_log(timedelta(days=90), actor=OPERATOR) == 4
    assert ids() == list(range(small + 4, small + 8))
    assert not {part.name for part in gone} & {part.name for part in parts(connection, LOG)}
    [delete] = [sql for sql in seen if sql.startswith("DELETE")]
    assert str(small + 3) in delete
    assert str(small + 2) not in delete
    event = AuditEvent.objects.get(action="records.log_pruned")
    assert event.details == {"rows": 4, "older_than_days": 90}


def test_personal_values_go_with_their_parts_and_events_stay(small: int) -> None:
    idp = make_idp()
    for number in range(8):
        with clock.ago(days=50 if number > 4 else 100):
            provision(idp, f"user{number}")
    checks_at_once()
    events, table = AuditEvent.objects.count(), AuditPersonalData._meta.db_table
    first_kept = AuditEvent.objects.first_id_since(timezone.now() - timedelta(days=90))
    before, old = parts(connection, table), AuditPersonalData.objects.filter(pk__lt=first_kept).count()
    assert old >= 5
    assert retention.erase_old_personal_values(timedelta(days=90), actor=OPERATOR) == old
    assert [part for part in before if part not in parts(connection, table)] == [
        part for part in before if part.end <= first_kept
    ]
    assert not AuditPersonalData.objects.filter(pk__lt=first_kept).exists()
    assert AuditPersonalData.objects.count() == 3
    assert AuditEvent.objects.count() == events + 1  # that of the erasure


def test_a_part_that_another_row_appeared_in_stays(small: int) -> None:
    """It had its id for long, and became visible while we waited for the table."""
    three_days(small)
    answers = [small + 3, small + 3, small + 3, small + 1]
    assert drop_before(connection, ProvisioningLog, lambda: answers.pop(0) if len(answers) > 1 else answers[0]) == 0
    assert len(ids()) == 8


def test_when_all_is_old_the_part_of_the_next_row_stays(small: int) -> None:
    with clock.ago(days=100):
        provision(make_idp(), "ada")
    checks_at_once()
    assert retention.prune_provisioning_log(timedelta(days=90), actor=OPERATOR) == 1
    provision(make_idp("Entra"), "bob")
    assert ids() == [small + 1]


def test_rows_are_counted_in_steps(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "COUNTED_AT_ONCE", 1)
    three_days(small)
    assert retention.prune_provisioning_log(timedelta(days=40), actor=OPERATOR) == 6


@pytest.mark.django_db(transaction=True)
def test_who_reads_for_long_is_not_disturbed_and_the_part_goes_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "REST", 0)
    monkeypatch.setattr(partitions, "LOCK_TIMEOUT", 0.05)
    before = parts(connection, LOG)
    with psycopg.connect(url_of_this_database()) as reader:
        reader.execute(f"SELECT count(*) FROM {LOG}")
        with pytest.raises(DatabaseError, match="lock timeout"):
            drop_before(connection, ProvisioningLog, lambda: before[0].end)
        with psycopg.connect(url_of_this_database(), options="-c lock_timeout=1s") as writer:
            writer.execute(
                f"INSERT INTO {LOG} (request_id, method, resource_type, outcome, status) VALUES ('', '', '', '', 200)"
            )
    assert parts(connection, LOG) == before

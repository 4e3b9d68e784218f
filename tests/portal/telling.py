"""What the schedule does about alarms, in this process and at once."""

from identity.core.actors import Schedule
from portal.schedule import alarms

PORTAL = Schedule("Alarms")


def looks() -> int:
    """How many notices were made."""
    return alarms.look(PORTAL)

"""When calls are made: calendars of businesses, and the calls that are not due yet.

`hours` has the weeks of businesses, `calendar` decides when a call is due, `kept` is a call that
waits as it is kept, `store` keeps all of them (SQLite), and `schedule` hands them out when due.
"""

from calleq.schedule.calendar import BusinessCalendar
from calleq.schedule.kept import Move, Waiting
from calleq.schedule.schedule import Schedule
from calleq.schedule.store import ScheduleStore, StoreDamaged

__all__ = ["BusinessCalendar", "Move", "Schedule", "ScheduleStore", "StoreDamaged", "Waiting"]

"""The durable log: what a process has said and must not forget.

`entries` has the closed union of what is written, `Journal` the contract; the file behind it is
framed, checksummed, versioned and fsynced in groups.
"""

from calleq.journal.contract import Journal
from calleq.journal.entries import CircuitKey, Entry, Stamped
from calleq.journal.file import FileJournal, JournalFailed, JournalFull
from calleq.journal.frames import JournalDamaged, JournalError, JournalVersion
from calleq.journal.memory import MemoryJournal
from calleq.journal.reading import journal_path, read_data, read_journal
from calleq.journal.writer import JournalLocked

__all__ = [
    "CircuitKey",
    "Entry",
    "FileJournal",
    "Journal",
    "JournalDamaged",
    "JournalError",
    "JournalFailed",
    "JournalFull",
    "JournalLocked",
    "JournalVersion",
    "MemoryJournal",
    "Stamped",
    "journal_path",
    "read_data",
    "read_journal",
]

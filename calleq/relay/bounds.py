"""How long, how many: what fronts and authority bear of each other."""

from calleq.units import MILLISECOND_US, SECOND_US

ASK_US = 500 * MILLISECOND_US
"""Between two questions whether the authority lives."""
GONE_US = 2 * SECOND_US
"""An authority that has answered nothing asked within so long is taken for gone."""
BEGIN_US = 2 * SECOND_US
"""A request is not begun later than this after it left the front."""
ANSWER_US = 10 * SECOND_US
"""Without the beginning of an answer for so long, a request is given up. Longer than `BEGIN_US` and
the slowest flush of a disk, so that hardly ever anything happens that nobody is told of."""
LIMIT_QUESTIONS = 1_024
"""Requests of one front that are relayed and not answered to their end."""
LIMIT_PARTS_OCTETS = 262_144
"""Of a body in one message, and of changes of accounts in one message."""
TOLD_AGAIN_US = 2 * SECOND_US
"""Accounts are told anew where a front has not taken what it was told for so long."""
RETRY_AFTER_S = 2
"""When a sender should come again while the authority cannot be asked."""
FEED_US = 250 * MILLISECOND_US
"""How often a process tells what it has written to its journal, where there is something."""
FEED_IDLE_US = 2 * SECOND_US
"""How often it tells that there is nothing."""
LIMIT_FED_MESSAGES = 20
"""Of a process in one go."""
LIMIT_FED_ENTRIES = 500
"""Entries in one message."""
LIMIT_FED_OCTETS = 393_216
"""Of entries in one message."""
LIMIT_RECENT_ENTRIES = 50_000
"""Entries that a process keeps in memory to tell them; older ones are read from its journal."""
LIMIT_MERGED_ENTRIES = 500_000
"""Entries of all processes that wait for those of others written before them."""
SKEW_US = 2 * SECOND_US
"""By how much the clocks of two machines may differ for entries to be put in their order."""
SILENT_US = 3_600 * SECOND_US
"""An element that has told nothing of its journal for so long is not waited for."""

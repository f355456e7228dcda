"""When the process looks for garbage: objects that hold each other and that nobody else holds.

What was imported and read at the start is none, and never looked at again: going through all of it
stops every call for as long. Neither does a call leave such circles behind, so that looking finds
what went wrong and nothing else: it is done seldom, since every look costs what all calls in
progress weigh.
"""

import gc

SELDOM = (10_000, 5, 1_000)
"""So many more objects than at the last look; so many looks at the youngest, and at the younger.
Fifty thousand are looked at in a few milliseconds, while calls wait; a million took a tenth of a
second."""
_USUAL = gc.get_threshold()


def look_seldom() -> None:
    """From now on: what there is stays."""
    gc.freeze()
    gc.set_threshold(*SELDOM)
    gc.enable()


def look_as_usual() -> None:
    """As any program does."""
    gc.unfreeze()
    gc.set_threshold(*_USUAL)
    gc.enable()

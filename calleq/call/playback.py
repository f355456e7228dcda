"""What the customer hears between answer and bridge: a small machine with its own table.

It owns the order announcement, music, bridge (or the last words: an apology, or goodbye), and the
one rule of courtesy in it: the announcement is cut for a representative, or for the apology, only
when the business's name has been spoken. When the first attempt to reach a representative was lost
and the hunt goes on, music and the notice that all are busy take turns. It never concerns the
representative's leg. At most one prompt plays at a time: the next begins when the one before has
ended. The odd cases: an announcement that cannot be played counts as spoken (the call goes on with
music), music that fails leaves silence.
"""

from collections.abc import Mapping
from enum import StrEnum


class Hearing(StrEnum):
    """What the customer hears, and what comes after it."""

    SILENCE = "Silence"
    ANNOUNCEMENT = "Announcement"
    ANNOUNCEMENT_TO_BE_CUT = "AnnouncementToBeCut"
    """The representative is there; the name is still to be spoken."""
    ANNOUNCEMENT_THEN_APOLOGY = "AnnouncementThenApology"
    ANNOUNCEMENT_PAST_NAME = "AnnouncementPastName"
    STOPPING_THEN_MUSIC = "StoppingThenMusic"
    MUSIC = "Music"
    STOPPING_THEN_NOTICE = "StoppingThenNotice"
    """An attempt to reach a representative was lost; the customer is told so."""
    NOTICE = "Notice"
    """"All our representatives are busy"."""
    STOPPING_THEN_APOLOGY = "StoppingThenApology"
    APOLOGY = "Apology"
    STOPPING_FOR_BRIDGE = "StoppingForBridge"


class Cue(StrEnum):
    """What the playback is told."""

    ANNOUNCE = "announce"
    ANNOUNCE_WITHOUT_NAME = "announce without a name"
    NAME_SPOKEN = "name spoken"
    ENDED = "ended"
    TURN = "turn"
    """The music between two notices is over."""
    HUNT_GOES_ON = "hunt goes on"
    """The first attempt to reach a representative was lost, and the next is made."""
    AGENT_READY = "agent ready"
    AGENT_LOST = "agent lost"
    BRIDGE = "bridge"
    APOLOGISE = "apologise"


class Act(StrEnum):
    """What the playback makes the call do."""

    NOTHING = "nothing"
    PLAY_ANNOUNCEMENT = "play announcement"
    PLAY_MUSIC = "play music"
    PLAY_NOTICE = "play notice"
    PLAY_APOLOGY = "play apology"
    STOP = "stop"
    SAY_APOLOGY_ENDED = "say apology ended"


_H, _C, _A = Hearing, Cue, Act
_NOTHING = Act.NOTHING

PLAYBACK_TABLE: Mapping[tuple[Hearing, Cue], tuple[Act, Hearing]] = {
    (_H.SILENCE, _C.ANNOUNCE): (_A.PLAY_ANNOUNCEMENT, _H.ANNOUNCEMENT),
    (_H.SILENCE, _C.ANNOUNCE_WITHOUT_NAME): (_A.PLAY_ANNOUNCEMENT, _H.ANNOUNCEMENT_PAST_NAME),
    (_H.SILENCE, _C.AGENT_LOST): (_A.PLAY_MUSIC, _H.MUSIC),
    (_H.SILENCE, _C.APOLOGISE): (_A.PLAY_APOLOGY, _H.APOLOGY),
    # "Please hold while we connect you to an ABC Company …": the name is still to come.
    (_H.ANNOUNCEMENT, _C.NAME_SPOKEN): (_A.NOTHING, _H.ANNOUNCEMENT_PAST_NAME),
    (_H.ANNOUNCEMENT, _C.ENDED): (_A.PLAY_MUSIC, _H.MUSIC),
    (_H.ANNOUNCEMENT, _C.AGENT_READY): (_A.NOTHING, _H.ANNOUNCEMENT_TO_BE_CUT),
    (_H.ANNOUNCEMENT, _C.BRIDGE): (_A.STOP, _H.STOPPING_FOR_BRIDGE),
    (_H.ANNOUNCEMENT, _C.APOLOGISE): (_A.NOTHING, _H.ANNOUNCEMENT_THEN_APOLOGY),
    (_H.ANNOUNCEMENT_TO_BE_CUT, _C.NAME_SPOKEN): (_A.STOP, _H.STOPPING_THEN_MUSIC),
    (_H.ANNOUNCEMENT_TO_BE_CUT, _C.ENDED): (_A.PLAY_MUSIC, _H.MUSIC),
    (_H.ANNOUNCEMENT_TO_BE_CUT, _C.AGENT_LOST): (_A.NOTHING, _H.ANNOUNCEMENT),
    (_H.ANNOUNCEMENT_TO_BE_CUT, _C.BRIDGE): (_A.STOP, _H.STOPPING_FOR_BRIDGE),
    (_H.ANNOUNCEMENT_TO_BE_CUT, _C.APOLOGISE): (_A.NOTHING, _H.ANNOUNCEMENT_THEN_APOLOGY),
    (_H.ANNOUNCEMENT_THEN_APOLOGY, _C.NAME_SPOKEN): (_A.STOP, _H.STOPPING_THEN_APOLOGY),
    (_H.ANNOUNCEMENT_THEN_APOLOGY, _C.ENDED): (_A.PLAY_APOLOGY, _H.APOLOGY),
    # "… customer representative.": may be cut.
    (_H.ANNOUNCEMENT_PAST_NAME, _C.ENDED): (_A.PLAY_MUSIC, _H.MUSIC),
    (_H.ANNOUNCEMENT_PAST_NAME, _C.AGENT_READY): (_A.STOP, _H.STOPPING_THEN_MUSIC),
    (_H.ANNOUNCEMENT_PAST_NAME, _C.BRIDGE): (_A.STOP, _H.STOPPING_FOR_BRIDGE),
    (_H.ANNOUNCEMENT_PAST_NAME, _C.APOLOGISE): (_A.STOP, _H.STOPPING_THEN_APOLOGY),
    (_H.STOPPING_THEN_MUSIC, _C.ENDED): (_A.PLAY_MUSIC, _H.MUSIC),
    (_H.STOPPING_THEN_MUSIC, _C.TURN): (_A.PLAY_MUSIC, _H.MUSIC),
    (_H.STOPPING_THEN_MUSIC, _C.BRIDGE): (_A.NOTHING, _H.STOPPING_FOR_BRIDGE),
    (_H.STOPPING_THEN_MUSIC, _C.APOLOGISE): (_A.NOTHING, _H.STOPPING_THEN_APOLOGY),
    # Music, until somebody is there or nobody will be; notices in between when it takes long.
    (_H.MUSIC, _C.ENDED): (_A.NOTHING, _H.SILENCE),
    (_H.MUSIC, _C.TURN): (_A.PLAY_NOTICE, _H.NOTICE),
    (_H.MUSIC, _C.HUNT_GOES_ON): (_A.STOP, _H.STOPPING_THEN_NOTICE),
    (_H.MUSIC, _C.BRIDGE): (_A.STOP, _H.STOPPING_FOR_BRIDGE),
    (_H.MUSIC, _C.APOLOGISE): (_A.STOP, _H.STOPPING_THEN_APOLOGY),
    (_H.STOPPING_THEN_NOTICE, _C.ENDED): (_A.PLAY_NOTICE, _H.NOTICE),
    (_H.STOPPING_THEN_NOTICE, _C.TURN): (_A.PLAY_NOTICE, _H.NOTICE),
    (_H.STOPPING_THEN_NOTICE, _C.BRIDGE): (_A.NOTHING, _H.STOPPING_FOR_BRIDGE),
    (_H.STOPPING_THEN_NOTICE, _C.APOLOGISE): (_A.NOTHING, _H.STOPPING_THEN_APOLOGY),
    (_H.NOTICE, _C.ENDED): (_A.PLAY_MUSIC, _H.MUSIC),
    (_H.NOTICE, _C.BRIDGE): (_A.STOP, _H.STOPPING_FOR_BRIDGE),
    (_H.NOTICE, _C.APOLOGISE): (_A.STOP, _H.STOPPING_THEN_APOLOGY),
    (_H.STOPPING_THEN_APOLOGY, _C.ENDED): (_A.PLAY_APOLOGY, _H.APOLOGY),
    (_H.STOPPING_THEN_APOLOGY, _C.TURN): (_A.PLAY_APOLOGY, _H.APOLOGY),
    (_H.APOLOGY, _C.ENDED): (_A.SAY_APOLOGY_ENDED, _H.SILENCE),
    # The bridge is being made; when it loses its representative the customer is not left alone.
    (_H.STOPPING_FOR_BRIDGE, _C.ENDED): (_A.NOTHING, _H.SILENCE),
    (_H.STOPPING_FOR_BRIDGE, _C.TURN): (_A.NOTHING, _H.SILENCE),
    (_H.STOPPING_FOR_BRIDGE, _C.AGENT_LOST): (_A.NOTHING, _H.STOPPING_THEN_MUSIC),
    (_H.STOPPING_FOR_BRIDGE, _C.APOLOGISE): (_A.NOTHING, _H.STOPPING_THEN_APOLOGY),
}

_TWICE = frozenset({_C.ANNOUNCE, _C.ANNOUNCE_WITHOUT_NAME})
"""There is one announcement a call."""
_LATE_NAME = frozenset({_C.NAME_SPOKEN})
_HUNT = frozenset({_C.HUNT_GOES_ON})
"""Words are being spoken; what the hunt does is told between pieces of music."""
_NO_MUSIC = _HUNT | {_C.TURN}
"""No music plays that could be over."""
_NOBODY_COMES = frozenset({_C.AGENT_READY, _C.AGENT_LOST, _C.BRIDGE, _C.APOLOGISE})

PLAYBACK_IGNORED: Mapping[Hearing, frozenset[Cue]] = {
    _H.SILENCE: _LATE_NAME | _NO_MUSIC | {_C.ENDED, _C.AGENT_READY, _C.BRIDGE},
    _H.ANNOUNCEMENT: _TWICE | _NO_MUSIC | {_C.AGENT_LOST},
    _H.ANNOUNCEMENT_TO_BE_CUT: _TWICE | _NO_MUSIC | {_C.AGENT_READY},
    _H.ANNOUNCEMENT_THEN_APOLOGY: _TWICE | _NO_MUSIC | _NOBODY_COMES,
    _H.ANNOUNCEMENT_PAST_NAME: _TWICE | _LATE_NAME | _NO_MUSIC | {_C.AGENT_LOST},
    _H.STOPPING_THEN_MUSIC: _TWICE | _LATE_NAME | _HUNT | {_C.AGENT_READY, _C.AGENT_LOST},
    _H.MUSIC: _TWICE | _LATE_NAME | {_C.AGENT_READY, _C.AGENT_LOST},
    _H.STOPPING_THEN_NOTICE: _TWICE | _LATE_NAME | _HUNT | {_C.AGENT_READY, _C.AGENT_LOST},
    _H.NOTICE: _TWICE | _LATE_NAME | _NO_MUSIC | {_C.AGENT_READY, _C.AGENT_LOST},
    _H.STOPPING_THEN_APOLOGY: _TWICE | _LATE_NAME | _HUNT | _NOBODY_COMES,
    _H.APOLOGY: _TWICE | _LATE_NAME | _NO_MUSIC | _NOBODY_COMES,
    _H.STOPPING_FOR_BRIDGE: _TWICE | _LATE_NAME | _HUNT | {_C.AGENT_READY, _C.BRIDGE},
}

_NAME_PENDING = frozenset({_H.ANNOUNCEMENT, _H.ANNOUNCEMENT_TO_BE_CUT})


class Playback:
    """What the customer hears now."""

    __slots__ = ("command", "hearing")

    def __init__(self) -> None:
        self.hearing = Hearing.SILENCE
        self.command = 0
        """The `Play` whose reports count; 0 when nothing plays."""

    @property
    def name_is_pending(self) -> bool:
        """The business's name is being spoken and must not be cut."""
        return self.hearing in _NAME_PENDING

    def step(self, cue: Cue) -> Act:
        """Take a cue; the answer is what the call must do."""
        row = PLAYBACK_TABLE.get((self.hearing, cue))
        if row is None:
            assert cue in PLAYBACK_IGNORED[self.hearing]
            return _NOTHING
        act, self.hearing = row
        return act

"""A business of the topology, and what must be true of one.

Owns the keys of `[[businesses]]`: who it is, how its calls are made, what its customers hear. Its
recordings are WAV files, named from the topology file's own directory; whether they can be played
is found out by whoever reads them (`calleq prompts check`).
"""

import re
from pathlib import Path
from typing import Literal

import msgspec

from calleq.topology_billing import Billing
from calleq.topology_calendar import Calendar, Opening, Retries
from calleq.topology_policy import CallPolicy
from calleq.topology_protection import Encryption

ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?", re.ASCII)
"""As browsers send one (RFC 6454 §6.2), without the port where it is the scheme's own."""
IDENTIFIER = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?", re.ASCII)
"""Of businesses, their users and their representatives."""
TRIES = range(1, 4)
ANSWER_LIMITS_S = (1.0, 10.0)


class Agent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A representative whom messages name by identifier (field 910)."""

    identifier: str
    number: str
    name: str = ""
    shifts: tuple[Opening, ...] = ()
    """When calls are offered, in the business's zone; empty: always."""


class Business(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A subscriber of the customer service call service."""

    identifier: str
    name: str = ""
    """Spoken in the announcement; empty: neutral wording."""
    password: str = ""
    """Demonstration password; such a business is accepted from loopback only."""
    password_hash: str = ""
    active: bool = True
    number: str = ""
    """The number the customer sees."""
    representatives: tuple[str, ...] = ()
    dial_first: Literal["customer", "agent"] = "customer"
    detect_machine: bool = False
    consent: Literal["none", "key", "key_or_speech", "code"] = "none"
    """Whether customers are asked before a representative is rung, and how they may answer; `code`:
    by the one-time code that whoever asked for the call was told."""
    question_tries: int = 2
    """How often they are asked when they do not answer, or not so that it is understood."""
    answer_limit_s: float = 5.0
    """How long an answer is awaited, from the end of the question."""
    language: Literal["en", "fr", "es", "de"] = "en"
    """What its customers and representatives hear, where a message names no other."""
    recorded_name: str = ""
    """WAV file with the business's name, spoken in its announcements instead of `name`."""
    recorded_announcement: str = ""
    """WAV file with the whole announcement."""
    recorded_music: str = ""
    """WAV file with the music for those who hold."""
    numbers: tuple[str, ...] = ()
    """Numbers that it owns besides `number`, and may be presented as caller."""
    agents: tuple[Agent, ...] = ()
    """Its representatives with identifiers and shifts; their numbers belong to those of
    `representatives`."""
    origins: tuple[str, ...] = ()
    """Where its pages are served (`https://shop.example`): only there are page tokens good."""
    policy: CallPolicy = CallPolicy()
    calendar: Calendar = Calendar()
    retries: Retries = Retries()
    billing: Billing = Billing()
    encryption: Encryption = Encryption()

    @property
    def is_demonstration(self) -> bool:
        """Whether its only password is the one in plain."""
        return bool(self.password) and not self.password_hash

    @property
    def recordings(self) -> dict[str, str]:
        """The WAV files by what they are for: `name`, `announcement`, `music`."""
        files = {
            "name": self.recorded_name,
            "announcement": self.recorded_announcement,
            "music": self.recorded_music,
        }
        return {purpose: file for purpose, file in files.items() if file}

    def found_from(self, directory: Path) -> "Business":
        """The same with the places of its recordings told from a directory."""
        places = {f"recorded_{what}": str(directory / at) for what, at in self.recordings.items()}
        return msgspec.structs.replace(self, **places) if places else self

    def wrong(self) -> tuple[str, str] | None:
        """A key that does not fit, and what is wrong with it; None where all do."""
        if self.consent != "none" and self.dial_first == "agent":
            return "consent", "customers can be asked first only where dial_first is customer"
        if self.question_tries not in TRIES:
            return "question_tries", f"{self.question_tries}: {TRIES.start} to {TRIES.stop - 1}"
        shortest, longest = ANSWER_LIMITS_S
        if not shortest <= self.answer_limit_s <= longest:
            return "answer_limit_s", f"{self.answer_limit_s:g}: {shortest:g} to {longest:g}"
        wrong = self.policy.wrong()
        if wrong is not None:
            return f"policy.{wrong[0]}", wrong[1]
        for origin in self.origins:
            if not ORIGIN.fullmatch(origin):
                return "origins", f"{origin!r}: an origin such as https://shop.example is expected"
        tables = (self.calendar, self.retries, self.billing, self.encryption)
        return next((told for table in tables if (told := table.wrong())), None)

    def wrong_agents(self) -> tuple[str, str] | None:
        """As `wrong`, of its representatives with identifiers."""
        for index, agent in enumerate(self.agents):
            wrong = self._wrong_agent(agent, {one.identifier for one in self.agents[:index]})
            if wrong is not None:
                return f"agents[{index}].{wrong[0]}", wrong[1]
        return None

    def _wrong_agent(self, agent: Agent, before: set[str]) -> tuple[str, str] | None:
        """What is wrong with a representative; `before` are the identifiers of those before it."""
        if not IDENTIFIER.fullmatch(agent.identifier):
            return "identifier", f"{agent.identifier!r}: small letters, digits, - and . expected"
        if agent.identifier in before:
            return "identifier", f"{agent.identifier!r} is there already"
        if agent.number not in self.representatives:
            return "number", f"{agent.number}: is not among representatives"
        for index, shift in enumerate(agent.shifts):
            if what := shift.wrong():
                return f"shifts[{index}]", what
        return None

"""The called side on a line of this switch: the party is one of its telephones.

This switch faces the party, so it writes what bills are made of: the seizure, ringing, answer and
release, or that it could not offer the call.

Answer and end of a party's call are durable before they are reported. Seizure and ringing are
written and not waited for: the journal keeps the order, so whatever is durable later has them
before it. While a party is connected a heartbeat is written every `HEARTBEAT_US`: whatever a crash
leaves unproved of a call is less than a minute. What the far end measured of the call's voice is
written when it comes, after the release.

Tones or an announcement that come before the answer (PROGRESS) are heard by the caller and are no
answer: ACM or CPG says that they are there (Q.764 §2.1.4.1).
"""

from calleq.causes import Q850
from calleq.journal.entries import (
    LineAnswered,
    LineHeartbeat,
    LineMeasured,
    LineRefused,
    LineReleased,
    LineRinging,
    LineSeized,
)
from calleq.lines.channel import LineChannel
from calleq.media.ports import Quality
from calleq.runtime.clock import Timer
from calleq.ss7.isup.in_band import CHARGED, IN_BAND
from calleq.ss7.isup.indicators import EVENT_ALERTING, EVENT_IN_BAND
from calleq.ss7.isup.information import answer_to
from calleq.ss7.isup.messages import Acm, Anm, Cause, Cpg, Location, Message, Res, Sus
from calleq.ss7.isup.optional import put
from calleq.ssp.bearer import MEDIUM_USED, VOICE, medium_used
from calleq.ssp.lines import Availability
from calleq.ssp.mobile import Page
from calleq.ssp.office import Attempt, Office
from calleq.ssp.terminating import CalledSide, TerminatingCall, TInput, TState
from calleq.units import MINUTE_US, SECOND_US

SUSPENDED_LIMIT_US = MINUTE_US
"""How long a telephone of a call within this switch may be put down (Q.118 §4.3.2); a call that
came by a circuit is bounded by T6 of the exchange that it comes from (Q.764 §2.4)."""

LONGEST_SUSPENSION_US = 3 * MINUTE_US
"""No T6 is as long: if nobody has released the call by then, nobody will."""

HEARTBEAT_US = 55 * SECOND_US
"""Between two heartbeats; the rest of a minute is for a slow disk."""


_UNANSWERED = (TState.PRESENT_CALL, TState.T_ALERTING)


class CalledLine(CalledSide):
    """The party is a telephone of this switch."""

    __slots__ = (
        "_answer",
        "_attempt",
        "_channel",
        "_heartbeat",
        "_in_band",
        "_office",
        "_page",
        "_seizure",
        "_suspended",
        "_wire",
    )

    def __init__(self, office: Office, attempt: Attempt, call: TerminatingCall) -> None:
        super().__init__(call)
        self._office = office
        self._attempt = attempt
        self._wire = ""
        self._answer: Message | None = None
        """What the answer is to say."""
        self._in_band = False
        """Whether the caller has been told of tones."""
        self._channel: LineChannel | None = None
        self._page: Page | None = None
        self._heartbeat: Timer | None = None
        self._suspended: Timer | None = None
        self._seizure = 0

    @property
    def wire(self) -> str:
        return self._wire

    def hear(self, sources: tuple[str, ...]) -> None:
        if self._channel is not None:
            self._office.register.hear(self._channel, sources)

    def notice(self, message: Message) -> None:
        """A telephone has no use for it; who asks to identify the caller is told that none does."""
        answer = answer_to(message, None)
        if answer is not None:
            self.call.party_says(answer)

    def select(self) -> None:
        register = self._office.register
        called = self._attempt.called
        availability = register.availability(called)
        if availability is not Availability.IDLE:
            self._refuse(availability)
            return
        if not self._carries():
            self._refuse(Q850.BEARER_NOT_IMPLEMENTED)
            return
        self._take(called)
        line = register.line(called)
        if line.kind == "mobile":
            radio = self._office.register.radio
            assert radio is not None, "mobile lines are lines of a mobile switch"
            self._page = radio.page(
                called, found=self._found, absent=self._absent, blocked=self._blocked
            )
        else:
            self.receive(TInput.FACILITY_SELECTED)

    def _take(self, line: str) -> None:
        register = self._office.register
        self._channel = register.take(line, self)
        self._wire = register.wire_of(self._channel)

    def _carries(self) -> bool:
        """Whether the line can carry what the caller asks for, by falling back if need be."""
        iam = self._attempt.iam
        if iam is None or iam.medium in VOICE:
            return True
        used = medium_used(self._office.register.line(self._attempt.called).kind, iam)
        if used is not None and used != iam.medium:
            self._answer = self.call.heard = Anm(iam.cic, put((), MEDIUM_USED, used))
        return used is not None

    def present(self) -> None:
        channel = self._channel
        assert channel is not None, "a channel is taken before a call is presented"
        attempt = self._attempt
        again = self._seizure != 0
        self._seizure = channel.seizure = self._office.next_seizure()
        self._write(
            LineSeized(
                self._seizure,
                channel.line,
                attempt.incoming,
                attempt.calling,
                attempt.called,
                attempt.received,
                again,
                attempt.line,
            )
        )
        self._offer(channel)

    def _offer(self, channel: LineChannel) -> None:
        attempt, office = self._attempt, self._office
        if office.register.is_real(channel.line):
            screening = office.screening(attempt)
            channel.offer(attempt.shown, restricted=attempt.restricted, screening=screening)
        else:
            channel.offer(attempt.shown)

    def record_alerting(self) -> None:
        self._write(LineRinging(self._seizure))
        if self._in_band:
            self.call.heard = Cpg(0, EVENT_ALERTING, other=IN_BAND)

    def record_answer(self) -> None:
        self.call.heard = self._answer
        self._office.journal.append(
            self._office.name, LineAnswered(self._seizure), self.answer_durable
        )

    def answer_durable(self) -> None:
        super().answer_durable()
        if self.state is TState.T_ACTIVE:
            self._set_heartbeat()

    def record_refusal(self) -> None:
        self._office.journal.append(self._office.name, self._refusal(), self.end_durable)

    def record_end(self) -> None:
        self._stop_timers()
        by_line = self.cause.location == Location.USER
        self._office.journal.append(
            self._office.name, self._released("line" if by_line else "network"), self.end_durable
        )

    def withdraw(self) -> None:
        """The caller gave up while the telephone was paged."""
        assert self._channel is not None, "only paging takes time"
        if self._page is not None:
            self._page.cancel()
        self._give_back(self._channel)
        self._write(self._refusal())

    def clear(self) -> None:
        assert self._channel is not None, "a call that was presented has a channel"
        self._stop_timers()
        self.hear(())
        self._write(self._released("network"))
        self._channel.release(self.cause.value)

    def _set_heartbeat(self) -> None:
        self._office.talks.add(self._seizure)
        self._heartbeat = self._office.clock.call_later_us(HEARTBEAT_US, self._beat)

    def _beat(self) -> None:
        self._write(LineHeartbeat(self._seizure))
        self._set_heartbeat()

    def _stop_timers(self) -> None:
        self._office.talks.discard(self._seizure)
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            self._heartbeat = None
        self._resume()

    def _found(self) -> None:
        self.receive(TInput.FACILITY_SELECTED)

    def _absent(self) -> None:
        assert self._channel is not None, "paging holds a channel"
        self._give_back(self._channel)
        self._refuse(Q850.SUBSCRIBER_ABSENT)

    def _blocked(self) -> None:
        assert self._channel is not None, "paging holds a channel"
        self._give_back(self._channel)
        self._refuse(Q850.RESOURCE_UNAVAILABLE)

    def _refuse(self, cause: int) -> None:
        self.cause = Cause(int(cause))
        self.receive(TInput.FACILITY_REFUSED)

    def _give_back(self, channel: LineChannel) -> None:
        self._channel = None
        self._office.register.give_back(channel)

    def _refusal(self) -> LineRefused:
        attempt, cause = self._attempt, self.cause
        return LineRefused(
            attempt.called,
            attempt.incoming,
            cause.value,
            cause.location,
            attempt.calling,
            attempt.received,
            attempt.line,
        )

    def _released(self, released_by: str) -> LineReleased:
        return LineReleased(self._seizure, self.cause.value, self.cause.location, released_by)

    def _write(
        self,
        entry: LineSeized | LineRinging | LineHeartbeat | LineReleased | LineMeasured | LineRefused,
    ) -> None:
        self._office.journal.append(self._office.name, entry)

    # ChannelUser

    def channel_progress(self, *, in_band: bool) -> None:
        """Nobody has answered; the caller hears what there is to hear."""
        if not in_band or self.state not in _UNANSWERED:
            return
        self.call.party_presented()
        if not self._in_band:
            self._in_band = True
            ringing = self.state is TState.T_ALERTING
            event = Cpg(0, EVENT_IN_BAND, other=IN_BAND)
            before = self.call.heard
            self.call.heard = event if ringing else Acm(0, CHARGED, other=IN_BAND)
            self.call.party_progress()
            self.call.heard = before

    def channel_alerting(self) -> None:
        self.receive(TInput.PARTY_ALERTING)

    def channel_connected(self) -> None:
        self.receive(TInput.PARTY_ANSWERED)

    def channel_notified(self, *, suspended: bool) -> None:
        """The party hung up first, and may come back: the call stays and is billed (Q.764 §2.4)."""
        if self.state is not TState.T_ACTIVE or suspended is (self._suspended is not None):
            return
        if suspended:
            here = self._attempt.incoming is None
            limit_us = SUSPENDED_LIMIT_US if here else LONGEST_SUSPENSION_US
            self._suspended = self._office.clock.call_later_us(limit_us, self._suspended_too_long)
            self.call.party_says(Sus(0, by_network=1))
        else:
            self._resume()
            self.call.party_says(Res(0, by_network=1))

    def _resume(self) -> None:
        if self._suspended is not None:
            self._suspended.cancel()
            self._suspended = None

    def _suspended_too_long(self) -> None:
        assert self._channel is not None, "a call that is up has a channel"
        self._suspended = None
        self.hear(())
        self._channel.release(Q850.RECOVERY_ON_TIMER)
        self.cause = Cause(Q850.RECOVERY_ON_TIMER)
        self.receive(TInput.PARTY_RELEASED)

    def channel_released(self, cause: int, *, by_line: bool) -> None:
        self.hear(())
        self.cause = Cause(cause, Location.USER if by_line else Location.PUBLIC_LOCAL)
        self.receive(TInput.PARTY_RELEASED)

    def channel_measured(self, channel: LineChannel, measured: Quality) -> None:
        if channel.seizure:
            self._write(_measured(channel.seizure, measured))

    def channel_cleared(self) -> None:
        """The line looks after its channels itself."""


def _measured(seizure: int, quality: Quality) -> LineMeasured:
    fields = {name: getattr(quality, name) for name in LineMeasured.__struct_fields__[1:]}
    return LineMeasured(seizure, **fields)

"""Changes of accounts on behalf of somebody: checked, made durable, then answered.

Everything slow (argon2) is done by `in_background`; every change is checked again after that, since
others may have come between. A refusal becomes a problem: 404 for what is not there, 409 for what
is already so or is full, 422 with a pointer for a field.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from calleq.accounts.bounds import LONGEST_OVERLAP_US
from calleq.accounts.changes import (
    AccountError,
    Change,
    CredentialIssued,
    CredentialRevoked,
    CredentialRotated,
    UserPut,
    UserRemoved,
)
from calleq.accounts.checks import check
from calleq.accounts.credential import Credential
from calleq.accounts.issuing import Issued, Issuing
from calleq.accounts.keeping import Keeping
from calleq.accounts.principal import Principal
from calleq.accounts.registry import Registry
from calleq.intake import errors
from calleq.journal.frames import JournalError
from calleq.messages.answers import FieldProblem
from calleq.web.problems import ProblemError, plain_problem

InBackground = Callable[[Callable[[], Issued]], Awaitable[Issued]]

_CONFLICTS = frozenset(("exists", "unchanged", "full", "owned", "not_good", "not_in_topology"))


class Administration:
    """What may be done with the accounts of one process."""

    def __init__(
        self, keeping: Keeping, issuing: Issuing, in_background: InBackground = asyncio.to_thread
    ) -> None:
        self._keeping = keeping
        self._issuing = issuing
        self._in_background = in_background

    @property
    def registry(self) -> Registry:
        """What there is."""
        return self._keeping.registry

    def now_us(self) -> int:
        """UTC."""
        return self._keeping.now_us()

    async def make(self, change: Change, by: Principal) -> None:
        """Make a change and return once it is durable. Raises ProblemError."""
        try:
            check(self.registry, change, self.now_us())
        except AccountError as error:
            raise refusal(error) from error
        durable = asyncio.get_running_loop().create_future()

        def done() -> None:
            if not durable.done():
                durable.set_result(None)

        try:
            self._keeping.change(change, by.credential or by.name or by.role, done)
        except JournalError as error:
            raise ProblemError(errors.BUSY) from error
        await durable

    async def issue(self, wanted: Credential, given: str, by: Principal) -> Issued:
        """A new credential, and its secret once. Raises ProblemError."""
        issued = await self._made(CredentialIssued(credential=wanted), wanted, given)
        await self.make(CredentialIssued(credential=issued.credential), by)
        return issued

    async def rotate(self, old: Credential, overlap_us: int, given: str, by: Principal) -> Issued:
        """Another in its place; the old one is good for `overlap_us` yet. Raises ProblemError."""
        if not 0 <= overlap_us <= LONGEST_OVERLAP_US:
            days = LONGEST_OVERLAP_US // 86_400_000_000
            error = AccountError("overlap", f"0 s to {days} days are expected", "overlap_s")
            raise refusal(error)
        now_us = self.now_us()
        wanted = msgspec.structs.replace(
            old, identifier="", stored="", issued_us=now_us, replaced_by="", ended_us=0
        )
        issued = await self._made(_rotated(old, now_us + overlap_us, wanted), wanted, given)
        await self.make(_rotated(old, now_us + overlap_us, issued.credential), by)
        return issued

    async def change_password(
        self, own: Credential, current: str, new: str, by: Principal
    ) -> Credential:
        """Another password or PIN in the place of somebody's own, which ends now. Raises
        ProblemError."""
        now_us = self.now_us()
        wanted = msgspec.structs.replace(
            own, identifier="", stored="", issued_us=now_us, replaced_by="", ended_us=0
        )
        change = _rotated(own, now_us, wanted)
        work = partial(self._issuing.change, wanted, own.stored, current, new, self._names(own))
        try:
            check(self.registry, change, now_us)
            issued = await self._in_background(work)
        except AccountError as error:
            raise refusal(error) from error
        await self.make(_rotated(own, now_us, issued.credential), by)
        return issued.credential

    async def revoke(self, credential: str, reason: str, by: Principal) -> None:
        """It proves nothing from now on. Raises ProblemError."""
        now_us = self.now_us()
        await self.make(CredentialRevoked(credential=credential, at_us=now_us, reason=reason), by)

    async def remove_user(self, user: UserPut, by: Principal) -> None:
        """Remove a user; its credentials are revoked first. Raises ProblemError."""
        for credential in self.registry.credentials(user.business):
            if credential.user == user.user and not credential.ended_us:
                await self.revoke(credential.identifier, "its user was removed", by)
        await self.make(UserRemoved(user=user.user, business=user.business), by)

    def _names(self, whose: Credential) -> tuple[str, ...]:
        """Of the business and the user that a credential is of."""
        business = self.registry.business(whose.business)
        user = self.registry.user(whose.business, whose.user)
        return ("" if business is None else business.name, "" if user is None else user.name)

    async def _made(self, change: Change, wanted: Credential, given: str) -> Issued:
        names = self._names(wanted)
        try:
            check(self.registry, change, self.now_us())
            return await self._in_background(lambda: self._issuing.issue(wanted, given, names))
        except AccountError as error:
            raise refusal(error) from error


def _rotated(old: Credential, good_until_us: int, successor: Credential) -> CredentialRotated:
    return CredentialRotated(
        credential=old.identifier, good_until_us=good_until_us, successor=successor
    )


def refusal(error: AccountError) -> ProblemError:
    """What the sender is told."""
    text = str(error)
    if error.code.startswith("unknown_"):
        return ProblemError(plain_problem(404, error.code, text))
    if error.code in _CONFLICTS:
        return ProblemError(plain_problem(409, error.code, text))
    pointer = "/" + error.field if error.field else ""
    field = FieldProblem(pointer, error.code, text)
    return ProblemError(plain_problem(422, error.code, text, (field,)))

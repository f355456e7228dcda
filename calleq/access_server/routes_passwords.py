"""One's own password, changed by whoever has it.

It is said once more beside the new one, though the request itself proves it: who finds a program
that sends it does not take it over by one request that was prepared beforehand.
"""

from starlette.responses import Response

from calleq.access_server.account_handling import TOLD
from calleq.access_server.administration import Administration
from calleq.access_server.routes_credentials import credential_view
from calleq.access_server.routing import READ_BUSINESS, Answer, Context, Route, answer
from calleq.accounts.credential import SPOKEN_KINDS
from calleq.messages.accounts import CredentialView, PasswordChange
from calleq.web.problems import ProblemDetail, ProblemError

NO_PASSWORD = ProblemDetail(
    status=409,
    code="no_password",
    title="No password",
    detail="nothing here is to be changed: prove who you are by the password that is to be another;"
    " that of a topology file is changed there",
)


async def change_password(asked: Context) -> Response:
    """The new one is good from now on, the old one no more."""
    order, administration = asked.body_as(PasswordChange), asked.services.the(Administration)
    own = administration.registry.credential(asked.who.credential)
    if own is None or own.kind not in SPOKEN_KINDS or asked.who.proof != "password":
        raise ProblemError(NO_PASSWORD)
    made = await administration.change_password(own, order.current, order.new, asked.who)
    return answer(credential_view(administration, made))


ROUTES = (
    Route(
        method="POST",
        path="/v1/password",
        name="changePassword",
        handler=change_password,
        policy=READ_BUSINESS,
        body=PasswordChange,
        summary="Change one's own password or PIN.",
        description="Asked with the password (HTTP Basic), which is said once more. The old one"
        " ends at once. A password that was made for a person is good for this alone.",
        answers={200: Answer("Changed; the credential that took its place.", CredentialView)},
        problems=TOLD,
        examples={"a phrase": {"current": "made-for-ann", "new": "seven owls met at noon"}},
        tag="accounts",
        keyed=False,
        for_initial=True,
    ),
)

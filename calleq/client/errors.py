"""What goes wrong between a client and a server, in the server's own words."""

from calleq.messages.answers import ProblemView


class ClientError(Exception):
    """The server refused, or could not be reached or understood.

    `status` and `code` are the problem's (0 and "unreachable" or "unintelligible" without one),
    `problem` the whole of it where there is one, `retry_after_s` what the server asked to wait.
    """

    def __init__(
        self,
        detail: str,
        status: int = 0,
        code: str = "",
        problem: ProblemView | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.problem = problem
        self.retry_after_s = retry_after_s

"""The client library, for businesses that place calls and for `calleq call`."""

from calleq.client.client import CalleqClient, ClientError

__all__ = ["CalleqClient", "ClientError"]

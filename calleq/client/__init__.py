"""The client library, for businesses that place calls and for the `calleq` command."""

from calleq.client.asking import Asking, changing
from calleq.client.async_client import AsyncCalleqClient
from calleq.client.client import CalleqClient
from calleq.client.credentials import ApiKey, Credential, Password, SigningKey
from calleq.client.errors import ClientError

__all__ = [
    "ApiKey",
    "Asking",
    "AsyncCalleqClient",
    "CalleqClient",
    "ClientError",
    "Credential",
    "Password",
    "SigningKey",
    "changing",
]

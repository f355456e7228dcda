"""Businesses that subscribe to the service, their credentials, and how often they may be wrong."""

from calleq.accounts.accounts import Accounts, Verdict, is_loopback
from calleq.accounts.denial import Denial, DenialReason
from calleq.accounts.failures import Buckets, FailureLimits, Rate
from calleq.accounts.passwords import (
    InlineVerifier,
    PasswordVerifier,
    PooledVerifier,
    hash_password,
)

__all__ = [
    "Accounts",
    "Buckets",
    "Denial",
    "DenialReason",
    "FailureLimits",
    "InlineVerifier",
    "PasswordVerifier",
    "PooledVerifier",
    "Rate",
    "Verdict",
    "hash_password",
    "is_loopback",
]

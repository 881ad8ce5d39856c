"""Passwords of local accounts, by argon2id. A wrong name costs as much time as a wrong password."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_threads = ThreadPoolExecutor(2, thread_name_prefix="password")
_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher.hash("a password that nobody has")


def hashed(password: str) -> str:
    """The argon2id hash to store."""
    return _hasher.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Whether `password` is the one behind `stored`; takes as long when there is no account."""
    nobody = _nobody()  # asked for in either case: the first time it takes as long as a check
    try:
        _hasher.verify(stored or nobody, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


async def verify(password: str, stored: str | None) -> bool:
    """`matches` without holding up the event loop; two at a time, since each takes 64 MiB."""
    return await asyncio.get_running_loop().run_in_executor(_threads, matches, password, stored)

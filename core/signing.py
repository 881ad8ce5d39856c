"""Signatures of machine messages: HMAC-SHA256 over the instant and the body, so that neither can be changed
or sent again much later. Pure: time comes in as an argument."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from core.errors import Unauthenticated

VERSION = "v1"
TOLERANCE_S = 300  # a clock may differ and a message may wait so long; older ones are not believed


def sign(secret: bytes, at: datetime, body: bytes) -> tuple[str, str]:
    """The timestamp (whole seconds since 1970) and the signature `v1=<hex>` that go with the body."""
    stamp = str(int(at.timestamp()))
    return stamp, f"{VERSION}={_digest(secret, stamp, body)}"


def check(secrets: Sequence[bytes], stamp: str, signature: str, body: bytes, now: datetime) -> None:
    """Returns when one of the secrets signed this body lately; Unauthenticated otherwise.

    Several secrets are held while one replaces another; several signatures are separated by commas.
    """
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Unauthenticated(reason="timestamp")
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_S:
        raise Unauthenticated(reason="timestamp")
    given = [part.strip().removeprefix(f"{VERSION}=").encode() for part in signature.split(",")[:4]]
    good = [_digest(secret, stamp, body).encode() for secret in secrets]
    # Every pair is compared, so that the time taken tells nothing.
    if not sum(hmac.compare_digest(one, other) for one in given for other in good):
        raise Unauthenticated(reason="signature")


def _digest(secret: bytes, stamp: str, body: bytes) -> str:
    return hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()

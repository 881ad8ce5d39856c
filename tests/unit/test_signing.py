from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unauthenticated
from core.signing import TOLERANCE_S, check, sign

NOW = datetime(2026, 4, 7, 8, 0, tzinfo=UTC)
SECRETS = (b"new", b"old")


@given(body=st.binary(), secret=st.sampled_from(SECRETS), late=st.integers(-TOLERANCE_S, TOLERANCE_S))
def test_what_one_of_the_secrets_signed_lately_is_believed(body: bytes, secret: bytes, late: int) -> None:
    check(SECRETS, *sign(secret, NOW, body), body, NOW + timedelta(seconds=late))


@given(body=st.binary(), other=st.binary())
def test_another_body_is_not(body: bytes, other: bytes) -> None:
    stamp, signature = sign(b"new", NOW, body)
    if body != other:
        with pytest.raises(Unauthenticated):
            check(SECRETS, stamp, signature, other, NOW)


@given(stamp=st.text(), signature=st.text(), body=st.binary())
def test_whatever_is_sent_it_is_an_answer_and_no_crash(stamp: str, signature: str, body: bytes) -> None:
    with pytest.raises(Unauthenticated):
        check(SECRETS, stamp, signature, body, NOW)


@pytest.mark.parametrize("seconds", [-TOLERANCE_S - 1, TOLERANCE_S + 1])
def test_too_old_or_from_the_future_is_not(seconds: int) -> None:
    stamp, signature = sign(b"new", NOW, b"x")
    with pytest.raises(Unauthenticated):
        check(SECRETS, stamp, signature, b"x", NOW + timedelta(seconds=seconds))


def test_several_signatures_may_be_given_while_a_secret_changes() -> None:
    stamp, signature = sign(b"old", NOW, b"x")
    check((b"old",), stamp, f"v1=00,{signature}", b"x", NOW)


def test_a_timestamp_moved_to_now_is_not_believed() -> None:
    _, signature = sign(b"new", NOW - timedelta(hours=1), b"x")
    stamp, _ = sign(b"new", NOW, b"x")
    with pytest.raises(Unauthenticated):
        check(SECRETS, stamp, signature, b"x", NOW)

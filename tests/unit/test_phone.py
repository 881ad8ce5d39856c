import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.phone import PhoneFault, mask, normalise
from tests.faults.sizes import sized


@pytest.mark.parametrize(
    "written",
    ["050 000 0001", "0500000001", "+358 50 000 0001", "00358500000001", "+358 (0)50 000 0001",
     "(050) 000-0001", " 050.000.0001 \n", "050\u00a0000\u00a00001", "+358500000001"],
)  # fmt: skip
def test_one_number_has_one_form(written: str) -> None:
    assert normalise(written) == "+358500000001"


@pytest.mark.parametrize(
    ("written", "expected"),
    [("+46 70 000 00 01", "+46700000001"), ("0046 70 000 00 01", "+46700000001"),
     ("020 000 0001", "+358200000001"), ("0800 000001", "+358800000001")],
)  # fmt: skip
def test_foreign_and_business_numbers_are_taken(written: str, expected: str) -> None:
    assert normalise(written) == expected


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "empty"), ("   ", "empty"),
        ("050 000 000a", "characters"), ("salainen", "characters"), ("anonymous", "characters"),
        ("050;000", "characters"), ("٠٥٠٠٠٠٠٠٠١", "characters"), ("tel:0500000001", "characters"),
        ("05++8", "characters"), ("0500000001,,1", "characters"),
        ("5" * 40, "too_long"),
        ("112", "emergency"), ("1 1 2", "emergency"), ("+358112", "emergency"), ("00358 112", "emergency"),
        ("+358 (0)112", "invalid"), ("911", "emergency"), ("+46 112", "emergency"),
        ("+1 911", "short"),
        ("116117", "short"), ("116 111", "short"), ("+358116117", "short"), ("118", "short"), ("10", "short"),
        ("0600 12345", "premium"), ("060012345", "premium"), ("+358 600 12345", "premium"),
        ("0700 12345", "premium"), ("00358 700 12345", "premium"), ("0606 12345", "premium"),
        ("0100 1234", "premium"), ("0200 12345", "premium"), ("020202", "premium"),
        ("+1 900 555 1234", "premium"), ("+44 909 123 4567", "premium"), ("+358 (0)600 12345", "premium"),
        ("12345678", "invalid"), ("+35850", "invalid"), ("+999 123456789", "invalid"), ("+", "characters"),
        ("050000000012345", "invalid"), ("00", "short"),
    ],
)  # fmt: skip
def test_what_must_not_be_dialled_is_refused_by_its_reason(written: str, code: str) -> None:
    with pytest.raises(PhoneFault) as raised:
        normalise(written)
    assert raised.value.code == code


def test_a_fault_never_repeats_the_number() -> None:
    with pytest.raises(PhoneFault) as raised:
        normalise("0600 12345")
    assert "12345" not in f"{raised.value}{raised.value.detail}"


@settings(max_examples=sized(300, 2_000, 20_000))
@given(st.text(alphabet="0123456789+ ()-", max_size=20) | st.text(max_size=40))
def test_any_text_is_a_stable_number_or_a_fault(written: str) -> None:
    try:
        number = normalise(written)
    except PhoneFault:
        return
    assert number.startswith("+") and number[1:].isascii() and number[1:].isdigit() and len(number) <= 16
    assert normalise(number) == number
    assert not number.startswith(("+358600", "+358700", "+358112", "+358116117"))
    assert number[1:] not in mask(number).replace(" ", "")


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+358500000567", "050 *** 567"), ("+46700000567", "+46 *** 567"), ("+35850", "***"), ("", "***")],
)
def test_a_masked_number_shows_its_ends(number: str, shown: str) -> None:
    assert mask(number) == shown

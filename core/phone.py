"""Phone numbers as people write them, normalised to E.164 for a callback or an SMS.

Refuses what must never be dialled: emergency, short and premium numbers. Never echoes the number in an error.
"""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from core.errors import Invalid

LONGEST = 32
_WRITTEN = re.compile(r"\+?[0-9 ()\-./\u00a0\u2011\u2013]+")
_PREMIUM = re.compile(r"(600|606|700|10[0-9]{1,6}$|20[0-9]{1,6}$)")
_EMERGENCY = frozenset({"112", "911", "999", "000"})
_CODES = frozenset({"empty", "characters", "too_long", "emergency", "short", "premium", "invalid"})


class PhoneFault(Invalid):
    """The phone number cannot be dialled."""

    def __init__(self, code: str) -> None:
        """Keeps why: empty, characters, too_long, emergency, short, premium or invalid."""
        super().__init__(reason=code)
        self.code = code


def normalise(written: str, region: str = "FI") -> str:
    """The number in E.164; raises PhoneFault for anything that a professional could not safely call back."""
    text = written.strip()
    if not text:
        raise PhoneFault("empty")
    if len(text) > LONGEST:
        raise PhoneFault("too_long")
    if not _WRITTEN.fullmatch(text):
        raise PhoneFault("characters")
    _refuse_short(re.sub(r"[^0-9]", "", text), region)
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        raise PhoneFault("invalid") from error
    _refuse_undialled(number, region)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def takes_texts(number: str) -> bool:
    """Whether a normalised number may take a text message: a landline does not."""
    try:
        return phonenumbers.number_type(phonenumbers.parse(number)) != PhoneNumberType.FIXED_LINE
    except NumberParseException:
        return False


def mask(number: str) -> str:
    """A normalised number with its middle hidden, e.g. `040 *** 567`; a short one is hidden whole."""
    try:
        parsed = phonenumbers.parse(number, "FI")
    except NumberParseException:
        return "***"
    national = phonenumbers.national_significant_number(parsed)
    if len(national) < 7:
        return "***"
    if parsed.country_code == 358:
        return f"0{national[:2]} *** {national[-3:]}"
    return f"+{parsed.country_code} *** {national[-3:]}"


def _refuse_short(digits: str, region: str) -> None:
    bare = re.sub(r"^(00)?358(?=1)", "", digits)
    if bare in _EMERGENCY or phonenumbers.is_emergency_number(bare, region):
        raise PhoneFault("emergency")
    if len(bare) < 5 or bare.startswith("116"):
        raise PhoneFault("short")


def _refuse_undialled(number: phonenumbers.PhoneNumber, region: str) -> None:
    national = phonenumbers.national_significant_number(number)
    finnish = number.country_code == phonenumbers.country_code_for_region(region)
    country = phonenumbers.region_code_for_country_code(number.country_code or 0)
    if phonenumbers.is_emergency_number(national, country):
        raise PhoneFault("emergency")
    if number.country_code == 358 and _PREMIUM.match(national):
        raise PhoneFault("premium")
    if phonenumbers.number_type(number) in {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}:
        raise PhoneFault("premium")
    if not phonenumbers.is_valid_number(number) or (finnish and len(national) < 5):
        raise PhoneFault("invalid")

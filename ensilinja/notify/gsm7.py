"""How long a text message is: in the default alphabet of GSM (3GPP TS 23.038), escapes as two. Pure."""

SINGLE = 160  # septets of one message
JOINED = 153  # of each part of a longer one: the rest tells how the parts belong together
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPED = frozenset("\f^{}\\[~]|€")  # the extension table: an escape and the character


def septets(text: str) -> int | None:
    """The length in septets; None when a character is not in the alphabet."""
    if not BASIC.union(ESCAPED).issuperset(text):
        return None
    return len(text) + sum(character in ESCAPED for character in text)


def parts(text: str) -> int:
    """How many messages the text is sent, and paid, as; one with other characters is counted in UCS-2."""
    length = septets(text)
    if length is not None:
        return 1 if length <= SINGLE else _divided(text)
    units = len(text.encode("utf-16-be")) // 2
    return 1 if units <= 70 else -(-units // 67)


def _divided(text: str) -> int:
    count, room = 1, JOINED
    for character in text:
        size = 2 if character in ESCAPED else 1
        if size > room:  # an escape is never parted from its character
            count, room = count + 1, JOINED
        room -= size
    return count

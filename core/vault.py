"""Encryption of content: AES-256-GCM, one data key per contact, wrapped by the county's key. Never logs or
returns a key."""

import base64
import hashlib
import hmac
import os
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import bindparam, insert, select, update

from core.db import columns, table
from core.errors import NotFound, Unavailable
from core.models import DataKey

if TYPE_CHECKING:
    from core.store import Tx

NONCE = 12  # bytes: the size GCM is specified for
CACHED_KEYS = 2_000  # unwrapped keys kept in memory: about the contacts open on a busy day

_KEY = columns(DataKey)
_NEW = insert(table(DataKey))
_STORED = select(_KEY.kek, _KEY.wrapped).where(_KEY.id == bindparam("key"))
_WRAP = update(table(DataKey)).where(_KEY.id == bindparam("key")).values(wrapped=bindparam("sealed"))


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as it is stored: useless without the county's key, and `wrapped` is None once destroyed."""

    id: int
    kek: str
    wrapped: bytes | None = field(repr=False)


class Vault:
    """Seals and opens texts. `key` is 32 bytes; its id (a hash) is stored beside what it wraps."""

    def __init__(self, key: bytes) -> None:
        """Derives the wrapping key and the blind-index key from `key`."""
        if len(key) != 32:
            raise ValueError("the key must be 32 bytes")
        self.kek_id = hashlib.sha256(b"id" + key).hexdigest()[:16]
        self._kek = AESGCM(hmac.digest(key, b"wrap", "sha256"))
        self._blind = hmac.digest(key, b"blind", "sha256")
        self._cache: OrderedDict[bytes, AESGCM] = OrderedDict()
        self._lock = Lock()

    def new_key(self, tx: "Tx") -> int:
        """Makes a data key and returns its id."""
        made = tx.run(_NEW, {"kek": self.kek_id, "created_at": tx.now}).inserted_primary_key
        key = int(made[0]) if made is not None else 0
        plain = AESGCM.generate_key(256)
        nonce = os.urandom(NONCE)
        wrapped = nonce + self._kek.encrypt(nonce, plain, b"data_key:%d" % key)
        tx.run(_WRAP, {"key": key, "sealed": wrapped})
        return key

    def seal(self, tx: "Tx", key: int, aad: str, text: str) -> bytes:
        """Encrypts `text` under data key `key`, bound to the place `aad` it is stored at."""
        return self.seal_under(wrapped_key(tx, key), aad, text)

    def seal_under(self, key: WrappedKey, aad: str, text: str) -> bytes:
        """The same with a key that was read in this transaction."""
        return self.seal_bytes(key, aad, text.encode())

    def seal_bytes(self, key: WrappedKey, aad: str, plain: bytes) -> bytes:
        """The same of what is no text."""
        nonce = os.urandom(NONCE)
        return nonce + self._cipher(key).encrypt(nonce, plain, aad.encode())

    def open(self, tx: "Tx", key: int, aad: str, blob: bytes) -> str:
        """Decrypts what `seal` made for the same key and place; Unavailable when it was tampered with."""
        return self.open_under(wrapped_key(tx, key), aad, blob)

    def open_under(self, key: WrappedKey, aad: str, blob: bytes) -> str:
        """The same with a key that was read in this transaction."""
        return self.open_bytes(key, aad, blob).decode()

    def open_bytes(self, key: WrappedKey, aad: str, blob: bytes) -> bytes:
        """The same of what is no text."""
        try:
            return self._cipher(key).decrypt(blob[:NONCE], blob[NONCE:], aad.encode())
        except InvalidTag:
            raise Unavailable(reason="content_damaged") from None

    def blind(self, value: str) -> str:
        """A keyed hash by which equal numbers can be found without storing the number."""
        return hmac.digest(self._blind, value.encode(), "sha256").hex()

    def _cipher(self, key: WrappedKey) -> AESGCM:
        if key.wrapped is None:
            raise NotFound(reason="content_erased")
        if key.kek != self.kek_id:
            raise Unavailable(reason="other_key")
        # By the wrapped bytes, not by id: SQLite gives the id of a rolled-back row to the next one.
        with self._lock:
            cipher = self._cache.get(key.wrapped)
            if cipher is not None:
                self._cache.move_to_end(key.wrapped)
                return cipher
        plain = self._kek.decrypt(key.wrapped[:NONCE], key.wrapped[NONCE:], b"data_key:%d" % key.id)
        cipher = AESGCM(plain)
        with self._lock:
            self._cache[key.wrapped] = cipher
            if len(self._cache) > CACHED_KEYS:
                self._cache.popitem(last=False)
        return cipher


def wrapped_key(tx: "Tx", key: int) -> WrappedKey:
    """The stored form of a data key; NotFound when there is none."""
    row = tx.run(_STORED, {"key": key}).first()
    if row is None:
        raise NotFound(reason="content_erased")
    return WrappedKey(key, *row)


def new_master_key() -> str:
    """A fresh county key in the form the configuration takes (base64 of 32 bytes)."""
    return base64.b64encode(os.urandom(32)).decode()

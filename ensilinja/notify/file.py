"""The default way to send text messages: a file. It cannot send."""

import asyncio
import fcntl
import json
from pathlib import Path

from core.phone import mask


class FileSms:
    """Writes what would have been sent, the number masked, to `sms.jsonl`; each key once."""

    name = "file"
    is_repeatable = True

    def __init__(self, folder: Path) -> None:
        """Writes in `folder`."""
        self._file = folder / "sms.jsonl"

    async def send(self, number: str, text: str, key: str) -> str:
        """See `Sms.send`; the id is the key."""
        await asyncio.to_thread(self._write, number, text, key)
        return key

    def _write(self, number: str, text: str, key: str) -> None:
        line = json.dumps({"to": mask(number), "text": text, "key": key}, ensure_ascii=False)
        end = line[line.rindex('"key": ') :]
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._file.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # a runner thought lost may still be at it
            file.seek(0)
            if not any(kept.rstrip("\n").endswith(end) for kept in file):
                file.write(line + "\n")

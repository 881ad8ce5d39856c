"""Errors of the whole program. `code` is a stable part of the wire and of the HTTP API; a class docstring
is the default message."""


class EnsilinjaError(Exception):
    """The request could not be carried out."""

    code = "error"
    status = 500

    def __init__(self, **detail: str | int | float | bool | None) -> None:
        """Keeps `detail`: ids and codes only, never what a person typed."""
        self.detail = detail
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The sentence for logs and developers; people get the text of `code`."""
        base = (type(self).__doc__ or "").strip().splitlines()[0]
        extra = ", ".join(f"{k}={v}" for k, v in self.detail.items())
        return f"{base} ({extra})" if extra else base


class Malformed(EnsilinjaError):
    """The request is not of the shape this operation takes."""

    code = "malformed"
    status = 400


class Unauthenticated(EnsilinjaError):
    """There is no valid session."""

    code = "unauthenticated"
    status = 401


class Forbidden(EnsilinjaError):
    """The session's role does not allow this."""

    code = "forbidden"
    status = 403


class NotFound(EnsilinjaError):
    """There is no such thing, or it is somebody else's: the two are the same answer."""

    code = "not_found"
    status = 404


class Conflict(EnsilinjaError):
    """The state has moved on; nothing was changed."""

    code = "conflict"
    status = 409


class Invalid(EnsilinjaError):
    """A value is outside what is allowed."""

    code = "invalid"
    status = 422


class TooMany(EnsilinjaError):
    """Too many requests in a short time."""

    code = "too_many"
    status = 429


class Unavailable(EnsilinjaError):
    """The store could not confirm the change; send it again with the same id."""

    code = "unavailable"
    status = 503


class Overloaded(Unavailable):
    """So many come at once that nobody new is taken for a while; call, or try again later."""

    code = "overloaded"

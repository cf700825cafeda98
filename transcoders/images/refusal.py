"""The one error by which the child refuses a picture, and what of Pillow's becomes it."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PIL import Image, UnidentifiedImageError


class Refused(Exception):
    """The picture cannot be used; the message is one line for people."""


# What Pillow's readers raise at bytes that are not what they should be.
_DAMAGE: Final = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, KeyError,
                  IndexError, TypeError, OverflowError, AttributeError)  # fmt: skip


@contextmanager
def reading() -> Iterator[None]:
    """Around what reads outside bytes, and only that: whatever it raises is the picture's fault."""
    try:
        yield
    except UnidentifiedImageError as error:
        raise Refused("the file is damaged or is no picture") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused("the picture unpacks to too much") from error
    except _DAMAGE as error:
        raise Refused("the picture is damaged or was cut short") from error

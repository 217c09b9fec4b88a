"""zstd for the cold segments (texts, index). A file of its own because loading zstd costs 10 ms."""

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def compress(data: bytes, level: int) -> bytes:
    """Return `data` as one zstd frame."""
    return zstd.compress(data, level=level)


def decompress(data: bytes, size: int) -> bytes:
    """Return the content of one frame, at most `size` + 1 bytes. ValueError if it is damaged."""
    try:
        return zstd.ZstdDecompressor().decompress(data, max_length=size + 1)
    except (zstd.ZstdError, EOFError) as error:
        raise ValueError(str(error)) from error

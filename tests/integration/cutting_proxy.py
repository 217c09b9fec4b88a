"""A TCP proxy that cuts every connection after some bytes of answer. Run as a program.

python cutting_proxy.py PORT TARGET-PORT BYTES
"""

import os
import selectors
import socket
import sys


def serve(port: int, target: int, limit: int) -> None:
    """Forward one connection at a time, each to at most `limit` bytes from the target."""
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            client, _ = server.accept()
            with client, socket.create_connection(("127.0.0.1", target)) as upstream:
                _forward(client, upstream, limit)


def _forward(client: socket.socket, upstream: socket.socket, limit: int) -> None:
    with selectors.DefaultSelector() as ready:
        ready.register(client, selectors.EVENT_READ, upstream)
        ready.register(upstream, selectors.EVENT_READ, client)
        left = limit
        while left > 0:
            for key, _ in ready.select():
                source = client if key.data is upstream else upstream
                data = source.recv(min(left, 16_384))
                if not data:
                    return
                key.data.sendall(data)
                left -= len(data) if source is upstream else 0


if __name__ == "__main__":
    # Each run is one process; the test stops it by its id.
    print(os.getpid(), flush=True)  # noqa: T201
    serve(*map(int, sys.argv[1:]))

"""A token service for the real registry: Basic login in, signed token out. Run as a program.

    python token_server.py PORT KEY.pem CERT.pem REGISTRY-SERVICE USER:PASSWORD

Source: distribution, "Token Authentication Specification".
"""

import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import load_pem_x509_certificate

ISSUER = "test-issuer"
FAR = 4_102_444_800  # the year 2100


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TokenServer(HTTPServer):
    """The service and what it needs to sign."""

    def __init__(self, arguments: list[str]) -> None:
        port, key, certificate, self.service, self.login = arguments
        super().__init__(("127.0.0.1", int(port)), _Handler)
        loaded = serialization.load_pem_private_key(Path(key).read_bytes(), password=None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        self.key = loaded
        der = load_pem_x509_certificate(Path(certificate).read_bytes())
        self.x5c = base64.b64encode(der.public_bytes(serialization.Encoding.DER)).decode()

    def token(self, scope: str) -> str:
        """Return a token for what the scope asks."""
        kind, name, actions = scope.split(":")
        header = {"typ": "JWT", "alg": "RS256", "x5c": [self.x5c]}
        claims = {
            "iss": ISSUER,
            "aud": self.service,
            "exp": FAR,
            "nbf": 0,
            "iat": 0,
            "access": [{"type": kind, "name": name, "actions": actions.split(",")}],
        }
        signed = f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}"
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_b64(signature)}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer one request for a token."""
        server = self.server
        assert isinstance(server, TokenServer)
        wanted = "Basic " + base64.b64encode(server.login.encode()).decode()
        if self.headers.get("Authorization") != wanted:
            self.send_error(401)
            return
        scope = parse_qs(urlsplit(self.path).query)["scope"][0]
        body = json.dumps({"token": server.token(scope), "expires_in": 300}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


if __name__ == "__main__":
    TokenServer(sys.argv[1:]).serve_forever()

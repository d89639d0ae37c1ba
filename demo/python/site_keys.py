"""The keys that a site's session tokens may be signed with: given, or read from the site. Each is bound to one algorithm."""

import http.client
import json
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import jwt

from session_token import TokenError

# An unknown `kid` causes at most one request in this time, so that a stranger's tokens cannot make us hammer the site.
ASK_EVERY = 30
MOST_BYTES = 65536
TIMEOUT = 5


@dataclass(frozen=True)
class Key:
    alg: str
    material: object


def algorithm_of(jwk):
    kinds = {("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA", ("RSA", None): "RS256", ("oct", None): "HS256"}
    alg = kinds.get((jwk.get("kty"), jwk.get("crv")))
    said = jwk.get("alg", alg)
    return alg if said == alg or (alg, said) == ("EdDSA", "Ed25519") else None


def bound(jwk):
    """The `kid` and the Key of a JWK."""
    alg = algorithm_of(jwk)
    if alg is None:
        raise ValueError("a key has to be for ES256, EdDSA, RS256 or HS256")
    if "d" in jwk:
        raise ValueError("a private key is for the site alone; only its public half is needed here")
    return jwk["kid"], Key(alg, jwt.PyJWK(jwk, algorithm=alg).key)


def given_keys(text):
    """Keys that are not to be fetched: one JWK or a list of them, as JSON. A secret lets whoever has it make sessions too."""
    value = json.loads(text)
    return dict(map(bound, value if isinstance(value, list) else [value])).get


class SiteKeys:
    """What a site publishes, read when needed and kept while the site cannot be asked. `max_age` and `clock` are in seconds."""

    def __init__(self, address, max_age=600, clock=time.monotonic):
        self.address = urlsplit(address)
        host = self.address.hostname or ""
        # RFC 6761: names under .localhost mean this machine. Browsers know it, resolvers may not.
        self.is_local = host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")
        if not (self.address.scheme == "https" or (self.address.scheme == "http" and self.is_local)):
            raise ValueError(f"{address} has to be https, loopback names excepted")
        self.max_age = max_age
        self.clock = clock
        self.keys = {}
        self.fetched = self.tried = float("-inf")
        self.reading = threading.Lock()
        self.reads = 0

    def __call__(self, kid):
        now = self.clock()
        is_known = kid in self.keys and now - self.fetched < self.max_age
        if not is_known and now - self.tried >= min(ASK_EVERY, self.max_age):
            self._refresh(now, wait=kid not in self.keys)
        # The first list has to come before anything can be said.
        if not self.keys:
            raise TokenError("unavailable", "The site's public keys cannot be fetched")
        return self.keys.get(kid)

    def _refresh(self, now, wait):
        """One thread reads. Others go on with the key that they know; who knows none waits, and need not read after that."""
        reads = self.reads
        if not self.reading.acquire(blocking=wait):
            return
        try:
            if self.reads == reads:
                self._read(now)
        finally:
            self.reading.release()

    def _read(self, now):
        try:
            self.keys = dict(map(bound, published(self._asked())))
            self.fetched = self.tried = now
        except Exception:
            # A site that does not answer, or not with a list of keys, takes no key away.
            if self.keys:
                self.tried = now
        finally:
            self.reads += 1

    def _asked(self):
        kind = http.client.HTTPSConnection if self.address.scheme == "https" else http.client.HTTPConnection
        host = "127.0.0.1" if self.address.hostname.endswith(".localhost") else self.address.hostname
        connection = kind(host, self.address.port, timeout=TIMEOUT)
        try:
            connection.request("GET", self.address.path, headers={"Host": self.address.netloc})
            reply = connection.getresponse()
            body = reply.read(MOST_BYTES + 1)
            if reply.status != 200 or len(body) > MOST_BYTES:
                raise ValueError(f"status {reply.status}, {len(body)} bytes")
            return body
        finally:
            connection.close()


def published(body):
    keys = json.loads(body)["keys"]
    if not keys:
        raise ValueError("the site signs with a secret, which is never published")
    if any(jwk.get("kty") == "oct" for jwk in keys):
        raise ValueError("the site has published a secret")
    # A key of a kind that is not known here is nobody's (RFC 7517, section 5).
    return filter(algorithm_of, keys)

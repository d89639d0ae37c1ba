"""Whether a token is one that the protocol takes: written from docs/protocol.md, with Python's own base64 and JSON and the library
cryptography for signatures. Reads a list of questions from standard input, and prints a list of answers: null for a token that is taken,
otherwise why it is refused."""

import base64
import hashlib
import hmac
import json
import re
import sys
import unicodedata

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
JWE = re.compile(r"[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
KID = re.compile(r"[A-Za-z0-9_-]{1,64}")
BITS_128 = re.compile(r"[A-Za-z0-9_-]{22}")
BITS_256 = re.compile(r"[A-Za-z0-9_-]{43}")
WRAPPED = re.compile(r"[A-Za-z0-9_-]{53}[AQgw]")
FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
MODES = ("frame", "link", "redirect")


class Refused(Exception):
    pass


def need(holds, why):
    if not holds:
        raise Refused(why)


def decoded(part):
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise Refused("base64url") from error
    # One spelling only: bits of a last character that encode nothing are zero.
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode("ascii") != part:
        raise Refused("base64url")
    return decoded


def parsed(data, levels):
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=members, parse_constant=no_json)
    except (ValueError, RecursionError) as error:
        raise Refused("JSON") from error
    need(isinstance(value, dict) and depth(value) <= levels, "no object, or too deep")
    return value


def members(pairs):
    found = dict(pairs)
    if len(found) < len(pairs) or len(found) > 32 or "__proto__" in found:
        raise ValueError("members")
    return found


def no_json(word):
    raise ValueError(word)


def depth(value):
    if isinstance(value, (dict, list)):
        below = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, below), default=0)
    return 0


def like(pattern):
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def origin(value):
    return isinstance(value, str) and 1 <= len(value) <= 128


def integer(value):
    # JSON has one kind of number: 1e3 is 1000.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return float(value).is_integer() and 0 <= value < 2**53


def subject(value):
    if not isinstance(value, str) or value == "":
        return False
    if any(unicodedata.category(one) in ("Cc", "Cs") for one in value):
        return False
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8")) - 2 <= 255


def an_object(value):
    return isinstance(value, dict)


def flag(value):
    return isinstance(value, bool)


TICKET = {
    "iss": origin, "aud": origin, "grant": like(WRAPPED), "jti": like(BITS_128), "iat": integer, "nbf": integer,
    "exp": integer, "origin": origin, "mode": lambda value: value in MODES,
}
TICKET_MORE = {
    "nonce": like(BITS_256), "sub": subject, "chosen": like(BITS_128),
}
OFFER = {
    "iss": origin, "aud": origin, "sid": like(BITS_256), "jti": like(BITS_128), "iat": integer, "exp": integer,
    "nonce": like(BITS_256),
}
OFFER_MORE = {"yields": flag}
SESSION = {"iss": origin, "aud": origin, "iat": integer, "exp": integer}
SESSION_MORE = {
    "sk": like(WRAPPED), "jti": like(BITS_128), "was": like(WRAPPED), "sub": subject, "auth_time": integer,
    "claims": an_object, "st": like(BITS_128), "sg": like(BITS_128), "gen": integer, "remember": flag,
}


def exactly(claims, required, optional, is_more_allowed=lambda name: False):
    for name in required:
        need(name in claims, f"{name} is missing")
    for name, value in claims.items():
        form = required.get(name) or optional.get(name)
        need(form(value) if form else is_more_allowed(name), f"{name} is wrong")


def number(part):
    return int.from_bytes(decoded(part), "big")


def opened_jws(token, kind, alg, keys, levels=6):
    need(isinstance(token, str) and len(token) <= 4096 and JWS.fullmatch(token) is not None, "no compact JWS")
    head, body, tail = token.split(".")
    header = parsed(decoded(head), 5)
    need(header.keys() == {"alg", "typ", "kid"}, "header members")
    need(header["alg"] == alg, "alg")
    need(header["typ"] == kind, "typ")
    need(like(KID)(header["kid"]) and header["kid"] in keys, "kid")
    key, signature, text = keys[header["kid"]], decoded(tail), f"{head}.{body}".encode("ascii")
    if alg == "HS256":
        right = hmac.new(decoded(key["k"]), text, hashlib.sha256).digest()
        need(hmac.compare_digest(right, signature), "signature")
    else:
        need(len(signature) == 64, "signature length")
        public = ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), ec.SECP256R1()).public_key()
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        try:
            public.verify(encode_dss_signature(r, s), text, ec.ECDSA(SHA256()))
        except (InvalidSignature, ValueError) as error:
            raise Refused("signature") from error
    return parsed(decoded(body), levels)


def opened_jwe(token, keys):
    need(isinstance(token, str) and len(token) <= 4096 and JWE.fullmatch(token) is not None, "no compact JWE")
    head, _, iv, text, tag = token.split(".")
    header = parsed(decoded(head), 5)
    need(header.keys() == {"alg", "enc", "cty", "kid"}, "header members")
    need((header["alg"], header["enc"], header["cty"]) == ("dir", "A256GCM", "JWT"), "encryption")
    need(like(KID)(header["kid"]) and header["kid"] in keys, "kid")
    iv, tag = decoded(iv), decoded(tag)
    need(len(iv) == 12 and len(tag) == 16, "lengths")
    try:
        inner = AESGCM(decoded(keys[header["kid"]]["k"])).decrypt(iv, decoded(text) + tag, head.encode("ascii"))
        return inner.decode("utf-8")
    except (InvalidTag, UnicodeDecodeError) as error:
        raise Refused("decryption") from error


def in_time(claims, now, longest):
    iat, exp = claims["iat"], claims["exp"]
    need(0 < exp - iat <= longest, "life")
    need(iat <= now + 5 and claims.get("nbf", iat) <= now + 5, "of the future")
    need(exp + 5 > now, "expired")


def hash_of(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def drawn(key):
    """HKDF (RFC 5869) with SHA-256, no salt, 32 bytes."""
    derived = HKDF(SHA256(), 32, None, b"session-hub ticket+jwt").derive(decoded(key))
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode("ascii")


def ticket(token, world):
    site, hub = world["site"], world["hub"]
    inner = opened_jwe(token, {site["ticket"]["kid"]: site["ticket"]})
    # The key that seals names the one that signs.
    sealed_by = parsed(decoded(token.split(".")[0]), 5)["kid"]
    claims = opened_jws(inner, "ticket+jwt", "HS256", {sealed_by: {"k": drawn(site["ticket"]["k"])}})
    exactly(claims, TICKET, TICKET_MORE)
    need(("nonce" in claims) == (claims["mode"] != "link"), "nonce and mode")
    need("chosen" not in claims or claims["mode"] == "frame", "chosen and mode")
    need(claims["iss"] == hub["origin"] and claims["aud"] == site["origin"] == claims["origin"], "parties")
    need(claims["mode"] == "frame", "mode")
    in_time(claims, world["now"], 300)
    need(hash_of(world["verifier"]) == claims["nonce"], "verifier")


def offer(token, world):
    site, hub = world["site"], world["hub"]
    claims = opened_jws(token, "offer+jwt", "ES256", {site["key"]["kid"]: site["key"]})
    exactly(claims, OFFER, OFFER_MORE)
    need(claims["iss"] == site["origin"] and claims["aud"] == hub["origin"], "parties")
    need(claims["nonce"] == world["nonce"], "nonce")
    in_time(claims, world["now"], 300)


def session(token, world):
    site = world["site"]
    # The key says how it signs; a header cannot.
    claims = opened_jws(token, "session+jwt", "HS256", {site["session"]["kid"]: site["session"]})
    # A site may have put more into it, by names that are no registered claim of JWT.
    exactly(claims, SESSION, SESSION_MORE, lambda name: FIELD.fullmatch(name) is not None and name != "nbf")
    need(claims["iss"] == claims["aud"] == site["origin"], "parties")
    in_time(claims, world["now"], 300)


KINDS = {"ticket": ticket, "offer": offer, "session": session}


def answer(question, world):
    try:
        KINDS[question["kind"]](question["token"], world)
        return None
    except Refused as refused:
        return str(refused)


asked = json.load(sys.stdin)
print(json.dumps([answer(question, asked["world"]) for question in asked["questions"]]))

"""What a site's session token says. PyJWT looks at the signature; the form is ours to check, for libraries of JWT are more lenient
than this protocol: they take other spellings of the type, a list of audiences, or a member that occurs twice."""

import base64
import json
import re
import time
import unicodedata
from dataclasses import dataclass

import jwt

MOST_CHARACTERS = 4096
MOST_MEMBERS = 32
MOST_LEVELS = 6
LONGEST_LIFE = 300
CLOCKS_APART = 10

COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
BITS_128 = re.compile(r"[A-Za-z0-9_-]{22}")
BITS_256 = re.compile(r"[A-Za-z0-9_-]{43}")
WRAPPED = re.compile(r"[A-Za-z0-9_-]{54}")
FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")


class TokenError(Exception):
    """`code` is one of the protocol's error codes; the message is for logs."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Session:
    status: str
    subject: str | None
    # Who really is there: an administrator who acts as the subject, and may only look.
    actor: dict | None
    auth_time: int | None
    claims: dict
    fields: dict
    state: str | None
    issued_at: int
    expires_at: int


class Verifier:
    """
    key_of: gives the Key of a `kid`, or None
    fields: the site's own option of that name, so that what stands in the token by a short name can be read by its long one too
    clock: in seconds since 1970
    """

    def __init__(self, key_of, issuer, audience=None, fields=(), session_field="sk", clock=time.time):
        self.key_of = key_of
        self.issuer = issuer
        self.audience = audience or issuer
        self.long_names = [names_of(field) for field in fields]
        self.forms = {**FORMS, session_field: matches(WRAPPED)}
        self.clock = clock

    def verify(self, token):
        payload = self._opened(token)
        for name, value in payload.items():
            is_right = self.forms[name](value) if name in self.forms else is_field_name(name)
            if not is_right:
                raise invalid(f'its "{name}" has a wrong form, or does not belong there')
        if payload.get("iss") != self.issuer:
            raise invalid("it is of another site")
        if payload.get("aud") != self.audience:
            raise invalid("it is for another audience")
        issued_at, expires_at = payload.get("iat"), payload.get("exp")
        if issued_at is None or expires_at is None or not 0 < expires_at - issued_at <= LONGEST_LIFE:
            raise invalid("its times are wrong")
        now = self.clock()
        if issued_at > now + CLOCKS_APART:
            raise invalid("it was issued in the future")
        if expires_at + CLOCKS_APART <= now:
            raise TokenError("token_expired", "The session token has expired")
        return Session(
            status="signed-in" if "sub" in payload else "anonymous",
            subject=payload.get("sub"),
            actor={"subject": payload["act"]["sub"]} if "act" in payload else None,
            auth_time=payload.get("auth_time"),
            claims=payload.get("claims", {}),
            fields=self._by_both_names({n: v for n, v in payload.items() if n not in self.forms}),
            state=payload.get("st"),
            issued_at=issued_at,
            expires_at=expires_at,
        )

    def _opened(self, token):
        if len(token) > MOST_CHARACTERS or not COMPACT.fullmatch(token):
            raise invalid("it is no compact JWS")
        header = parsed(decoded(token.partition(".")[0]))
        # Exactly these: so no jwk, jku, x5c, crit, b64 or zip can say anything.
        if header.keys() != {"alg", "typ", "kid"}:
            raise invalid("its header has other members than alg, typ and kid")
        if header["typ"] != "session+jwt":
            raise invalid("it is of another type")
        if not matches(KEY_ID)(header["kid"]):
            raise invalid("its kid has a wrong form")
        key = self.key_of(header["kid"])
        if key is None:
            raise invalid("its key is unknown")
        # The algorithm is the key's, never the header's word: a public key is nobody's secret.
        if header["alg"] != key.alg:
            raise invalid("its algorithm is not that of its key")
        try:
            return parsed(jwt.PyJWS().decode(token, key.material, algorithms=[key.alg]))
        except jwt.PyJWTError as error:
            raise invalid("its signature is wrong") from error

    def _by_both_names(self, wire):
        return {**wire, **{long: wire[short] for short, long in self.long_names if short in wire}}


def names_of(field):
    """`"profile.email"`, `["profile.email", "email"]` or `["profile.email", "e", "email"]`: the name in the token, and the long one."""
    if isinstance(field, str):
        return (field.rpartition(".")[2],) * 2
    return field[1], field[-1]


def invalid(why):
    return TokenError("token_invalid", f"The session token is refused: {why}")


def decoded(part):
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise invalid("it is not base64url") from error


def parsed(text):
    try:
        value = json.loads(text.decode(), object_pairs_hook=members, parse_constant=no_json)
    except (ValueError, RecursionError) as error:
        raise invalid("it holds no JSON") from error
    if not isinstance(value, dict) or levels(value) > MOST_LEVELS:
        raise invalid("its JSON is no object, or too deep")
    return value


def members(pairs):
    found = dict(pairs)
    # Of a member that occurs twice, one reader would take the first, and another the last.
    if len(found) < len(pairs) or len(found) > MOST_MEMBERS or "__proto__" in found:
        raise ValueError("a member occurs twice, or there are too many")
    return found


def no_json(word):
    raise ValueError(f"{word} is no JSON")


def levels(value):
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if below is None else 1 + max(map(levels, below), default=0)


def is_field_name(name):
    # The one claim of RFC 7519 that is none of FORMS: a site that sets it means something that we do not look at.
    return FIELD_NAME.fullmatch(name) is not None and name != "nbf"


def is_text(value):
    return isinstance(value, str)


def is_object(value):
    return isinstance(value, dict)


def is_flag(value):
    return isinstance(value, bool)


def is_time(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def is_subject(value):
    if not is_text(value) or value == "" or any(unicodedata.category(one) in ("Cc", "Cs") for one in value):
        return False
    return len(json.dumps(value, ensure_ascii=False).encode()) - 2 <= 255


def is_actor(value):
    return is_object(value) and value.keys() == {"sub"} and is_subject(value["sub"])


def matches(pattern):
    return lambda value: is_text(value) and pattern.fullmatch(value) is not None


# The members that are the protocol's own; what else there is, the site has put there.
FORMS = {
    "iss": is_text,
    "aud": is_text,
    "iat": is_time,
    "exp": is_time,
    "sk": matches(WRAPPED),
    "was": matches(WRAPPED),
    "idp": matches(BITS_256),
    "jti": matches(BITS_128),
    "sub": is_subject,
    "auth_time": is_time,
    "claims": is_object,
    "st": matches(BITS_128),
    "sg": matches(BITS_128),
    "gen": is_time,
    "act": is_actor,
    "until": is_time,
    "remember": is_flag,
}

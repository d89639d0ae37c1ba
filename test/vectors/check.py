"""Runs the verifier of demo/python over the test vectors beside this file, and prints what comes out, as JSON."""

import json
import sys
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[1] / "demo" / "python"))

from session_token import TokenError, Verifier
from site_keys import bound

PRIVATE = ("d", "p", "q", "dp", "dq", "qi")
NAMES = {"auth_time": "authTime", "issued_at": "issuedAt", "expires_at": "expiresAt"}


def read(name):
    return json.loads((here / name).read_text(encoding="utf-8"))


def public(jwk):
    return {name: value for name, value in jwk.items() if name not in PRIVATE}


keys = {jwk["kid"]: public(jwk) for jwk in read("keys.json")["keys"]}


def outcome(vector):
    key_of = dict(bound(keys[kid]) for kid in vector["keys"]).get
    verifier = Verifier(
        key_of,
        vector["issuer"],
        vector.get("audience"),
        vector.get("fields", ()),
        vector.get("sessionField", "sk"),
        lambda: vector["now"],
    )
    try:
        session = verifier.verify(vector["token"])
    except TokenError as error:
        return {"error": error.code}
    return {NAMES.get(name, name): value for name, value in vars(session).items()}


print(json.dumps([outcome(vector) for vector in read("session-tokens.json")["vectors"]]))

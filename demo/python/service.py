"""A service beside a site, which greets the site's visitors by name. See README.md."""

import argparse
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from session_token import TokenError, Verifier
from site_keys import SiteKeys, given_keys

COOKIE = "__Host-session"
STATUS = {"unavailable": 503}


def read_cookie(headers, name):
    """A cookie that is there twice counts as none: somebody has planted one, and nobody can say which."""
    pairs = (pair.partition("=") for header in headers for pair in header.split(";"))
    values = [value.strip() for key, _, value in pairs if key.strip() == name]
    return values[0] if len(values) == 1 else None


def name_of(session):
    for name in (session.fields.get("name"), session.claims.get("name"), session.subject):
        if isinstance(name, str):
            return name
    return "whoever you are"


def handler(verifier):
    class Greeter(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self):
            try:
                token = read_cookie(self.headers.get_all("Cookie", []), COOKIE)
                if token is None:
                    raise TokenError("token_missing", "There is no session token")
                self.answer(200, "text/plain", f"Hello, {name_of(verifier.verify(token))}!\n")
            except TokenError as error:
                self.answer(STATUS.get(error.code, 401), "application/json", json.dumps({"error": error.code}))

        def answer(self, status, kind, text):
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "private, no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(body)

    return Greeter


def read_options():
    parser = argparse.ArgumentParser(description="Greets the visitors of a site by their session cookie.")
    parser.add_argument("--site", required=True, help="the site's origin, such as https://shop.example")
    option = parser.add_argument
    option("--port", type=int, default=4010, help="where to listen; 0 for any that is free (default 4010)")
    option("--audience", help="the audience that the token must have (default: the site)")
    option("--jwks", help="the site's list of keys (default: <site>/session-hub/jwks.json)")
    option("--keys-max-age", type=int, default=600, help="how long it is believed, in seconds (default 600)")
    option("--key-file", help="a JWK or a list of them, instead of the site's list; SESSION_HUB_KEY can hold it too")
    option("--fields", type=json.loads, default=["name"], help='the site\'s own option, as JSON (default ["name"])')
    return parser.parse_args()


def keys_of(options):
    if options.key_file:
        with open(options.key_file, encoding="utf-8") as file:
            return given_keys(file.read())
    if "SESSION_HUB_KEY" in os.environ:
        return given_keys(os.environ["SESSION_HUB_KEY"])
    return SiteKeys(options.jwks or f"{options.site}/session-hub/jwks.json", options.keys_max_age)


def main():
    options = read_options()
    verifier = Verifier(keys_of(options), options.site, options.audience, options.fields)
    server = ThreadingHTTPServer(("127.0.0.1", options.port), handler(verifier))
    print(f"The service listens on port {server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()

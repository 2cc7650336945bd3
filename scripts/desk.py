"""The desk as a browser asks it, for scripts: the first administrator comes in by their link and sets up a second factor. Standard library only."""

import base64
import hashlib
import hmac
import json
import struct
import time
import urllib.request

PASSWORD = "三江程阳风雨桥头等你来"


def nobody(base: str) -> dict[str, str]:
    """The headers of the page before anybody has signed in: without them a call is refused before it is looked at."""
    told, cookie = ask(base, "GET", "/session", None, {})
    return {"Cookie": cookie, "X-Kejing-Csrf": told["csrf"]}


def administrator(base: str, link: str) -> dict[str, str]:
    """Comes in by the first link and sets up a second factor; the headers of a session that may do everything."""
    headers = nobody(base)
    body = {"link": link, "login": "guan", "name": "管理员", "password": PASSWORD}
    told, cookie = ask(base, "POST", "/setup", body, headers)
    headers = {"Cookie": cookie, "X-Kejing-Csrf": told["csrf"]}
    offered, _ = ask(base, "POST", "/session/second-factor", {}, headers)
    ask(base, "PUT", "/session/second-factor", {"code": code(offered["secret"])}, headers)
    return headers


def ask(base: str, method: str, path: str, body: object, headers: dict[str, str]) -> tuple[dict, str]:
    """What was told, and the session's cookie where one was set. Bytes are sent as they are, everything else as JSON."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, {"Content-Type": "application/json"} | headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        cookies = [line.split(";")[0] for line in answer.headers.get_all("Set-Cookie") or []]
        return json.load(answer), next((cookie for cookie in cookies if cookie.startswith("kejing_desk=")), "")


def code(secret: str) -> str:
    """RFC 6238, of now."""
    key = base64.b32decode(secret)
    digest = hmac.new(key, struct.pack(">q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[19] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"

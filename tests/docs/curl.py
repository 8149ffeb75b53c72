"""What the handbook needs of curl, for machines without it: the same options, the same answer, nothing else."""

import argparse
import http.client
import json
import mimetypes
import sys
import uuid
from pathlib import Path
from urllib.parse import urlencode, urlsplit


def main(arguments: list[str]) -> int:
    """Send one request as the options say and write the answer as curl does; 1 when it could not be sent."""
    options = _options(arguments)
    headers, body = {"Accept": "*/*", "User-Agent": "handbook"}, None
    if options.json is not None:
        body = _content(options.json)
        headers |= {"Content-Type": "application/json", "Accept": "application/json"}
    elif options.data:
        body = urlencode([item.split("=", 1) for item in options.data]).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif options.form:
        body, headers["Content-Type"] = _multipart(options.form)
    for header in options.header:
        name, value = header.split(":", 1)
        headers[name] = value.strip()
    url = urlsplit(options.url)
    connection = http.client.HTTPConnection(url.netloc, timeout=60)
    target = url.path + (f"?{url.query}" if url.query else "")
    try:
        connection.request(options.method or ("GET" if body is None else "POST"), target, body, headers)
        answer = connection.getresponse()
        content = answer.read()
    except OSError as error:
        print(f"curl: {error}", file=sys.stderr)
        return 1
    head = b""
    if options.include:
        lines = [
            f"HTTP/1.1 {answer.status} {answer.reason}",
            *(f"{name}: {value}" for name, value in answer.headers.items()),
        ]
        head = "\r\n".join([*lines, "", ""]).encode()
    sys.stdout.buffer.write(head + content)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("curl", allow_abbrev=False)
    parser.add_argument("url")
    parser.add_argument("-i", dest="include", action="store_true")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-S", action="store_true")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="header", action="append", default=[])
    parser.add_argument("-d", dest="data", action="append", default=[])
    parser.add_argument("-F", dest="form", action="append", default=[])
    parser.add_argument("--json")
    return parser.parse_args(arguments)


def _content(given: str) -> bytes:
    if given == "@-":
        return sys.stdin.buffer.read()
    return Path(given[1:]).read_bytes() if given.startswith("@") else given.encode()


def _multipart(fields: list[str]) -> tuple[bytes, str]:
    boundary = uuid.uuid4().hex
    parts = []
    for field in fields:
        name, value = field.split("=", 1)
        if value.startswith("@"):
            file = Path(value[1:])
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            head = f"Content-Disposition: form-data; name={json.dumps(name)}; filename={json.dumps(file.name)}"
            head += f"\r\nContent-Type: {kind}"
            content = file.read_bytes()
        else:
            head, content = f"Content-Disposition: form-data; name={json.dumps(name)}", value.encode()
        parts.append(b"--%s\r\n%s\r\n\r\n%s\r\n" % (boundary.encode(), head.encode(), content))
    return b"".join(parts) + b"--%s--\r\n" % boundary.encode(), f"multipart/form-data; boundary={boundary}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A stand-in for a safety model, as a server in a thread: it answers by words that it finds in what it is shown."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def keyword_model(label: Callable[[str], str | None]) -> Generator[str]:
    """The address of a model that answers with `label` of the question; None: an error of the server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = label(asked["messages"][-1]["content"])
            message = {"role": "assistant", "content": json.dumps({"label": said})}
            body = json.dumps({"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}).encode()
            self.send_response(200 if said is not None else 500)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def plants(shown: str) -> str | None:
    """A model of the house plants' policy that is wrong now and then: it takes each mention of a ficus for harm."""
    text = shown.casefold()
    if "salt water" in text or "nobody notices" in text or "die slowly" in text:
        return "HP2"
    return "HP1" if "ficus" in text or "funny" in text else "HP0"

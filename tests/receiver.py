"""A webhook on this machine, for alerts."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "hook-secret-4711"


class Receiver:
    """A webhook that keeps what it got and answers with a status."""

    def __init__(self, status: int = 200) -> None:
        self.got: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:
                length = int(handler.headers["content-length"])
                self.got.append(json.loads(handler.rfile.read(length)))
                handler.send_response(status)
                handler.end_headers()

            def log_message(handler, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/{SECRET}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

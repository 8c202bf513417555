"""An HTTP server on the loopback interface that answers what it is told to, faults of the wire included."""

import gzip
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def whole(self) -> str:
        return f"{self.path}?{'&'.join(f'{name}={value}' for name, value in self.query.items())}"


@dataclass(frozen=True)
class Answer:
    """What is sent back; `wire` says what goes wrong on the way."""

    content: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wire: Literal["", "reset", "timeout", "truncated", "drip"] = ""


class Loopback:
    """One service: `with Loopback(answer) as service: service.address`."""

    def __init__(self, answer: Callable[[Asked], Answer], port: int = 0) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.stopping = threading.Event()
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(parts.path, query, headers)
                loopback.asked.append(asked)
                loopback.send(self, loopback.answer(asked))

            def log_message(self, *arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that goes away in the middle is part of the tests."""

        self.server = Server(("127.0.0.1", port), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> "Loopback":
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()

    def send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        handler.close_connection = bool(answer.wire)
        if answer.wire == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
            return
        if answer.wire == "timeout":
            self.stopping.wait(60)
            return
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(answer.content)))
        handler.end_headers()
        if answer.wire == "drip":
            for byte in answer.content:
                if self.stopping.wait(0.02):
                    return
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
            return
        handler.wfile.write(
            answer.content[: len(answer.content) // 2] if answer.wire == "truncated" else answer.content
        )


def zipped(content: bytes) -> Answer:
    """An answer that travels compressed."""
    return Answer(gzip.compress(content), headers={"content-encoding": "gzip"})

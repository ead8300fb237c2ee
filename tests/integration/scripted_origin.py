"""An origin that answers each path with what the test wrote down for it, and keeps what it was asked."""

import dataclasses
import http.server
import threading


@dataclasses.dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    target: str         # path and query
    authorization: str | None


class ServingOrigin:
    """Listens on 127.0.0.1 until the workspace ends, and answers with `handler`."""

    def __init__(self, workspace, handler):
        self._server = _Server(("127.0.0.1", 0), handler)
        self.authority = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.authority}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        workspace.callback(self.close)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256  # a test asks for many layers at once

    def handle_error(self, request, client_address):
        """A client that went away: the test sees what comes of it."""


class AnsweringHandler(http.server.BaseHTTPRequestHandler):
    """Sends what `answer` returns, (status, headers, body), to GET and HEAD."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        raise NotImplementedError

    def do_GET(self):
        status, headers, body = self.answer()
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_):
        """The requests are kept in a list instead."""


class ScriptedOrigin(ServingOrigin):
    """Listens on 127.0.0.1. `answers` maps a path without its query, or "METHOD path" before that, to (status, headers,
    body); anything else is 404. A Content-Length among the headers counts instead of the body's; with None there is none."""

    def __init__(self, workspace):
        self.answers = {}
        self.asked = []
        self.held = None    # an Event: answers wait for it
        super().__init__(workspace, self._handler())

    def _handler(self):
        origin = self

        class Handler(AnsweringHandler):
            def answer(self):
                origin.asked.append(Asked(self.command, self.path, self.headers.get("Authorization")))
                if origin.held:
                    origin.held.wait(20)
                path = self.path.split("?")[0]
                of_path = origin.answers.get(path, (404, {}, b""))
                return origin.answers.get(f"{self.command} {path}", of_path)

        return Handler

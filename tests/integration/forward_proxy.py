"""An HTTP proxy, as a company has between its network and the registries: CONNECT, and GET of absolute URLs. It resolves
names by a table of its own, so a host of that table is reached through it alone, and it keeps what it was asked."""

import base64
import contextlib
import dataclasses
import http.client
import http.server
import socket
import threading
import urllib.parse

_CHUNK = 64 << 10
_SECONDS = 30  # without a byte, either way


@dataclasses.dataclass(frozen=True)
class Asked:
    """One request as it came to the proxy."""

    method: str
    target: str                       # "http://HOST/PATH", or "HOST:PORT" of CONNECT
    proxy_authorization: str | None
    authorization: str | None         # what a registry is meant to see; none in a CONNECT


class ForwardProxy:
    """Listens on 127.0.0.1 until the workspace ends. `names` maps "HOST:PORT" to a real (address, port)."""

    def __init__(self, workspace, names, credential=None):
        self.names = names
        self.asked = []
        self.expected = "Basic " + base64.b64encode(credential.encode()).decode() if credential else None
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.authority = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.authority}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        workspace.callback(self.close)

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def admits(self, headers):
        return self.expected is None or headers.get("Proxy-Authorization") == self.expected


def _handler(proxy):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _is_refused(self):
            proxy.asked.append(Asked(self.command, self.path, self.headers.get("Proxy-Authorization"),
                                     self.headers.get("Authorization")))
            if proxy.admits(self.headers):
                return False
            self.send_response(407)
            self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return True

        def do_CONNECT(self):
            self.close_connection = True
            if self._is_refused():
                return
            try:
                with socket.create_connection(proxy.names[self.path], _SECONDS) as other:
                    self.send_response(200)
                    self.end_headers()
                    _join(self.connection, other)
            except (KeyError, OSError):
                with contextlib.suppress(OSError):
                    self.send_error(502)

        def do_GET(self):
            if self._is_refused():
                return
            url = urllib.parse.urlsplit(self.path)
            host = url.netloc if ":" in url.netloc else url.netloc + ":80"
            if url.scheme != "http" or host not in proxy.names:
                self.send_error(502)
                return
            headers = {name: value for name, value in self.headers.items()
                       if name.lower() not in ("proxy-authorization", "proxy-connection", "connection")}
            connection = http.client.HTTPConnection(*proxy.names[host], timeout=_SECONDS)
            try:
                connection.request(self.command, url.path + (f"?{url.query}" if url.query else ""), headers=headers)
                self._pass_on(connection.getresponse())
            finally:
                connection.close()

        do_HEAD = do_GET

        def _pass_on(self, response):
            self.close_connection = True
            self.send_response(response.status)
            for name, value in response.headers.items():
                if name.lower() not in ("connection", "transfer-encoding", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            while chunk := response.read(_CHUNK):
                self.wfile.write(chunk)

        def log_message(self, *_):
            """The requests are kept in a list instead."""

    return Handler


def _join(one, other):
    """Bytes both ways until either side ends."""
    one.settimeout(_SECONDS)
    back = threading.Thread(target=_copy, args=(other, one), daemon=True)
    back.start()
    _copy(one, other)
    back.join(_SECONDS)


def _copy(source, target):
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)

"""An HTTP proxy on the way out: CONNECT for https, with a user and password of its own."""

import base64
import select
import socket
import threading


class Proxy:
    """At proxy.example.com:3128. `connected` lists what it was asked to connect to, by those who showed its password."""

    name = "proxy.example.com"
    user = "leaving"

    def __init__(self, internet, workspace, password):
        self.connected = []
        self.refused = 0
        self._internet = internet
        self._expected = "Basic " + base64.b64encode(f"{self.user}:{password}".encode()).decode()
        self._listening = internet.place_of(self.name).listen(3128)
        self._closing = False
        threading.Thread(target=self._serve, daemon=True).start()
        workspace.callback(self.close)

    @property
    def url(self):
        return f"http://{self.name}:3128"

    def close(self):
        self._closing = True
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self):
        while not self._closing:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                received = connection.recv(4096)
                if not received:
                    return
                head += received
            method, target, *_ = head.split(b"\r\n")[0].decode().split(" ")
            if f"Proxy-Authorization: {self._expected}".lower().encode() not in head.lower():
                self.refused += 1
                connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                                   b'Proxy-Authenticate: Basic realm="out"\r\nContent-Length: 0\r\n\r\n')
                return
            host, _, port = target.rpartition(":")
            self.connected.append((method, host))
            with self._internet.connect("http", host, int(port)) as onward:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _pass_on(connection, onward)


def _pass_on(one, other):
    ways = {one: other, other: one}
    while True:
        for readable in select.select(list(ways), [], [], 30)[0] or [None]:
            try:
                data = readable.recv(64 << 10) if readable else b""
                if not data:
                    return
                ways[readable].sendall(data)
            except OSError:
                return

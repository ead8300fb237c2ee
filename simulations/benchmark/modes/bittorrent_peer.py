"""Stock libtorrent on one machine: downloads and seeds every torrent that is put into a directory.

`python3 -m simulations.benchmark.modes.bittorrent_peer ADDRESS:PORT DIRECTORY`. `add` puts a torrent there; beside a file that
is whole there is then FILE.done, and FILE.failed, with the reason, when there was an error.
"""

import os
import sys
import time

_LOOK_MILLISECONDS = 50
_COUNT_SECONDS = 1
# What a cluster has no use for is off; all else is at libtorrent's defaults. uTP, BitTorrent's own transport over UDP, gives
# way to others' TCP on purpose, and cost 92 % of two CPUs for what TCP does with half: it would measure the machine.
_SETTINGS = {"enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
             "enable_outgoing_utp": False, "enable_incoming_utp": False}


def start_peer(workspace, name, place, directory):
    """The process of a peer at `place`."""
    os.makedirs(_inbox(directory))
    tree = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
    argv = [sys.executable, "-m", __name__, f"{place.address}:{place.free_port()}", directory]
    return workspace.start(name, argv, place, {"PYTHONPATH": tree})


def add(directory, name, torrent):
    """Gives a torrent, as bytes, to the peer of that directory; the path of the file that it is about."""
    path = os.path.join(_inbox(directory), name)
    with open(path + ".part", "wb") as file:
        file.write(torrent)
    os.rename(path + ".part", path + ".torrent")
    return os.path.join(directory, name)


def is_done(path):
    """Whether the file is whole; RuntimeError when it will not be."""
    try:
        with open(path + ".failed", encoding="utf-8") as file:
            raise RuntimeError(f"libtorrent: {file.read()}")
    except FileNotFoundError:
        return os.path.exists(path + ".done")


def is_ready(directory):
    """Whether the peer of that directory listens."""
    return os.path.exists(_ready(directory))


def redundant_bytes(directory):
    """What the peer of that directory received twice, as it said a second ago."""
    try:
        with open(_redundant(directory), encoding="ascii") as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


def _redundant(directory):
    return os.path.join(directory, "redundant")


def _inbox(directory):
    return os.path.join(directory, "inbox")


def _ready(directory):
    return os.path.join(directory, "ready")


class _Peer:
    def __init__(self, libtorrent, listen, directory):
        self._libtorrent = libtorrent
        self._directory = directory
        self._session = libtorrent.session({**_SETTINGS, "listen_interfaces": listen,
                                            "alert_mask": libtorrent.alert.category_t.status_notification |
                                            libtorrent.alert.category_t.error_notification})
        self._added = set()
        self._counted = 0.0  # when it was last asked

    def run(self):
        _write(_ready(self._directory), "")
        while True:
            self._take_new()
            if time.monotonic() > self._counted + _COUNT_SECONDS:
                self._counted = time.monotonic()
                self._session.post_session_stats()
            self._session.wait_for_alert(_LOOK_MILLISECONDS)
            for alert in self._session.pop_alerts():
                self._hear(alert)

    def _take_new(self):
        for entry in os.listdir(_inbox(self._directory)):
            if entry.endswith(".torrent") and entry not in self._added:
                self._added.add(entry)
                parameters = self._libtorrent.add_torrent_params()
                parameters.ti = self._libtorrent.torrent_info(os.path.join(_inbox(self._directory), entry))
                parameters.save_path = self._directory
                # Else it is queued: three downloads and five seeds at a time, looked at every half minute.
                parameters.flags &= ~self._libtorrent.torrent_flags.auto_managed
                parameters.flags &= ~self._libtorrent.torrent_flags.paused
                self._session.async_add_torrent(parameters)

    def _hear(self, alert):
        if isinstance(alert, self._libtorrent.torrent_finished_alert):
            self._say(alert, "done", "")
        elif isinstance(alert, (self._libtorrent.torrent_error_alert, self._libtorrent.file_error_alert)):
            self._say(alert, "failed", alert.message())
        elif isinstance(alert, self._libtorrent.session_stats_alert):
            _write(_redundant(self._directory), str(alert.values["net.recv_redundant_bytes"]))

    def _say(self, alert, what, text):
        _write(os.path.join(self._directory, f"{alert.handle.torrent_file().name()}.{what}"), text)


def _write(path, text):
    """All at once, for those who look."""
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".part", path)


def _main(listen, directory):
    import libtorrent  # here: only the peer itself needs Debian's python3-libtorrent
    _Peer(libtorrent, listen, directory).run()


if __name__ == "__main__":
    _main(*sys.argv[1:])

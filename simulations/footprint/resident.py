"""The resident memory of a process beside the page cache, watched while something goes on."""

import re
import threading

_EVERY_SECONDS = 0.01


class PeakMemory:
    """Use as `with PeakMemory(process) as peak`; afterwards `peak.bytes`.

    Counted is what only this process keeps in memory, RssAnon and RssShmem of /proc/PID/status. File pages (RssFile: the
    program's text, mapped files) and what sendfile keeps in the page cache are the system's to drop.
    """

    def __init__(self, process):
        self._path = f"/proc/{process.id}/status"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.bytes = 0
        self.samples = 0
        self.largest_ever_bytes = 0  # VmHWM: since its start, file pages included

    def __enter__(self):
        self._sample()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._sample()

    def _watch(self):
        while not self._stop.wait(_EVERY_SECONDS):
            self._sample()

    def _sample(self):
        try:
            with open(self._path, encoding="ascii", errors="replace") as status:
                fields = dict(re.findall(r"^(\w+):\s+(\d+) kB$", status.read(), re.MULTILINE))
        except OSError:
            return  # gone: what it had is known
        if "RssAnon" not in fields:
            return
        self.bytes = max(self.bytes, (int(fields["RssAnon"]) + int(fields["RssShmem"])) << 10)
        self.largest_ever_bytes = int(fields["VmHWM"]) << 10
        self.samples += 1

"""What pulls on a node, whichever client it is: started, watched, and asked afterwards whether its bytes are right."""

import os
import threading

from ..cluster.puller import Pull, PullFailed


class PullerClient:
    """The puller written here, on a thread."""

    kind = "puller"

    def __init__(self, agent, upstream, repository, tag):
        self.agent = agent
        self._pull = Pull(agent.registry, upstream, repository, tag)
        self._failure = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            self._pull.run()
        except (PullFailed, OSError) as error:
            self._failure = str(error)

    def start(self):
        self._thread.start()

    def running(self):
        return self._thread.is_alive()

    def received_bytes(self):
        return self._pull.received_bytes

    def first_byte_at(self):
        return self._pull.first_byte_at

    def faults(self, image):
        """Everything that is not as it should be, one line each."""
        if self._failure:
            return [self._failure]
        if self._pull.finished_at is None:
            return ["the pull did not end"]
        faults = [f"{digest} is missing" for digest in image.blobs if digest not in self._pull.blobs]
        if self._pull.image_id != image.id:
            faults.append(f"the image id is {self._pull.image_id}")
        return faults

    def received_at(self, _image):
        return self._pull.finished_at

    def ready_at(self):
        return self._pull.finished_at


class ContainerdClient:
    """Debian's containerd: `ctr images pull`, unpacked too."""

    kind = "containerd"

    def __init__(self, agent, containerd, reference, hosts_directory):
        self.agent = agent
        self._containerd = containerd
        self._reference = reference
        self._hosts_directory = hosts_directory
        self._process = None
        self._ready_at = None

    def start(self):
        self._process = self._containerd.start_pull(self._reference, self._hosts_directory)

    def running(self):
        if self._process.running():
            return True
        self._ready_at = self._ready_at or os.stat(self._process.log_path).st_mtime  # its last line: "done"
        return False

    def received_bytes(self):
        return self._containerd.received_bytes()

    def first_byte_at(self):
        return None

    def faults(self, image):
        if self._process.exit_code() != 0:
            return [f"ctr images pull ended with {self._process.exit_code()}: {self._process.log_tail(3)}"]
        faults = [f"{digest} is missing or wrong" for digest in image.blobs if not self._containerd.holds(digest)]
        if self._containerd.image_digest(self._reference) != image.digest:
            faults.append("the image has another digest")
        if self._containerd.image_id(image.digest) != image.id:
            faults.append("the image has another id")
        return faults

    def received_at(self, image):
        """When its last layer was in its content store; unpacking may go on after that."""
        return max(self._containerd.received_at(digest) for digest in image.blobs)

    def ready_at(self):
        return self._ready_at

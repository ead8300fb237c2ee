"""How far the rollout is: bars redrawn in place on a terminal, a line every two seconds elsewhere."""

import sys
import time

_BAR_WIDTH = 30
_PLAIN_EVERY_SECONDS = 2.0


class Progress:
    """Fed with samples; draws as the output allows."""

    def __init__(self, total_bytes, out=sys.stdout):
        self._total = total_bytes
        self._out = out
        self._terminal = out.isatty()
        self._drawn_lines = 0
        self._started = time.monotonic()
        self._plain_due = 0.0

    def show(self, rows):
        """`rows`: (name, bytes received) of every node."""
        elapsed = time.monotonic() - self._started
        if self._terminal:
            self._redraw(rows, elapsed)
        elif elapsed >= self._plain_due:
            self._plain_due = elapsed + _PLAIN_EVERY_SECONDS
            self._line(rows, elapsed)

    def finish(self, rows):
        """The last sample, whenever the one before was."""
        elapsed = time.monotonic() - self._started
        if self._terminal:
            self._redraw(rows, elapsed)
        else:
            self._line(rows, elapsed)

    def _share(self, received):
        return min(received / self._total, 1.0) if self._total else 1.0

    def _redraw(self, rows, elapsed):
        lines = [f"  {elapsed:6.1f} s"]
        for name, received in rows:
            filled = int(self._share(received) * _BAR_WIDTH)
            bar = "█" * filled + "░" * (_BAR_WIDTH - filled)
            lines.append(f"  {name:>8} {bar} {self._share(received):4.0%} {received / 2**20:8.1f} MiB")
        up = f"\x1b[{self._drawn_lines}A" if self._drawn_lines else ""
        self._out.write(up + "".join(f"\x1b[2K{line}\n" for line in lines))
        self._out.flush()
        self._drawn_lines = len(lines)

    def _line(self, rows, elapsed):
        shares = [self._share(received) for _, received in rows]
        done = sum(share >= 1.0 for share in shares)
        print(f"  {elapsed:6.1f} s: slowest node {min(shares):4.0%}, mean {sum(shares) / len(shares):4.0%}, "
              f"{done} of {len(shares)} have everything", file=self._out, flush=True)

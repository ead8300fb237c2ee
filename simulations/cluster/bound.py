"""The shortest time in which anybody could roll an image out: three limits, of which the largest counts.

Source: Kumar and Ross, "Peer-assisted file distribution: the minimum distribution time", HotWeb 2006. Rates are those of
the links as shaped; headers below the payload are not taken off, so even one TCP connection stays a few percent above.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class LowerBound:
    """Seconds, by what limits."""

    origin: float    # every byte leaves the origin once: F / origin
    link: float      # every node receives every byte: F / link
    together: float  # all copies leave the seeder or a node: N F / (seeder + N link)

    @property
    def seconds(self):
        return max(self.origin, self.link, self.together)


def lower_bound(image_bytes, nodes, link_rate, origin_rate, seeder_rate):
    """Rates in bytes per second."""
    return LowerBound(origin=image_bytes / origin_rate, link=image_bytes / link_rate,
                      together=nodes * image_bytes / (seeder_rate + nodes * link_rate))

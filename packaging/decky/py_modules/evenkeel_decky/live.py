"""What the panel draws of the feed: the figures of each uplink and the worst round trip of every
half second of the last minute. Plain values in, plain values out; no clock, no I/O."""

from collections import deque
from typing import Any, Optional

from .feed import Estimate, Leader, Record, Sample

BUCKET_NS = 500_000_000
BUCKETS = 120
MAX_UPLINKS = 16

LOST = -1
NOTHING = None


class _Bucket:
    def __init__(self, number: int) -> None:
        self.number = number
        self.worst_us = 0
        self.lost = False
        self.answered = False


class _Uplink:
    def __init__(self) -> None:
        self.buckets: deque[_Bucket] = deque(maxlen=BUCKETS)
        self.rtt_us: Optional[int] = None
        self.jitter_us: Optional[int] = None
        self.state = 0

    def bucket(self, number: int) -> Optional[_Bucket]:
        """The bucket of that number; None when it is older than all that is kept."""
        if not self.buckets or number > self.buckets[-1].number:
            self.buckets.append(_Bucket(number))
            return self.buckets[-1]
        for bucket in reversed(self.buckets):
            if bucket.number == number:
                return bucket
            if bucket.number < number:
                break
        return None


class Live:
    """The last minute of every uplink."""

    def __init__(self) -> None:
        self._uplinks: dict[int, _Uplink] = {}
        self._newest = 0

    def clear(self) -> None:
        """Forgets everything, for the feed ended."""
        self._uplinks.clear()
        self._newest = 0

    def take(self, records: list[Record]) -> None:
        """Takes a frame's records in."""
        for record in records:
            if isinstance(record, Leader):
                continue  # the property says it, with the name
            uplink = self._uplinks.get(record.ifindex)
            if uplink is None:
                if len(self._uplinks) >= MAX_UPLINKS:
                    continue
                uplink = self._uplinks.setdefault(record.ifindex, _Uplink())
            if isinstance(record, Estimate):
                uplink.state = record.state
                uplink.rtt_us = record.rtt_ns // 1000 if record.rtt_ns else None
                uplink.jitter_us = record.jitter_ns // 1000 if record.rtt_ns else None
            elif isinstance(record, Sample):
                self._sample(uplink, record)

    def _sample(self, uplink: _Uplink, sample: Sample) -> None:
        number = sample.at_ns // BUCKET_NS
        self._newest = max(self._newest, number)
        bucket = uplink.bucket(number)
        if bucket is None:
            return
        if sample.rtt_ns is None:
            bucket.lost = True
        else:
            bucket.answered = True
            bucket.worst_us = max(bucket.worst_us, sample.rtt_ns // 1000)

    def keep(self, ifindexes: set[int]) -> None:
        """Forgets uplinks that are no longer there."""
        for ifindex in list(self._uplinks):
            if ifindex not in ifindexes:
                del self._uplinks[ifindex]

    def view(self, ifindex: int) -> dict[str, Any]:
        """The figures of all uplinks and the minute of one: per half second the worst round trip
        in µs, LOST where a probe was lost, None where nothing was measured; the newest last."""
        chosen = self._uplinks.get(ifindex)
        return {
            "ifindex": ifindex,
            "series": self._series(chosen) if chosen else [],
            "uplinks": {
                str(index): {
                    "rtt_us": uplink.rtt_us,
                    "jitter_us": uplink.jitter_us,
                    "state": uplink.state,
                }
                for index, uplink in self._uplinks.items()
            },
        }

    def _series(self, uplink: _Uplink) -> list[Optional[int]]:
        series: list[Optional[int]] = [NOTHING] * BUCKETS
        for bucket in uplink.buckets:
            place = BUCKETS - 1 - (self._newest - bucket.number)
            if 0 <= place < BUCKETS and (bucket.lost or bucket.answered):
                series[place] = LOST if bucket.lost else bucket.worst_us
        return series

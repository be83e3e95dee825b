"""Values over time, given at a few times."""

from bisect import bisect_right

Track = tuple[tuple[float, float], ...]
"""Times in seconds and values; between two times the value eases from one to the other."""


def value_at(track: Track, time_s: float) -> float:
    """The value of a track, eased; before its first time and after its last it stands still."""
    times, values = zip(*track, strict=True)
    k = bisect_right(times, time_s)
    if k in (0, len(times)):
        return float(values[0] if k == 0 else values[-1])
    share = (time_s - times[k - 1]) / (times[k] - times[k - 1])
    eased = share * share * (3 - 2 * share)
    return float(values[k - 1] + (values[k] - values[k - 1]) * eased)

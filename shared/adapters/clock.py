"""SystemClock: the machine's own clock."""

import time


class SystemClock:
    """What the machine says it is."""

    def now_us(self) -> int:
        """The present instant in microseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000

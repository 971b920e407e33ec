"""How sure a share is: the score interval of Wilson (1927).

E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
Statistical Association 22 (158), 1927, pp. 209-212. It holds for small samples and for shares near 0 and 1,
where the textbook interval does not.
"""

from math import sqrt

Z_95 = 1.959963984540054
"""The 97.5 % point of the standard normal distribution: two-sided 95 %."""


def interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """The interval for the share `successes / trials`, within 0..1 and around it; (0, 1) without trials.

    Raises:
        ValueError: `successes` is not within 0..`trials`.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"successes are within 0..trials, got {successes} of {trials}")
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    spread = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    middle, scale = share + z * z / (2 * trials), 1 + z * z / trials
    # Rounding may put an end a hair on the wrong side of the share or of 0..1.
    return max(0.0, min(share, (middle - spread) / scale)), min(1.0, max(share, (middle + spread) / scale))

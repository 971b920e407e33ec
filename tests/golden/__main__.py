"""`python -m tests.golden add`: store an example of each event type that has none."""

import sys

from tests.golden import add

if sys.argv[1:] != ["add"]:
    sys.exit("usage: python -m tests.golden add")
print("\n".join(add()) or "every event type has its example")

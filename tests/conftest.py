"""What holds for all tests: hypothesis draws new examples on a desk, and the same ones at every run of CI."""

import os

from hypothesis import settings

settings.register_profile("steady", derandomize=True, print_blob=True)
if os.environ.get("CI") == "true":
    settings.load_profile("steady")

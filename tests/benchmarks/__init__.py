"""Benchmarks: how fast and how small the House is, each figure beside a peer measured in the same run."""

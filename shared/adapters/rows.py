"""Rows into a SQLite table, several to a statement: beginning and ending a statement costs as much as a small row."""

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

ROWS_PER_STATEMENT = 32


def insert(connection: sqlite3.Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run `into` (such as `INSERT INTO event`) for all rows, which have a value for every column of the table."""
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        some = rows[start : start + ROWS_PER_STATEMENT]
        marks = f"({','.join('?' * len(some[0]))})"
        connection.execute(f"{into} VALUES {','.join([marks] * len(some))}", tuple(chain.from_iterable(some)))

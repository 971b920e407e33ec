"""Crawler: looks at what developers who opted in publish about themselves, once a day and politely."""

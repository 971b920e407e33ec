"""Stand-ins for the clouds, started on this machine: Google's own emulators, and fronts that keep their promises."""

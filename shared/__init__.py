"""The engine and its edges: domain, ports, adapters, runtime, command line."""

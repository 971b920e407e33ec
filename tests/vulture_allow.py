"""Names that are used, though not by code vulture can see: one a line, `_.name`, with the reason beside it.

Typical reasons: a field that is only ever serialised, a method a framework calls by name.
"""

# http.server and socketserver look these up by name.
_.do_POST
_.log_message
_.protocol_version
_.daemon_threads
_.block_on_close
_.handle_error

# html.parser calls these by name.
_.handle_starttag
_.attrs
_.handle_endtag
_.handle_data

# Only ever serialised.
_.stopped_at_us
_.expired_at_us

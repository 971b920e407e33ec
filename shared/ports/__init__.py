"""What the engine needs of the world, as small Protocols. Adapters fulfil them."""

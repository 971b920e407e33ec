"""The ports fulfilled, one module or package per product."""

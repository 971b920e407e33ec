"""Gateway: the API and the pages. What people ask for in, requests out."""

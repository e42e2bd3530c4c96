"""A static site of a curated snapshot: pages, an index that a browser searches, charts, feeds."""

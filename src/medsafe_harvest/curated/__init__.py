"""Curated snapshots: written beside the current one, swapped in as one step, read whole."""

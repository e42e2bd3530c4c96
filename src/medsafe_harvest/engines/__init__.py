"""Engines: they move batches between the pure stages of matching and know no rule of it."""

"""The tables that ``bench.scale`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def show_growth(rows: Sequence[dict[str, Any]]) -> None:
    """One line a size; memory as a whole and while matching, and of both what is not of files."""
    print(
        f"{'records':>12}{'match s':>9}{'total s':>9}{'µs/rec':>8}{'total':>8}{'peak GB':>9}"
        f"{'held':>6}{'match':>7}{'held':>6}{'disk GB':>9}{'precision':>11}{'recall':>8}{'F1':>8}"
    )
    for row in rows:
        print(
            f"{row['records']:>12,}{row['match_seconds']:>9.1f}{row['total_seconds']:>9.1f}"
            f"{row['match_microseconds_per_record']:>8.1f}"
            f"{row['total_microseconds_per_record']:>8.1f}{row['peak_gb']:>9.2f}{row['held_gb']:>6.2f}"
            f"{row['match_peak_gb']:>7.2f}{row['match_held_gb']:>6.2f}"
            f"{row['scratch_gb'] + row['written_gb']:>9.2f}"
            f"{row['precision']:>11.5f}{row['recall']:>8.4f}{row['f1']:>8.4f}"
        )


def show_splink(peer: dict[str, Any], ours: dict[str, Any]) -> dict[str, float]:
    """Both on the same records, and the ratios."""
    print(f"\nSplink on {peer['records']:,} of the same records:")
    if "why_not" in peer:
        print(f"  {peer['why_not']}")
        return {}
    ratios = {
        "times_faster_than_splink": peer["seconds"] / ours["match_seconds"],
        "share_of_splinks_memory": ours["match_peak_gb"] / peer["peak_gb"],
        "share_of_splinks_held_memory": ours["match_held_gb"] / peer["held_gb"],
    }
    while_matching = {"peak_gb": ours["match_peak_gb"], "held_gb": ours["match_held_gb"]}
    rows = (
        (f"splink {peer['version']}", peer["seconds"], peer),
        ("medsafe-harvest", ours["match_seconds"], ours | while_matching),
    )
    print(f"  {'':<18}{'s':>9}{'peak GB':>9}{'held':>6}{'precision':>11}{'recall':>8}{'F1':>8}")
    for name, seconds, row in rows:
        print(
            f"  {name:<18}{seconds:>9.1f}{row['peak_gb']:>9.2f}{row['held_gb']:>6.2f}"
            f"{row['precision']:>11.5f}"
            f"{row['recall']:>8.4f}{row['f1']:>8.4f}"
        )
    print(
        f"  {ratios['times_faster_than_splink']:.1f} times as fast, "
        f"{ratios['share_of_splinks_memory']:.2f} of the memory "
        f"({ratios['share_of_splinks_held_memory']:.2f} without mapped files)"
    )
    return ratios


def show_limit(rates: dict[str, Any], least: dict[str, float]) -> None:
    """What the machine can do, and the total as a multiple of the least."""
    print("\nThe limit of this machine, measured now:")
    for name, unit in (
        ("cpdist_pairs", "M pairs/s, titles of sorted words, one by one"),
        ("cdist_pairs", "M pairs/s, all of a square"),
        ("parquet_read", "MB/s of Parquet read (bytes in memory)"),
        ("parquet_write", "MB/s of Parquet written"),
        ("grouped_rows", "M rows/s grouped by title in DuckDB"),
        ("normalized_titles", "M titles/s normalized on one core"),
    ):
        print(f"  {rates[name] / 1e6:>10,.2f} {unit}")
    parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in [*least.items()][:-2])
    print(
        f"  the same work takes at least {least['seconds']:.1f} s ({parts}); "
        f"the whole takes {least['total_is_times']:.1f} times that"
    )

"""Where the pages of former papers lead. Pure."""

from __future__ import annotations

from collections.abc import Container, Sequence

from medsafe_harvest.curated.redirects import Redirect, latest


def moved(ledger: Sequence[Redirect], present: Container[str]) -> dict[str, list[str]]:
    """Former paper ids that are no paper today -> the papers that have their records now.

    Args:
        ledger: the oldest first.
        present: ids of the papers of the site; ids that lead nowhere else are left out.
    """
    changes = {former: one.change.to for former, one in latest(ledger).items()}
    found: dict[str, list[str]] = {}
    for former in sorted(changes):
        if former in present:
            continue
        here: dict[str, None] = {}
        waiting, seen = [former], {former}
        while waiting:
            name = waiting.pop(0)
            if name in present:
                here[name] = None
            else:
                new = [one for one in changes.get(name, ()) if one not in seen]
                waiting += new
                seen.update(new)
        if here:
            found[former] = list(here)
    return found

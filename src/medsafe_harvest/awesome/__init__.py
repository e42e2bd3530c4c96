"""Awesome lists, the way out: a list written anew, or a list of others brought up to date. Pure.

:func:`export` writes a list grouped by topic. :func:`sync` adds papers to the text of a list that
people keep, in its own style: it finds the entries (``lists.read``), what each looks like with its
title, link and year taken out (``styles``), the order of each section (``order``), the section that
a paper belongs to (``sections``), and puts lines in, changing no other.
"""

from __future__ import annotations

from medsafe_harvest.awesome.export import Layout, Template, export
from medsafe_harvest.awesome.page import Options
from medsafe_harvest.awesome.papers import COLUMNS, Listed, listed
from medsafe_harvest.awesome.places import heading_form
from medsafe_harvest.awesome.subjects import Subjects
from medsafe_harvest.awesome.sync import Added, Synced, Unplaced, sync

__all__ = [
    "COLUMNS",
    "Added",
    "Layout",
    "Listed",
    "Options",
    "Subjects",
    "Synced",
    "Template",
    "Unplaced",
    "export",
    "heading_form",
    "listed",
    "sync",
]

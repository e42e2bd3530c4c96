"""arXiv's groups, archives and categories, as OAI-PMH sets and as names of announcements."""

from __future__ import annotations

from collections.abc import Iterator

# Without a name after the blank the archive is its own only category.
_ARCHIVES = """
cs AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NA NE NI OH OS
 PF PL RO SC SD SE SI SY
econ EM GN TH
eess AS IV SP SY
math AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO IT KT LO MG MP NA NT OA OC PR QA RA RT SG SP ST
q-bio BM CB GN MN NC OT PE QM SC TO
q-fin CP EC GN MF PM PR RM ST TR
stat AP CO ME ML OT TH
astro-ph CO EP GA HE IM SR
cond-mat dis-nn mes-hall mtrl-sci other quant-gas soft stat-mech str-el supr-con
gr-qc
hep-ex
hep-lat
hep-ph
hep-th
math-ph
nlin AO CD CG PS SI
nucl-ex
nucl-th
physics acc-ph ao-ph app-ph atm-clus atom-ph bio-ph chem-ph class-ph comp-ph data-an ed-ph flu-dyn
 gen-ph geo-ph hist-ph ins-det med-ph optics plasm-ph pop-ph soc-ph space-ph
quant-ph
"""
_OWN_GROUP = frozenset(("cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"))
_PARTNERS = {
    "math.MP": "math-ph",
    "stat.TH": "math.ST",
    "math.IT": "cs.IT",
    "math.NA": "cs.NA",
    "q-fin.EC": "econ.GN",
    "cs.SY": "eess.SY",
}
_PARTNER = {**_PARTNERS, **{partner: name for name, partner in _PARTNERS.items()}}


def _categories() -> Iterator[tuple[str, str]]:
    """Each category with its archive."""
    for line in _ARCHIVES.replace("\n ", " ").split("\n"):
        archive, *names = line.split() or [""]
        if archive:
            yield from ((f"{archive}.{name}", archive) for name in names or ())
            if not names:
                yield archive, archive


#: Archive by category.
ARCHIVES: dict[str, str] = dict(_categories())


def sets_of(category: str) -> tuple[str, ...]:
    """The sets that hold a paper of the category, from the widest to the narrowest.

    ``cs.LG`` is in ``cs``, ``cs:cs`` and ``cs:cs:LG``; ``hep-th`` in ``physics`` and
    ``physics:hep-th``; a category that is none of arXiv's in no set.
    """
    archive = ARCHIVES.get(category)
    if archive is None:
        return ()
    group = archive if archive in _OWN_GROUP else "physics"
    name = category.removeprefix(f"{archive}.")
    wider = (group, f"{group}:{archive}")
    return wider if category == archive else (*wider, f"{group}:{archive}:{name}")


def with_partners(categories: tuple[str, ...]) -> tuple[str, ...]:
    """The categories and those that are the same under another name (``cs.SY``, ``eess.SY``)."""
    partners = (_PARTNER[name] for name in categories if name in _PARTNER)
    return tuple(dict.fromkeys((*categories, *partners)))


#: All sets of arXiv, in their order.
SETS: tuple[str, ...] = tuple(sorted({name for category in ARCHIVES for name in sets_of(category)}))

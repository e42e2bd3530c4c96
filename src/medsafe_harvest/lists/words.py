"""The words of lists: labels of links, heads of columns, headings of resources; and names."""

from __future__ import annotations

import re
from typing import Literal

from medsafe_harvest.normalize.text import clean_title

_LABELS = frozenset(
    "paper papers pdf arxiv code codes github git gitlab link links url urls website web site "  # noqa: SIM905 - a word list reads best as text
    "project page homepage home video videos slides slide poster demo demos dataset datasets data "
    "model models weights checkpoint checkpoints blog post doi html abs abstract bib bibtex "
    "supplementary supplement supplemental supp suppl material materials appendix openreview talk "
    "tutorial pytorch tensorflow keras jax tf matlab python torch mxnet official unofficial "
    "implementation implementations full text fulltext preprint pub publisher here source sources "
    "repo repository huggingface hugging face hf medium notes note review reviews download read "
    "view tweet twitter x leaderboard api scholar cite citation citations star stars pubmed pmc "
    "biorxiv medrxiv acl cvf ieee acm springer elsevier wiley nature sciencedirect journal "
    "conference proceedings neurips icml iclr ssrn hal colab notebook kaggle modelscope zhihu "
    "youtube bilibili media online article app software tool version v1 v2 v3 extended the and of "
    "in by for on open access paperlink codelink ojs pmlr mirror other report techreport technical "
    "homepages documentation docs readme news press wechat explanation analysis summary full_paper "
    "more detail details info scirate alphaxiv semantic google results experiments no na n none "
    "tbd tba soon coming release released available not yet paperswithcode ckpt ckpts corpus "
    "pre print s2 dblp benchmark benchmarks visit go click show author authors camera ready".split()
)
#: Labels in Chinese, Japanese and Korean, which stand side by side: 论文链接.
_WIDE_LABEL = re.compile(
    "(?:论文|代码|链接|项目|主页|数据集?|视频|解读|原文|知乎|地址|下载|源码|开源|官方|模型|博客|讲解"
    "|論文|リンク|コード|データ|動画|資料|解説|スライド|논문|코드|링크|데이터|영상)+"
)
_WORD = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_ID = re.compile(
    r"[\W_]*(?:arxiv\s*:?\s*)?(?:\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+/\d{7}|10\.\d{4,9}/\S+|pmc?\s?i?d?:?\s?"
    r"\d+|abs/\S+)(?:\s*\[[\w.-]+\])?[\W_]*",
    re.IGNORECASE,
)

_SHORTCODE = re.compile(r":[a-z0-9_+-]{2,40}:")
_EDGE = re.compile(
    r"^[\s.,;:|*_~`\uff0c\u3001\u3002\u00b7\u2022\u2013\u2014\u2018\u201c\"'+=>/\\\-]+"
    r"|[\s.,;:|*_~`\uff0c\u3001\u3002\u00b7\u2022\u2013\u2014\u2019\u201d\"'+=</\\\-]+$"
)
_SYMBOL = re.compile(
    r"[\u2190-\u21ff\u2300-\u245f\u2500-\u2775\u2794-\u27bf\u2900-\u297f\u2b00-\u2bff\ufe0f\u200d\u20e3\U0001f000-\U0001faff"
    r"\U000e0020-\U000e007f]"
)
_NUMBERING = re.compile(
    r"^\s*(?:\(?[0-9]{1,4}[.)]\s+|\[[0-9]{1,4}\]\s+|#[0-9]{1,4}\s+|\([*+]\)\s*)"
)
_OPENING = {"(": ")", "[": "]", "\u201c": "\u201d", '"': '"', "\u300a": "\u300b", "{": "}"}

_NAME_PART = re.compile(
    r"(?:[^\W\d_a-z][\w'\u2019.\-]*|de|da|di|del|della|van|von|der|den|el|al|bin|la|le|ten|ter|dos"
    r"|Jr\.?|et|st\.?)$"
)
#: A name in Chinese, Japanese or Korean.
_WIDE_NAME = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,4}$")
_INITIALS = re.compile(r"(?:[^\W\d_a-z]\.?[\s-]?){1,4}$")
_NAME_JOINT = re.compile(r"\s*(?:,|;|\band\b|(?<=\s)&(?=\s)|\u3001|\u00b7)\s*")
#: Words of titles that no person is called.
_NO_NAME = frozenset(
    "learning deep neural network networks model models data image images imaging medical "  # noqa: SIM905 - a word list reads best as text
    "federated "
    "uncertainty quantification ensembles calibration fairness explanation explanations survey "
    "review analysis detection segmentation classification registration reconstruction generation "
    "privacy security robustness trust safety transformers diffusion language vision healthcare "
    "health clinical artificial intelligence machine graph adversarial attack attacks defense "
    "efficient provable communication secure fair towards toward on for with using from in via "
    "knowledge representation representations training optimization evaluation systems system "
    "methods method algorithms algorithm theory applications challenges prediction estimation "
    "disease cancer brain the of reading bayesian causal open problems dropout surfaces their its "
    "our your what why when is are not does".split()
)
_ET_AL = re.compile(r"\bet\.?\s*al\b|\band (?:others|colleagues)\b|\u7b49", re.IGNORECASE)

#: What a heading says where no papers stand under it, but code, data, talks and the like.
_RESOURCES = re.compile(
    r"\b(?:tools?|tool ?box(?:es)?|toolkits?|librar(?:y|ies)|packages?|softwares?|code ?bases?"
    r"|repositor(?:y|ies)|repos|open[ -]source\w*|data ?sets?|blogs?|posts?|talks?|videos?"
    r"|lectures?|courses?|tutorials?|workshops?|seminars?|conferences?|events?|challenges?"
    r"|competitions?|books?|slides|news|updates?|change ?log|contribut\w+|licen[cs]es?"
    r"|acknowledge?\w*|cit(?:ations?|ing|e|ed)|star history|contents?|about|lists?"
    r"|other resources|resources?|groups|labs|compan(?:y|ies)|jobs|contact|maintainers?"
    r"|platforms?|projects?|products?|special (?:issues?|tracks?)|journals|websites?|people"
    r"|researchers|notes)\b",
    re.IGNORECASE,
)

ColumnRole = Literal["title", "name", "year", "venue", "code", "link", "authors", "number", "other"]

_COLUMN_WORDS: dict[ColumnRole, str] = {
    "number": r"(?:no|nr|id|idx|index|rank|#|number|\u5e8f\u53f7)\.?",
    "code": r".*\b(?:code|github|repo\w*|implementation|software)\b.*|\u4ee3\u7801"
    r"|\u30b3\u30fc\u30c9|\ucf54\ub4dc",
    "title": r"(?:paper|publication|article|work)?[ /_-]*(?:title|name)s?(?: of .*)?|papers?"
    r"|articles?|works?|title.*|paper (?:title|name).*|(?:papers?|articles?) ?(?:&|and|/|\+).*"
    r"|\u8bba\u6587.*|\u6807\u9898|\u9898\u76ee|\u6587\u7ae0|\u8ad6\u6587.*|\u30bf\u30a4\u30c8\u30eb|\uc81c\ubaa9|\ub17c\ubb38.*"
    r"|studies|study|reference",
    "name": r"(?:methods?|models?|data ?sets?|algorithms?|approach(?:es)?|frameworks?|benchmarks?"
    r"|systems?|architectures?|networks?|acronym|abbreviation|short|alias)(?: names?)?"
    r"|\u6a21\u578b|\u65b9\u6cd5|\u6570\u636e\u96c6",
    "link": r".*\b(?:links?|urls?|pdfs?|doi|arxiv|download|materials?|resources?|preprint)\b.*"
    r"|\u94fe\u63a5|\u30ea\u30f3\u30af|\ub9c1\ud06c",
    "venue": r".*\b(?:venues?|conf\w*|journals?|publications?|published|publisher|source"
    r"|proceedings|pub\.?|where)\b.*|.*\u4f1a\u8bae.*|.*\u671f\u520a.*|\u4f1a\u8b70.*|\u5b66\u4f1a|\ud559\ud68c",
    "year": r".*\b(?:years?|dates?|time|when|month|published|submitted|released?)\b.*"
    r"|\u5e74[\u4efd\u5ea6]?|\uc5f0\ub3c4|\u65e5\u671f|\u65f6\u95f4",
    "authors": r".*\b(?:authors?|teams?|affiliations?|institut\w*|organi[sz]ation|group|lab"
    r"|company|first author)\b.*|\u4f5c\u8005|\u8457\u8005|\uc800\uc790",
}
_COLUMNS = {role: re.compile(text, re.IGNORECASE) for role, text in _COLUMN_WORDS.items()}


def column_role(head: str) -> ColumnRole:
    """What the head of a column says that is in it."""
    text = _SHORTCODE.sub("", _SYMBOL.sub("", head)).strip(" *_:.`[]()")
    for role, pattern in _COLUMNS.items():
        if pattern.fullmatch(text):
            return role
    return "other"


def is_resource_heading(headings: tuple[str, ...]) -> bool:
    """Whether the nearest heading speaks of something other than papers."""
    nearest = headings[-1] if headings else ""
    return bool(_RESOURCES.search(nearest)) and not re.search(
        r"\bpapers?\b|\bsurveys?\b|\barticles?\b|\breviews?\b", nearest, re.IGNORECASE
    )


def words(text: str) -> list[str]:
    """The words of a text, numbers among them."""
    return _WORD.findall(text)


def length(text: str) -> int:
    """How many words a text has; in Chinese and its like, where none are told apart, two signs."""
    return len(words(text)) + len(_WIDE.findall(text)) // 2


def is_label(text: str) -> bool:
    """Whether the text of a link says what kind of link it is, not what the paper is called."""
    bare = _SHORTCODE.sub(" ", text)
    if _ID.fullmatch(bare):
        return True
    found = words(_URL.sub(" ", bare).casefold())
    return len(found) <= 6 and all(
        one in _LABELS or one.isdecimal() or _WIDE_LABEL.fullmatch(one) for one in found
    )


def is_title_like(text: str, least: int = 3) -> bool:
    """Whether a text can be a title: enough words, and not an address or a label."""
    bare = _URL.sub(" ", text)
    count = sum(1 for one in words(bare) if _LETTERS.search(one))
    return (count >= least or len(_WIDE.findall(bare)) >= 6) and not is_label(bare)


def tidy(text: str) -> str | None:
    """A title without marks, numbering, quotes and stray signs around it; None for nothing."""
    line = clean_title(_SYMBOL.sub(" ", _SHORTCODE.sub(" ", text[:3000])))
    before = None
    while line != before:
        before = line
        line = _without_edges(_NUMBERING.sub("", line))
        close = _OPENING.get(line[:1])
        if close and line.endswith(close) and close not in line[1:-1]:
            line = line[1:-1]
        elif line[-1:] in "([{" or (line[-1:] in ")]}" and not _balanced(line)):
            line = line[:-1]
        elif line[:1] in ")]}" or (line[:1] in "([{" and not _balanced(line)):
            line = line[1:]
    return line if _LETTERS.search(line) else None


def _without_edges(text: str) -> str:
    """A text without stray signs around it; a quote stays whose other half is inside."""
    bare = _EDGE.sub("", text)
    if not bare:
        return bare
    for left, right in (('"', '"'), ("\u201c", "\u201d")):
        alone = bare.count(left) % 2 if left == right else bare.count(right) - bare.count(left)
        before, behind = text.partition(bare)[::2]
        if alone > 0 and before.endswith(left):
            bare = left + bare
        elif alone and behind.startswith(right):
            bare += right
    return bare


def _balanced(text: str) -> bool:
    return all(text.count(left) == text.count(right) for left, right in ("()", "[]", "{}"))


def is_authors(text: str) -> bool:
    """Whether a text is a list of people, not a title or a venue.

    Several names of two words or more, or with initials; "et al." is enough for a short one.
    """
    bare = text[:2000].strip(" .*_()[]")
    if not bare:
        return False
    if _ET_AL.search(bare) and len(words(bare)) <= 8:
        return True
    parts = [part for part in _NAME_JOINT.split(_ET_AL.sub("", bare)) if part.strip(" .")]
    if any(word.casefold() in _NO_NAME for part in parts for word in words(part)):
        return False
    names = [part for part in parts if _is_name(part)]
    whole = [p for p in names if " " in p.strip() or _INITIALS.match(p) or _WIDE.match(p)]
    return len(parts) > 1 and len(names) >= 0.8 * len(parts) and len(whole) >= 0.5 * len(parts)


def _is_name(text: str) -> bool:
    found = text.strip(" .*\u2020\u2021").split()
    if _WIDE.search(text):
        return all(_WIDE_NAME.match(part) for part in found)
    return 0 < len(found) <= 5 and all(_NAME_PART.match(part) for part in found)

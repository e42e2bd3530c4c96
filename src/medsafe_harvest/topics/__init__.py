"""Topics of a paper by rules that a curator edits, each with its evidence."""

from medsafe_harvest.topics.rules import TopicConfig
from medsafe_harvest.topics.tag import COLUMNS, Match, Tagger, Verdict

__all__ = ["COLUMNS", "Match", "Tagger", "TopicConfig", "Verdict"]

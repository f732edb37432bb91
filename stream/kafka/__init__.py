"""The log on Kafka, for more than one machine. Imported only where the stream's URL asks for it."""

from __future__ import annotations

from stream.kafka.address import Address, Login, parse
from stream.kafka.log import KafkaLog

__all__ = ["Address", "KafkaLog", "Login", "parse"]

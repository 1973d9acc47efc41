"""Where results go: JSON Lines, CSV, Parquet or standard output."""

from mien.sinks.lines import JsonLinesSink
from mien.sinks.sink import Sink, open_sink
from mien.sinks.tables import CsvSink, ParquetSink

__all__ = ["CsvSink", "JsonLinesSink", "ParquetSink", "Sink", "open_sink"]

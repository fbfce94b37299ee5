"""What is known about actors and addresses, appended to Activities."""

from wheeltapper.enrich.directory import Directory, Person
from wheeltapper.enrich.enricher import Enricher

__all__ = ["Directory", "Enricher", "Person"]

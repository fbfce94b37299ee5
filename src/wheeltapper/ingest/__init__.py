"""Files become native records, native records become Activities."""

from wheeltapper.ingest.batch import Batch, Progress, Reject
from wheeltapper.ingest.kinds import Sources
from wheeltapper.ingest.pipeline import expanded, read

__all__ = ["Batch", "Progress", "Reject", "Sources", "expanded", "read"]

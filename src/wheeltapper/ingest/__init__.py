"""Files become native records, native records become Activities."""

"""Rules, statistics and models: each reads Activities and writes Findings."""

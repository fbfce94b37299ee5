"""Plumbing: shard, order, schedule, checkpoint, deliver. No detection logic here."""

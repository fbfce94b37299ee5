"""Learned models: ONNX files with a card, run like any detector."""

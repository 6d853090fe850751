"""The publisher: prints what was measured; it computes no number."""

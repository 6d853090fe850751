"""A report in, signed statements out; claims held against measurements.

Takes: a report, graded transcripts, keys, and what others claimed. Gives: envelopes ready for a log, openings, and the
honest version of a claim. Never: measures, or changes a number.
"""

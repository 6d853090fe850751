"""What is asked, and what counts as having obtained it.

Takes: the name of the shipped suite, a path, or bytes in the suite format (spec/suite.md). Gives: a `record.Suite`, and
its canonical bytes. Never: asks, grades, or repairs a file: what breaks the format is refused with line and mend.
"""

from counterproof.measure.suite._draft import FAMILIES, FORMAT
from counterproof.measure.suite._lines import MAX_FILE_BYTES, MAX_LINE_BYTES
from counterproof.measure.suite._load import SHIPPED, load
from counterproof.measure.suite._parse import parse, read
from counterproof.measure.suite._write import write

__all__ = ["FAMILIES", "FORMAT", "MAX_FILE_BYTES", "MAX_LINE_BYTES", "SHIPPED", "load", "parse", "read", "write"]

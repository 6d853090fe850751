"""One parser under atheris, until so many inputs are done or one breaks the property: `python -m fuzz.child NAME ...`.

All further arguments are libFuzzer's.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Does not return: libFuzzer ends the process."""
    import atheris  # noqa: PLC0415 -- in an environment of its own; see the Makefile

    with atheris.instrument_imports(include=["counterproof"]):
        from fuzz.parsers import parsers  # noqa: PLC0415 -- instrumented as it is imported

    found = {parser.name: parser for parser in parsers()}[sys.argv[1]]

    def one_input(data: bytes) -> None:
        found.accepts(data)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

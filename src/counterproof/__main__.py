"""`python -m counterproof` is `counterproof`."""

from counterproof.cli import main

if __name__ == "__main__":
    main(prog_name="counterproof")

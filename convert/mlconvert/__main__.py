"""`python -m mlconvert`."""

from mlconvert.cli import main

main()

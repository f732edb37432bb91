"""``python -m shenava``."""

from shenava.cli import main

main()

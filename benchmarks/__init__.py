"""Figures that `shenava bench NAME` measures; each module has one `run`."""

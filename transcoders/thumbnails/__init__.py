"""Thumbnails: frames judged by what they show, cut to shapes, and with a title set over them.

`asking` is the parent's side and, with `wanted` and `choosing`, all that others import: the rest is
the program that is run as a child.
"""

"""Pictures: what is in one, and everything that is made of it, in a child process.

`asking` is the parent's side and the only module that others import; `child` is the program, and
the rest is what it consists of. Nothing here but the child's own modules imports Pillow, numpy or
OpenCV.
"""

"""Where shots change: frames made tiny by ffmpeg, then judged by numpy, each in a child.

`asking` is the parent's side and the only module that others import.
"""

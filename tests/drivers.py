"""A program in ffmpeg's place whose NVENC does as it is told; all else is the real ffmpeg's work.

What works is done by x264: a stand-in for a device that this machine may not have.
"""

import sys
from pathlib import Path
from typing import Final

from transcoders.tools import Tools, find_tools

_PROGRAM: Final = """
import os, signal, sys, time
behaviour, real, log = sys.argv[1:4]
words = sys.argv[4:]
if not any(word.endswith("_nvenc") for word in words):
    os.execv(real, [real, *words])
with open(log, "a") as file:
    file.write("trial\\n")
files = [word for word in words if word.endswith(".mp4")]
what, _, value = behaviour.partition("=")
if what == "sessions":
    what, value = ("works", "") if len(files) <= int(value) else ("says", NO_SESSION)
if what == "hangs":
    time.sleep(600)
if what == "crashes":
    os.kill(os.getpid(), signal.SIGABRT)
if what == "says":
    sys.exit(value)
if what == "nothing":
    sys.exit(0)
if what == "garbage":
    for path in files:
        with open(path, "wb") as file:
            file.write(os.urandom(5000))
    sys.exit(0)
nvenc = "preset tune rc cq b:v no-scenecut forced-idr force_key_frames".split()
command, number, pairs = [real], 0, iter(words)
for word in pairs:
    if word.lstrip("-") in nvenc:
        next(pairs)
        continue
    if word.endswith("_nvenc"):
        word = "libx264"
    if what == "black" and "testsrc2" in word:
        word = word.replace("testsrc2", "color=black", 1).replace("color=black=", "color=black:")
    if word in files:
        command += ["-preset", "ultrafast", "-x264-params", "scenecut=0"]
        if what == "loses":
            command += ["-frames:v", "20"]
        if what == "keyframes":
            command += ["-g", "250"]
        if what == "opens":
            command += ["-flags:v", "-cgop", "-bf", "3", "-x264-params", "scenecut=0:open-gop=1"]
        if what == "differs":
            command += ["-refs", str(1 + files.index(word))]
    command.append(word)
os.execv(real, command)
"""
NO_SESSION: Final = (
    "[h264_nvenc @ 0x5a] OpenEncodeSessionEx failed: out of memory (10): (no details)"
)


class Driver:
    """A stand-in; `behaviour` is one that the program above knows, such as `hangs`."""

    def __init__(self, folder: Path, behaviour: str) -> None:
        """Writes the program into `folder`."""
        real = find_tools()
        self._log = folder / "trials.log"
        script = folder / "driver.py"
        script.write_text(_PROGRAM.replace("NO_SESSION", repr(NO_SESSION)))
        self.program = folder / "ffmpeg"
        words = (sys.executable, script, behaviour, real.ffmpeg, self._log)
        quoted = " ".join("'" + str(word).replace("'", "'\\''") + "'" for word in words)
        self.program.write_text(f'#!/bin/sh\nexec {quoted} "$@"\n')
        self.program.chmod(0o755)

    @property
    def tools(self) -> Tools:
        """With this program as ffmpeg."""
        return find_tools(str(self.program))

    @property
    def trials(self) -> int:
        """How often it was asked to encode."""
        return len(self._log.read_text().splitlines()) if self._log.exists() else 0

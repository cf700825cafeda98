"""ffmpeg: finding it, probing with it, the commands given to it, and what it packaged."""

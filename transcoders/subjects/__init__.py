"""Whom a crop follows: faces, else what stands out, in frames that are looked at in a child."""

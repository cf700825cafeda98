"""Devices: what a browser calls itself, as people say it, and whether somebody has used it before.

Nothing here is proof of anything: it decides whether a mail is sent.
"""

import re
from typing import Final

from services.arrivals import Arrival
from services.limits import network_of

_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"), ("Chrom", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("Windows", "Windows"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"),
    ("CrOS", "ChromeOS"), ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def said(agent: str | None) -> str:
    """Firefox on Linux, say; the same for every version."""
    if not agent:
        return "an unknown program"
    browser = next((name for sign, name in _BROWSERS if sign in agent), None)
    system = next((name for sign, name in _SYSTEMS if sign in agent), None)
    if browser is None:
        program = re.match(r"[A-Za-z][\w.-]{0,39}", agent)
        browser = program[0] if program else "an unknown program"
    return f"{browser} on {system}" if system else browser


def is_new(arrival: Arrival, address: str | None, agent: str | None) -> bool:
    """Whether somebody who has been here comes with another device, or from another network."""
    if not arrival.places:
        return False
    devices = {said(known) for known, _ in arrival.places}
    networks = {network_of(known or None, wide=True) for _, known in arrival.places}
    return said(agent) not in devices or network_of(address, wide=True) not in networks

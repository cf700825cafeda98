"""DASH manifests (ISO/IEC 23009-1): what the packager wrote, and what it leaves out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final
from xml.etree import ElementTree as ET

_NAMESPACE: Final = "urn:mpeg:dash:schema:mpd:2011"
_SET: Final = f"{{{_NAMESPACE}}}AdaptationSet"
_REPRESENTATION: Final = f"{{{_NAMESPACE}}}Representation"
_ADDRESS: Final = f"{{{_NAMESPACE}}}BaseURL"
_LABEL: Final = f"{{{_NAMESPACE}}}Label"
_ROLE: Final = f"{{{_NAMESPACE}}}Role"
_PERIOD: Final = f"{{{_NAMESPACE}}}Period"
_ROLES: Final = "urn:mpeg:dash:role:2011"

ET.register_namespace("", _NAMESPACE)


@dataclass(frozen=True, slots=True)
class Captions:
    """A WebVTT file in one language; `spoken` where it writes down what is heard."""

    uri: str
    name: str
    language: str
    bandwidth: int
    default: bool = False
    spoken: bool = True


def codecs(manifest: str) -> dict[str, str]:
    """The RFC 6381 name of each file's codec, by the file's name."""
    root = ET.fromstring(manifest)  # noqa: S314 - our own program wrote it
    return {
        each.findtext(_ADDRESS, ""): each.get("codecs", "") for each in root.iter(_REPRESENTATION)
    }


def finished(manifest: str, labels: Mapping[str, str]) -> str:
    """The manifest with names for people in place of `labels`' keys, and without a comment.

    Pictures are said to begin each segment with a keyframe of a closed group, as the on-demand
    profile wants it said (8.3.3), and frame rates are reduced.
    """
    root = ET.fromstring(manifest)  # noqa: S314 - our own program wrote it
    for each in root.iter():
        rate = each.get("frameRate")
        if rate:
            each.set("frameRate", str(Fraction(rate)))
        if each.tag == _SET and each.get("contentType") == "video":
            each.set("subsegmentStartsWithSAP", "1")
        elif each.tag == _LABEL:
            each.text = labels.get(each.text or "", each.text)
    return _text(root)


def with_captions(manifest: str, captions: Sequence[Captions]) -> str:
    """The manifest with a set for each file of captions, which players load whole."""
    root = ET.fromstring(manifest)  # noqa: S314 - our own program wrote it
    period = root.find(_PERIOD)
    assert period is not None
    for number, one in enumerate(captions, len(period.findall(_SET))):
        found = ET.SubElement(
            period,
            _SET,
            {
                "id": str(number),
                "contentType": "text",
                "mimeType": "text/vtt",
                "lang": one.language,
            },
        )
        roles = ["caption" if one.spoken else "subtitle", *(["main"] if one.default else ())]
        for role in roles:
            ET.SubElement(found, _ROLE, {"schemeIdUri": _ROLES, "value": role})
        ET.SubElement(found, _LABEL).text = one.name
        name = f"captions-{one.language}-{number}"
        representation = ET.SubElement(
            found, _REPRESENTATION, {"id": name, "bandwidth": str(max(1, one.bandwidth))}
        )
        ET.SubElement(representation, _ADDRESS).text = one.uri
    return _text(root)


def _text(root: ET.Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"

"""Languages: what files call them, as the tags of players (BCP 47), and as names for people."""

import re
from typing import Final

# ISO 639: two letters, three letters, the bibliographic three letters where they differ, a name.
_TABLE: Final = """
aa aar Afar; ab abk Abkhazian; ae ave Avestan; af afr Afrikaans; ak aka Akan; am amh Amharic;
an arg Aragonese; ar ara Arabic; as asm Assamese; av ava Avaric; ay aym Aymara;
az aze Azerbaijani; ba bak Bashkir; be bel Belarusian; bg bul Bulgarian; bh bih Bihari languages;
bi bis Bislama; bm bam Bambara; bn ben Bangla; bo bod tib Tibetan; br bre Breton; bs bos Bosnian;
ca cat Catalan; ce che Chechen; ch cha Chamorro; co cos Corsican; cr cre Cree; cs ces cze Czech;
cu chu Church Slavic; cv chv Chuvash; cy cym wel Welsh; da dan Danish; de deu ger German;
dv div Divehi; dz dzo Dzongkha; ee ewe Ewe; el ell gre Greek; en eng English; eo epo Esperanto;
es spa Spanish; et est Estonian; eu eus baq Basque; fa fas per Persian; ff ful Fulah;
fi fin Finnish; fj fij Fijian; fo fao Faroese; fr fra fre French; fy fry Western Frisian;
ga gle Irish; gd gla Scottish Gaelic; gl glg Galician; gn grn Guarani; gu guj Gujarati;
gv glv Manx; ha hau Hausa; he heb Hebrew; hi hin Hindi; ho hmo Hiri Motu; hr hrv Croatian;
ht hat Haitian Creole; hu hun Hungarian; hy hye arm Armenian; hz her Herero; ia ina Interlingua;
id ind Indonesian; ie ile Interlingue; ig ibo Igbo; ii iii Sichuan Yi; ik ipk Inupiaq;
io ido Ido; is isl ice Icelandic; it ita Italian; iu iku Inuktitut; ja jpn Japanese;
jv jav Javanese; ka kat geo Georgian; kg kon Kongo; ki kik Kikuyu; kj kua Kuanyama;
kk kaz Kazakh; kl kal Greenlandic; km khm Central Khmer; kn kan Kannada; ko kor Korean;
kr kau Kanuri; ks kas Kashmiri; ku kur Kurdish; kv kom Komi; kw cor Cornish; ky kir Kyrgyz;
la lat Latin; lb ltz Luxembourgish; lg lug Ganda; li lim Limburgish; ln lin Lingala; lo lao Lao;
lt lit Lithuanian; lu lub Luba-Katanga; lv lav Latvian; mg mlg Malagasy; mh mah Marshallese;
mi mri mao Maori; mk mkd mac Macedonian; ml mal Malayalam; mn mon Mongolian; mr mar Marathi;
ms msa may Malay; mt mlt Maltese; my mya bur Burmese; na nau Nauru; nb nob Norwegian Bokmål;
nd nde North Ndebele; ne nep Nepali; ng ndo Ndonga; nl nld dut Dutch; nn nno Norwegian Nynorsk;
no nor Norwegian; nr nbl South Ndebele; nv nav Navajo; ny nya Chichewa; oc oci Occitan;
oj oji Ojibwa; om orm Oromo; or ori Oriya; os oss Ossetian; pa pan Punjabi; pi pli Pali;
pl pol Polish; ps pus Pashto; pt por Portuguese; qu que Quechua; rm roh Romansh; rn run Rundi;
ro ron rum Romanian; ru rus Russian; rw kin Kinyarwanda; sa san Sanskrit; sc srd Sardinian;
sd snd Sindhi; se sme Northern Sami; sg sag Sango; si sin Sinhala; sk slk slo Slovak;
sl slv Slovenian; sm smo Samoan; sn sna Shona; so som Somali; sq sqi alb Albanian;
sr srp Serbian; ss ssw Swati; st sot Southern Sotho; su sun Sundanese; sv swe Swedish;
sw swa Swahili; ta tam Tamil; te tel Telugu; tg tgk Tajik; th tha Thai; ti tir Tigrinya;
tk tuk Turkmen; tl tgl Tagalog; tn tsn Tswana; to ton Tonga; tr tur Turkish; ts tso Tsonga;
tt tat Tatar; tw twi Twi; ty tah Tahitian; ug uig Uyghur; uk ukr Ukrainian; ur urd Urdu;
uz uzb Uzbek; ve ven Venda; vi vie Vietnamese; vo vol Volapük; wa wln Walloon; wo wol Wolof;
xh xho Xhosa; yi yid Yiddish; yo yor Yoruba; za zha Zhuang; zh zho chi Chinese; zu zul Zulu
"""

_TAG: Final = re.compile(r"([a-z]{2,3})((?:-[a-z0-9]{2,8})*)")
_NONE: Final = ("und", "mis", "mul")
_SHORT: Final[dict[str, str]] = {}
_LONG: Final[dict[str, str]] = {}
_NAMES: Final[dict[str, str]] = {}
for _entry in _TABLE.split(";"):
    _codes, _name = re.split(r" (?=[A-Z])", _entry.strip(), maxsplit=1)
    _short, *_longer = _codes.split(" ")
    _NAMES[_short], _LONG[_short] = _name, _longer[0]
    _SHORT.update(dict.fromkeys((_short, *_longer), _short))


def tag(told: str | None) -> str | None:
    """A language as its shortest tag: `eng`, `en` and `EN` are `en`, `por_br` is `pt-BR`.

    None where nothing, no language or no such thing is told.
    """
    found = _TAG.fullmatch((told or "").strip().lower().replace("_", "-"))
    if found is None or found[1] in _NONE:
        return None
    language = _SHORT.get(found[1], found[1])
    if len(language) == 2 and language not in _LONG:
        return None
    return "-".join([language, *(_subtag(part) for part in found[2].split("-")[1:])])


def tags() -> tuple[str, ...]:
    """Every language of two letters."""
    return tuple(_NAMES)


def _subtag(part: str) -> str:
    """Of letters: two are a region, four a script (RFC 5646, 2.1.1)."""
    if part.isalpha() and len(part) in (2, 4):
        return part.upper() if len(part) == 2 else part.capitalize()
    return part


def three_letters(language: str | None) -> str:
    """A tag as MP4 has it (ISO 639-2/T); `und` for None."""
    if language is None:
        return "und"
    short = language.partition("-")[0]
    return _LONG.get(short, short)


def name(language: str) -> str:
    """A tag for people: `English`, `Portuguese (BR)`; what is not in the table stays a tag."""
    short, _, rest = language.partition("-")
    if short not in _NAMES:
        return language
    return f"{_NAMES[short]} ({rest})" if rest else _NAMES[short]

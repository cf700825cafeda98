"""Words that hold on to their neighbours, as data; all in lower case.

`LEADING` begin a phrase (articles, prepositions, conjunctions, auxiliaries): a break before one is
good, one after it is bad. Languages that are not here are cut by punctuation and silence alone.
"""

from typing import Final


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_EN: Final = """a an the this that these those my your his her its our their some any no every each
of in on at to for from with by about into over under between through during without within
against toward towards upon than as and or but nor so because although though while if when
where which who whom whose is are was were be been being am has have had do does did will would
can could shall should may might must not very more most"""
_DE: Final = """der die das den dem des ein eine einen einem einer eines mein meine dein sein seine
ihr ihre unser kein keine in im an am auf aus bei beim mit nach von vom zu zum zur für über unter
vor hinter durch gegen ohne um zwischen und oder aber denn weil dass wenn als ob sehr nicht"""
_FR: Final = """le la les l' un une des du de d' au aux ce cet cette ces mon ma mes ton ta tes
son sa ses notre nos votre vos leur leurs à dans en sur sous par pour avec sans
entre vers chez et ou mais donc car que qui dont où si quand comme ne pas très
plus"""
_ES: Final = """el la los las un una unos unas mi mis tu tus su sus nuestro nuestra este esta estos
estas ese esa de del a al en con por para sin sobre entre hasta desde y e o u pero porque que
quien cuando donde si como no muy más"""
_IT: Final = """il lo la i gli le un uno una mio mia tuo tua suo sua di del della dei delle a al
alla da dal dalla in nel nella con su sul sulla per tra fra e o ma perché che
chi quando dove se come non molto più"""
_PT: Final = """o a os as um uma uns umas meu minha seu sua de do da dos das em no na nos nas por
pelo pela para com sem sobre entre até e ou mas porque que quem quando onde se como não muito
mais"""
_NL: Final = """de het een mijn jouw zijn haar ons onze hun in op aan bij met naar van voor over
onder door tegen zonder om tussen en of maar want omdat dat die als niet heel zeer"""
_RU: Final = """в во на с со к ко о об от до из за под над при про для без через между и или но а
что чтобы если когда где который как не ни очень"""

LEADING: Final[dict[str, frozenset[str]]] = {
    language: _set(words)
    for language, words in (
        ("en", _EN), ("de", _DE), ("fr", _FR), ("es", _ES), ("it", _IT), ("pt", _PT),
        ("nl", _NL), ("ru", _RU),
    )
}  # fmt: skip

# What stands before a name, and is no end of a sentence although it has a point.
TITLES: Final = _set(
    """mr mrs ms mx dr prof sir st sgt capt lt col gen rev hon jr sr mme mlle m. sig sra hr fr herr
    frau señor señora monsieur madame president professor doctor captain господин"""
)
# What stands before a number.
NUMBERED: Final = _set(
    """no nos nr nº № number chapter section page version vol fig figure part episode season level
    route highway room gate flight $ € £ ¥"""
)
# What stands after one.
UNITS: Final = _set(
    """% percent per-cent hundred thousand million millions billion billions trillion dozen dollar
    dollars cent cents euro euros pound pounds yen $ € £ ¥ usd eur gbp mm cm m km metre metres
    meter meters kilometre kilometres kilometer kilometers inch inches foot feet ft yard yards
    mile miles mph km/h kph mg g kg gram grams kilo kilos kilogram kilograms ton tons tonne
    tonnes lb lbs oz ounce ounces ml l litre litres liter liters gallon gallons s sec second
    seconds min minute minutes h hr hour hours day days week weeks month months year years am pm
    a.m p.m o'clock degree degrees celsius fahrenheit °c °f hz khz mhz ghz kb mb gb tb w kw mw v
    volt volts watt watts x times prozent millionen milliarden tausend hundert stunden minuten
    sekunden jahre tage uhr millions milliards mille pour cent heures jours ans millones mil por
    ciento horas días años milhões mil anos horas dias milioni mila ore giorni anni miljoen
    miljard procent uur jaar dagen тысяч миллионов процентов лет рублей"""
)
MONTHS: Final = _set(
    """january february march april may june july august september october november december jan
    feb mar apr jun jul aug sep sept oct nov dec januar februar märz mai juni juli oktober
    dezember janvier février mars avril juin juillet août septembre octobre novembre décembre
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre janeiro fevereiro
    março maio junho julho setembro outubro novembro dezembro januari februari maart mei
    augustus января февраля марта апреля мая июня июля августа сентября октября ноября декабря"""
)
# Capitals that are no name at the beginning of a sentence, beside what is `LEADING`.
OPENERS: Final = _set(
    """i i'm i'll i've i'd we we're we'll we've you you're he she it it's they there here what how
    why yes well now then also oh okay ok please let let's just only even never always maybe ich
    wir sie er es ja nein also je il elle nous vous on c'est oui non yo él ella sí eu ele ela
    sim io lui lei sì ik wij jij я мы вы он она они да нет это"""
)

"""What names are about, in whichever of five languages they are."""

from collections.abc import Iterable
import re
from typing import Final
import unicodedata

SOLAR: Final = "solar"
BATTERY: Final = "battery"
GRID: Final = "grid"
GAS: Final = "gas"
WATER: Final = "water"
HOUSEHOLD: Final = "household"
HOME: Final = "home"
CAR: Final = "car"
CONSUMPTION: Final = "consumption"
PRODUCTION: Final = "production"
LEVEL: Final = "level"
UNMEASURED: Final = "unmeasured"
"""What somebody foresees, wants or allows."""
_FILLER: Final = "filler"

_MEASURES: Final = {
    LEVEL: (
        "level soc ladestand fullstand laadstand laadniveau niveau nivel "
        "batterijniveau batterieladestand"
    ),
    "power": (
        "power leistung vermogen puissance potencia batterijvermogen "
        "batterieleistung solarleistung pvleistung netzleistung zonnevermogen w kw mw"
    ),
    "energy": "energy energie energia wh kwh mwh",
    "temperature": "temperature temperatur temperatuur temperatura temp buitentemperatuur "
    "aussentemperatur",
    "humidity": (
        "humidity vochtigheid luchtvochtigheid feuchte feuchtigkeit luftfeuchtigkeit "
        "luftfeuchte humidite humedad"
    ),
    "flow": "flow durchfluss debiet debit caudal",
    "speed": "speed geschwindigkeit snelheid vitesse velocidad",
    "irradiance": (
        "irradiance irradiation strahlung einstrahlung instraling irradiancia"
    ),
}
_DIRECTIONS: Final = {
    CONSUMPTION: (
        "consumption consumed import imported usage charging charge verbruik "
        "verbruikt afname laden geladen opladen verbrauch bezug netzbezug "
        "consommation soutirage importation consumo importacion carga ladeleistung "
        "laadvermogen stromverbrauch stroomverbruik gasverbrauch gasverbruik "
        "wasserverbrauch waterverbruik"
    ),
    PRODUCTION: (
        "production produced export exported feedin injection discharging discharge "
        "generation yield opwek opbrengst productie teruglevering ontladen "
        "erzeugung ertrag einspeisung produktion netzeinspeisung entladen "
        "entladung exportation decharge produccion generacion exportacion descarga "
        "pvproduktion solarproduktion zonneproductie solarertrag pverzeugung"
    ),
}
_OTHERS: Final = {
    UNMEASURED: (
        "forecast predicted prediction planned plan schedule scheduled setpoint target "
        "verwachting verwacht voorspelling gepland planning schema doel vorhersage "
        "prognose geplant fahrplan soll sollwert ziel prevision prevu consigne "
        "programme pronostico previsto planificado programado objetivo maximum max "
        "minimum min limit capacity"
    ),
    _FILLER: (
        "the of a an and in at to from sensor actual current total measured live "
        "de van het een en op naar der die das des von und im am zu le la les du et "
        "au el los las del y actueel huidig totaal gemeten aktuell gesamt gemessen "
        "actuel totale mesure actuelle medido"
    ),
}
# What a thing is tells it apart from others, however it is called.
_THINGS: Final = {
    SOLAR: (
        "solar pv sun photovoltaic photovoltaik solaranlage sonne zon zonnepanelen "
        "zonnepaneel zonnestroom solaire photovoltaique fotovoltaica fotovoltaico "
        "pvproduktion solarproduktion zonneproductie solarertrag pverzeugung "
        "solarleistung pvleistung zonnevermogen panels panelen panneaux paneles"
    ),
    BATTERY: (
        "battery batterij accu batterie akku speicher thuisbatterij bateria "
        "batterijvermogen batterieleistung batterijniveau batterieladestand"
    ),
    GRID: (
        "grid mains net netz stromnetz netaansluiting netzanschluss reseau red "
        "netzbezug netzeinspeisung netzleistung smartmeter"
    ),
    GAS: "gas gaz gasverbrauch gasverbruik gaszahler gasmeter",
    WATER: "water wasser eau agua wasserverbrauch waterverbruik",
    HOUSEHOLD: "household load huishouden huishoudelijk haushalt hauslast foyer hogar",
    HOME: "home house huis haus heim thuis maison casa thuisbatterij",
    CAR: "car ev vehicle auto voertuig fahrzeug voiture vehicule coche vehiculo",
    "charger": (
        "charger evse wallbox laadpaal lader ladestation ladesaule borne chargeur "
        "cargador"
    ),
    "heatpump": "heatpump warmtepomp warmepumpe",
    "boiler": "boiler warmwater warmwasser hotwater chauffeeau calentador",
    "outdoor": (
        "outdoor outside buiten aussen exterieur exterieure exterior "
        "buitentemperatuur aussentemperatur"
    ),
    "indoor": "indoor inside binnen innen interieur interieure interior",
    "bathroom": "bathroom badkamer badezimmer bad bano",
    "roof": "roof dak dach toit tejado",
}

# As they are without accents.
_PHRASES: Final = {
    "state of charge": "soc",
    "etat de charge": "soc",
    "estado de carga": "soc",
    "heat pump": "heatpump",
    "pompe a chaleur": "heatpump",
    "bomba de calor": "heatpump",
    "hot water": "hotwater",
    "eau chaude": "hotwater",
    "agua caliente": "hotwater",
    "chauffe eau": "chauffeeau",
    "feed in": "feedin",
    "salle de bain": "bathroom",
    "cuarto de bano": "bathroom",
}

_GENERIC: Final = frozenset({*_MEASURES, *_DIRECTIONS, *_OTHERS})
_WORD: Final = re.compile(r"[a-z]+|\d+")


def _meanings() -> dict[str, frozenset[str]]:
    meanings: dict[str, frozenset[str]] = {}
    for table in (_MEASURES, _DIRECTIONS, _OTHERS, _THINGS):
        for concept, words in table.items():
            for word in words.split():
                meanings[word] = meanings.get(word, frozenset()) | {concept}
    return meanings


_MEANINGS: Final = _meanings()


def concepts(*names: str | None) -> frozenset[str]:
    """Return what names are about; a word that is not known is about itself."""
    return frozenset(
        concept
        for name in names
        for word in _words(name or "")
        for concept in _MEANINGS.get(word, (word,))
    ) - {_FILLER}


def things(about: Iterable[str]) -> frozenset[str]:
    """Return what tells one thing from another, rather than what is measured of it."""
    return frozenset(about) - _GENERIC


def measures(about: Iterable[str]) -> frozenset[str]:
    """Return what is measured of a thing."""
    return frozenset(about) & _MEASURES.keys()


def _words(name: str) -> list[str]:
    # What was one letter is a letter and its accent then.
    text = unicodedata.normalize("NFKD", name.casefold())
    text = "".join(each for each in text if not unicodedata.combining(each))
    text = f" {' '.join(_WORD.findall(text))} "
    for phrase, word in _PHRASES.items():
        text = text.replace(f" {phrase} ", f" {word} ")
    return text.split()

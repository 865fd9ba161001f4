/** @type {HomeTexts} */
export default {
  overview: "Übersicht",
  home: "Zuhause",
  controls: "Bedienung",
  status: "Status",
  calendar: "Kalender",
  feed: "Feeds",
  meter: "Zähler",
  set: "Festlegen",
  used: "Bisher verbraucht",
  spent: "Bisherige Kosten",
  forecast: "Prognose",
  typical: "Üblicher Monat",
  by_day: "Nach Tagen",
  nothing_yet: "Hier ist noch nichts geplant. Was geplant werden soll, wird unter [Einstellungen, Geräte & Dienste, FlexMeasures]({link}) hinzugefügt.",
};

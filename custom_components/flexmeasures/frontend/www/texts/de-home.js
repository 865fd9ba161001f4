/** @type {HomeTexts} */
export default {
  overview: "Übersicht",
  home: "Zuhause",
  controls: "Bedienung",
  status: "Status",
  calendar: "Kalender",
  feed: "Feeds",
  meter: "Zähler",
  nothing_yet: "Hier ist noch nichts geplant. Was geplant werden soll, wird unter [Einstellungen, Geräte & Dienste, FlexMeasures]({link}) hinzugefügt.",
};

/** @type {HomeTexts} */
export default {
  overview: "Overzicht",
  home: "Huis",
  controls: "Bediening",
  status: "Status",
  calendar: "Kalender",
  feed: "Feeds",
  meter: "Meters",
  set: "Instellen",
  used: "Verbruik tot nu toe",
  spent: "Kosten tot nu toe",
  forecast: "Verwachting",
  typical: "Gewone maand",
  by_day: "Per dag",
  nothing_yet: "Hier is nog niets gepland. Voeg toe wat gepland moet worden bij [Instellingen, Apparaten & diensten, FlexMeasures]({link}).",
};

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
  so_far: "Tot nu toe",
  forecast: "Verwachting",
  typical: "Gewone maand",
  by_day: "Per dag",
  nothing_yet: "Hier is nog niets gepland. Voeg toe wat gepland moet worden bij [Instellingen, Apparaten & diensten, FlexMeasures]({link}).",
};

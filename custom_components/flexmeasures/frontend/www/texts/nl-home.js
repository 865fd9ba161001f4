/** @type {HomeTexts} */
export default {
  overview: "Overzicht",
  home: "Huis",
  controls: "Bediening",
  status: "Status",
  calendar: "Kalender",
  feed: "Feeds",
  meter: "Meters",
  nothing_yet: "Hier is nog niets gepland. Voeg toe wat gepland moet worden bij [Instellingen, Apparaten & diensten, FlexMeasures]({link}).",
};

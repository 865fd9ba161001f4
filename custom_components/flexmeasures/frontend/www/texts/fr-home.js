/** @type {HomeTexts} */
export default {
  overview: "Vue d’ensemble",
  home: "Maison",
  controls: "Commandes",
  status: "État",
  calendar: "Calendrier",
  feed: "Flux",
  meter: "Compteurs",
  set: "Définir",
  used: "Consommé jusqu’ici",
  spent: "Coût jusqu’ici",
  forecast: "Prévision",
  typical: "Mois habituel",
  by_day: "Par jour",
  nothing_yet: "Rien n’est encore planifié ici. Ajoutez ce qui doit l’être dans [Paramètres, Appareils et services, FlexMeasures]({link}).",
};

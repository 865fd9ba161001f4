/** @type {HomeTexts} */
export default {
  overview: "Resumen",
  home: "Casa",
  controls: "Controles",
  status: "Estado",
  calendar: "Calendario",
  feed: "Flujos",
  meter: "Contadores",
  set: "Definir",
  used: "Consumido hasta ahora",
  spent: "Coste hasta ahora",
  forecast: "Previsión",
  typical: "Mes habitual",
  by_day: "Por día",
  nothing_yet: "Aquí aún no hay nada planificado. Añade lo que haya que planificar en [Ajustes, Dispositivos y servicios, FlexMeasures]({link}).",
};

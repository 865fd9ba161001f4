/** @type {HomeTexts} */
export default {
  overview: "Resumen",
  home: "Casa",
  controls: "Controles",
  status: "Estado",
  calendar: "Calendario",
  feed: "Flujos",
  meter: "Contadores",
  nothing_yet: "Aquí aún no hay nada planificado. Añade lo que haya que planificar en [Ajustes, Dispositivos y servicios, FlexMeasures]({link}).",
};

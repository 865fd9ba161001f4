export default {
  overview: "Overview",
  home: "Home",
  controls: "Controls",
  status: "Status",
  calendar: "Calendar",
  feed: "Feeds",
  meter: "Meters",
  nothing_yet: "Nothing is planned here yet. Add what is to be scheduled in [Settings, Devices & services, FlexMeasures]({link}).",
};

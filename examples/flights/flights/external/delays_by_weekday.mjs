// Which days of the week are late: a program for Node.

const { withPipes } = await import("orrery-pipes").catch(
  () => import("../../../../packages/orrery-pipes-js/lib/index.js"), // in the repository it lies there
);

const NAMES = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

await withPipes(async (pipes) => {
  const week = NAMES.map((weekday) => ({ weekday, days: 0, flights: 0, late: 0 }));
  for (const [date, flights, late] of pipes.getExtra("days")) {
    const day = week[new Date(`${date}T00:00:00Z`).getUTCDay()];
    day.days += 1;
    day.flights += flights;
    day.late += late;
  }
  for (const day of week) day.share_late = day.late / day.flights;
  const worst = week.reduce((a, b) => (b.share_late > a.share_late ? b : a));
  pipes.log.info(`the latest day is ${worst.weekday}`);
  pipes.reportCustomMessage(week);
  pipes.reportAssetMaterialization({ metadata: { latest_day: worst.weekday, node: process.version } });
});

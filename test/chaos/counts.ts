/** What a run of a quarter of an hour holds; a shorter one its share. */
const ofFifteenMinutes = {
  /** Created and sent through the api; a tenth of them tells of alerts. */
  notifications: 10_000,
  deletions: 5_000,
  workerKills: 500,
  /** Of those, while the worker held a claim. */
  killsWithClaim: 250,
  /** Of those, between the final dot of a message and the commit of its outcome. */
  killsAfterDot: 100,
  pauses: 300,
  cutLocks: 50,
  postgresStops: 25,
  redisKills: 25,
  redisFlushes: 5,
  apiKills: 50,
  /** Jobs that nobody asked for: of rows as they were, and as they are. */
  strayJobs: 4_000,
};
export type Counts = typeof ofFifteenMinutes;

const none: Counts = {
  notifications: 0,
  deletions: 0,
  workerKills: 0,
  killsWithClaim: 0,
  killsAfterDot: 0,
  pauses: 0,
  cutLocks: 0,
  postgresStops: 0,
  redisKills: 0,
  redisFlushes: 0,
  apiKills: 0,
  strayJobs: 0,
};

/** What the start of everything and its coming to rest take of a run, about. */
const restMinutes = 0.3;

/** How much of everything a run of so many minutes must hold, and at least one of each. */
export function countsOf(minutes: number): Counts {
  const share = (minutes - restMinutes) / (15 - restMinutes);
  const scaled = Object.entries(ofFifteenMinutes).map(([name, count]) => [
    name,
    Math.max(1, Math.ceil(count * share)),
  ]);
  return Object.fromEntries(scaled) as Counts;
}

/** A run in which workers are held for some seconds, and nothing else happens to them. They do half as much then. */
export function pausesOnly(minutes: number): Counts {
  return { ...none, notifications: Math.ceil(countsOf(minutes).notifications / 2), pauses: 150 };
}

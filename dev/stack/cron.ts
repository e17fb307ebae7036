// When a job is due: pg_cron's two forms, `N seconds` and five fields in UTC.

export type Schedule = { everySeconds: number } | { fields: Set<number>[]; anyDay: boolean[] };

const RANGES = [[0, 59], [0, 23], [1, 31], [1, 12], [0, 7]] as const;

function parseField(text: string, [low, high]: readonly [number, number]): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^(\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
    if (!match) throw new Error(`"${part}" is no part of a cron schedule`);
    const from = match[2] === undefined ? low : Number(match[2]);
    const to = match[3] !== undefined ? Number(match[3]) : match[2] === undefined || match[4] ? high : from;
    const step = Number(match[4] ?? 1);
    if (from < low || to > high || from > to || step < 1) throw new Error(`"${part}" is out of range`);
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return values;
}

export function parseSchedule(text: string): Schedule {
  const seconds = /^(\d+)\s+seconds?$/.exec(text.trim());
  if (seconds) return { everySeconds: Number(seconds[1]) };
  const parts = text.trim().split(/\s+/);
  if (parts.length !== 5) throw new Error(`"${text}" has ${parts.length} fields, a schedule has five`);
  const fields = parts.map((part, index) => parseField(part, RANGES[index]!));
  if (fields[4]!.has(7)) fields[4]!.add(0); // both are Sunday
  return { fields, anyDay: [parts[2] === "*", parts[4] === "*"] };
}

/** Whether the job is due at `now`, given when it last started (null: never). */
export function isDue(schedule: Schedule, now: Date, last: Date | null): boolean {
  if ("everySeconds" in schedule) {
    return last === null || now.getTime() - last.getTime() >= schedule.everySeconds * 1000;
  }
  const minute = Math.floor(now.getTime() / 60_000);
  if (last !== null && Math.floor(last.getTime() / 60_000) === minute) return false;
  const [minutes, hours, days, months, weekdays] = schedule.fields as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ];
  const dayOfMonth = days.has(now.getUTCDate());
  const dayOfWeek = weekdays.has(now.getUTCDay());
  const [anyDayOfMonth, anyDayOfWeek] = schedule.anyDay;
  // cron's own rule: where both are restricted, either is enough.
  const day = !anyDayOfMonth && !anyDayOfWeek ? dayOfMonth || dayOfWeek : dayOfMonth && dayOfWeek;
  return minutes.has(now.getUTCMinutes()) && hours.has(now.getUTCHours()) &&
    months.has(now.getUTCMonth() + 1) && day;
}

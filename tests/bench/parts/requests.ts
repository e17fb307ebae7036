// A call's life request by request, over SQL and over the Data API.
import { bench as measureLives } from "../lives.ts";
import { formatTable } from "../measure.ts";
import { type Bench, onServer, type Part, type Server } from "../part.ts";
import type { Report } from "../report.ts";

export const requests: Part = {
  name: "requests",
  about: "a call's life, request by request, over SQL and HTTP",
  run: (bench) => onServer((server) => measureRequests(bench, server)),
};

async function measureRequests({ quick, log }: Bench, { stack }: Server): Promise<Report[]> {
  const { comparisons } = await measureLives({
    env: stack.env,
    seconds: quick ? 0.2 : 2,
    workers: [1, 20],
    log: (line) => log(`requests: ${line}`),
  });
  return [{
    title: "A call's life, request by request",
    rows: formatTable(comparisons).split("\n").map((label) => ({ label, value: "" })),
    note:
      "× baseline: the median beside that of a one-row update (SQL) or a one-row read (HTTP), as many at once.",
  }];
}

// The sweep: reads Stripe's lists whole, a page at a time, and applies every object as it is now.
import type { Walk } from "../_shared/db.ts";
import { isMissingAtStripe, isWorthRepeating } from "../_shared/errors.ts";
import { type KindName, kinds, type Page, type PageParams, unsettled } from "./objects.ts";
import { inParallel, type Run } from "./run.ts";

const PAGE_SIZE = 100;

export async function walkList(walk: Walk, run: Run): Promise<void> {
  const name = walk.name as KindName;
  const kind = kinds[name];
  for (let after = walk.after; run.mayGoOn();) {
    const page = await readPage(walk, after, run, (params) => kind.list(run.stripe, params));
    const ours = page.data.filter(kind.mayBeOurs);
    const news = await unsettled(run.db, name, ours.map(({ id }) => id));
    let held = false;
    await inParallel(ours.filter(({ id }) => news.has(id)), run.limits.concurrency, async (object) => {
      try {
        const applied = await kind.apply(run, object);
        run.counts.objects += 1;
        if (applied.credited) run.counts.credited += 1;
      } catch (error) {
        // One object the database will not take must not keep the others from being read.
        run.fail(error);
        held ||= isWorthRepeating(error);
      }
    });
    if (held) return;
    after = page.data.at(-1)?.id ?? after;
    if (!await run.save(walk.name, page.has_more ? after : null, !page.has_more) || !page.has_more) return;
  }
}

/** A page of what was created within the walk's bounds, newest first. */
export async function readPage<T extends { id: string }>(
  walk: Walk,
  after: string | null,
  run: Run,
  list: (params: PageParams) => Promise<Page<T>>,
): Promise<Page<T>> {
  const params: PageParams = {
    created: { gte: Math.floor(seconds(walk.since)), lte: Math.ceil(seconds(walk.until)) },
    limit: PAGE_SIZE,
  };
  if (after === null) return await run.ask(() => list(params));
  try {
    return await run.ask(() => list({ ...params, starting_after: after }));
  } catch (error) {
    // The object that marked the place is gone: events go after 30 days. Everything is read once more from the top.
    if (!isMissingAtStripe(error)) throw error;
    return await run.ask(() => list(params));
  }
}

const seconds = (instant: string): number => Date.parse(instant) / 1000;

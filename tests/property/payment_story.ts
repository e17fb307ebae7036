// What happens to some payments at Stripe, and what is read of it here, when and how often. Stripe's side is kept in plain
// objects; a reading is a copy of one of them, which may be handed over late.
import fc from "fast-check";

export type Kind = "session" | "refund" | "dispute";
export type Facts = Record<string, unknown> & { id: string };

export interface Account {
  purchases: Record<string, Bought>;
  objects: Map<string, { kind: Kind; facts: Facts }>;
}

export interface Bought {
  name: string;
  user: string;
  purchase: string;
  session: string;
  priceCents: number;
  creditMicros: number;
}

export type Deed =
  | { does: (account: Account, bought: Bought) => void; what: string }
  | { spends: number; what: string };

const put = (account: Account, kind: Kind, facts: Facts) =>
  void account.objects.set(facts.id, { kind, facts });

const change =
  (id: (bought: Bought) => string, patch: Record<string, unknown>) => (account: Account, bought: Bought) => {
    const { kind, facts } = account.objects.get(id(bought))!;
    put(account, kind, { ...facts, ...patch });
  };

const intentOf = ({ purchase }: Bought) => `pi_${purchase.slice(0, 8)}`;
const metadataOf = ({ user, purchase }: Bought) => ({ user_id: user, purchase_id: purchase });

export function openSession(account: Account, bought: Bought): void {
  put(account, "session", {
    id: bought.session,
    created: 1_700_000_000,
    status: "open",
    payment_status: "unpaid",
    mode: "payment",
    livemode: false,
    currency: "usd",
    amount_subtotal: bought.priceCents,
    amount_total: bought.priceCents,
    amount_discount: 0,
    amount_tax: 0,
    client_reference_id: bought.user,
    metadata: metadataOf(bought),
    payment_intent: null,
    payment_intent_status: null,
  });
}

const session = (what: string, patch: Record<string, unknown>): Deed => ({
  what,
  does: (account, bought) =>
    change(({ session }) => session, {
      ...patch,
      payment_intent: patch.status === "expired" ? null : intentOf(bought),
    })(
      account,
      bought,
    ),
});

const paid = session("is paid", {
  status: "complete",
  payment_status: "paid",
  payment_intent_status: "succeeded",
});
const processing = session("is at the bank", {
  status: "complete",
  payment_status: "unpaid",
  payment_intent_status: "processing",
});
const settled = session("has settled", { payment_status: "paid", payment_intent_status: "succeeded" });
const failed = session("has failed", { payment_intent_status: "requires_payment_method" });
const expired = session("has expired", { status: "expired" });

const named = (kind: string, name: string) => ({ purchase }: Bought) =>
  `${kind}_${purchase.slice(0, 8)}_${name}`;

function refund(name: string, amount: number, status: string): Deed {
  return {
    what: `refund ${name} of ${amount} is ${status}`,
    does: (account, bought) =>
      put(account, "refund", {
        id: named("re", name)(bought),
        created: 1_700_000_100,
        status,
        amount,
        currency: "usd",
        charge: null,
        payment_intent: intentOf(bought),
        reason: null,
        failure_reason: null,
        livemode: false,
        metadata: {},
        payment_intent_metadata: metadataOf(bought),
      }),
  };
}

/** `moved` are all its movements so far, in cents: withdrawals are negative. */
function dispute(name: string, amount: number, status: string, moved: number[]): Deed {
  return {
    what: `dispute ${name} of ${amount} is ${status}`,
    does: (account, bought) =>
      put(account, "dispute", {
        id: named("du", name)(bought),
        created: 1_700_000_200,
        status,
        amount,
        currency: "usd",
        charge: null,
        payment_intent: intentOf(bought),
        reason: "fraudulent",
        livemode: false,
        payment_intent_metadata: metadataOf(bought),
        balance_transactions: moved.map((cents, index) => ({
          id: `txn_${index}`,
          amount: cents,
          currency: "usd",
          fee: 1500,
        })),
      }),
  };
}

/** What becomes of each purchase, in its own order; how the purchases mix is drawn. */
export const LIVES: Record<string, Deed[]> = {
  card: [
    paid,
    { what: "has its credit spent in part", spends: 6_000_000 },
    refund("one", 250, "pending"),
    refund("one", 250, "succeeded"),
    refund("two", 750, "succeeded"),
    refund("two", 750, "failed"),
    dispute("ask", 1000, "warning_needs_response", []),
    dispute("ask", 1000, "warning_closed", []),
    refund("three", 750, "succeeded"),
  ],
  bank: [
    processing,
    settled,
    dispute("one", 2000, "needs_response", []),
    dispute("one", 2000, "needs_response", [-2000]),
    dispute("one", 2000, "under_review", [-2000]),
    dispute("one", 2000, "won", [-2000, 2000]),
    dispute("one", 2000, "lost", [-2000, 2000, -2000]),
    dispute("one", 2000, "won", [-2000, 2000, -2000, 2000]),
  ],
  bonus: [
    paid,
    refund("part", 33, "succeeded"),
    dispute("rest", 75, "needs_response", [-75]),
    refund("part", 33, "failed"),
    dispute("rest", 75, "lost", [-75]),
  ],
  replaced: [
    paid,
    dispute("more", 700, "needs_response", [-700]),
    dispute("more", 700, "won", [-700, 700]),
    dispute("more", 700, "lost", [-700, 700, -700]),
  ],
  bounced: [processing, failed],
  forgotten: [expired],
};

export interface Reading {
  /** Before which deed of the whole it happens, as a part of the way. */
  at: number;
  /** Which object there is then. */
  which: number;
  /** How many deeds pass before it is handed over; 0 is at once. */
  late: number;
}

export interface Telling {
  /** The order in which the purchases' deeds mix: each number picks one that has deeds left. */
  mix: number[];
  readings: Reading[];
  /** The order of the last readings, of everything as it is in the end. */
  last: number[];
}

const COUNT = Object.values(LIVES).flat().length;
const picks = (length: number) => fc.array(fc.nat(1_000_000), { minLength: length, maxLength: length });

export const tellings: fc.Arbitrary<Telling> = fc.record({
  mix: picks(COUNT),
  readings: fc.array(
    fc.record({ at: fc.nat(COUNT), which: fc.nat(1_000_000), late: fc.oneof(fc.constant(0), fc.nat(8)) }),
    { maxLength: 60 },
  ),
  last: picks(40),
});

export type Act = { apply: Kind; facts: Facts } | { spend: number; user: string; purchase: string };

/** The telling as the acts that reach the database, in order. */
export function acts(telling: Telling, account: Account): Act[] {
  const happened: Act[] = [];
  const later: { after: number; act: Act }[] = [];
  const left = new Map(Object.entries(LIVES).map(([name, deeds]) => [name, [...deeds]]));
  for (let deed = 0; deed <= COUNT; deed += 1) {
    for (const { act } of later.filter(({ after }) => after === deed)) happened.push(act);
    for (const { which, late } of telling.readings.filter(({ at }) => at === deed)) {
      const all = [...account.objects.values()];
      const { kind, facts } = all[which % all.length]!;
      const act: Act = { apply: kind, facts };
      if (late > 0 && deed + late <= COUNT) later.push({ after: deed + late, act });
      else happened.push(act);
    }
    if (deed < COUNT) happened.push(...next(telling.mix[deed]!, left, account));
  }
  const ends = [...account.objects.values()].map(({ kind, facts }): Act => ({ apply: kind, facts }));
  return [...happened, ...shuffled(ends, telling.last)];
}

function next(pick: number, left: Map<string, Deed[]>, account: Account): Act[] {
  const waiting = [...left].filter(([, deeds]) => deeds.length > 0);
  const [name, deeds] = waiting[pick % waiting.length]!;
  const bought = account.purchases[name]!;
  const deed = deeds.shift()!;
  if ("does" in deed) {
    deed.does(account, bought);
    return [];
  }
  // What is spent was credited: the person saw the balance.
  const { facts } = account.objects.get(bought.session)!;
  return [{ apply: "session", facts }, { spend: deed.spends, user: bought.user, purchase: bought.purchase }];
}

/** In an order of its own, some of it twice. */
function shuffled(items: Act[], order: number[]): Act[] {
  const rest = [...items];
  const mixed: Act[] = [];
  for (const pick of order) {
    if (rest.length === 0) break;
    mixed.push(...rest.splice(pick % rest.length, 1));
    if (pick % 5 === 0) mixed.push(mixed[pick % mixed.length]!);
  }
  return [...mixed, ...rest];
}

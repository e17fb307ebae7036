import { afterDelayedPayment, expireSession } from "./checkout.ts";
import { collect } from "./collecting.ts";
import { failPayment, settlePayment } from "./payments.ts";
import { type DisputeOptions, openDispute } from "./resources/disputes.ts";
import { failRefund, settleRefund } from "./resources/refunds.ts";
import type { Simulator } from "./simulator.ts";
import { renew } from "./subscriptions.ts";
import type { Task } from "./types.ts";

/** Does what has fallen due, in order and each as of its own time. Called before every request is handled. */
export function runDueTasks(sim: Simulator): void {
  const cause = sim.events.cause;
  sim.events.cause = null;
  // A task may schedule another that is due before the rest.
  for (let task = sim.dueTask(); task; task = sim.dueTask()) {
    const due = task;
    sim.store.tasks.remove(due.id);
    sim.clock.during(due.due_at, () => run(sim, due));
  }
  sim.events.cause = cause;
}

function run(sim: Simulator, task: Task): void {
  switch (task.kind) {
    case "expire_session": {
      const session = sim.store.sessions.need(task.target);
      if (session.status === "open") expireSession(sim, session);
      return;
    }
    case "settle_payment":
      return finishDelayed(sim, task.target, null);
    case "fail_payment":
      return finishDelayed(sim, task.target, task.detail);
    case "settle_refund":
      settleRefund(sim, sim.store.refunds.need(task.target));
      return;
    case "fail_refund":
      failRefund(sim, sim.store.refunds.need(task.target));
      return;
    case "renew_subscription":
      return renew(sim, sim.store.subscriptions.need(task.target));
    case "collect_invoice": {
      // A test may have made it disappear.
      const invoice = sim.store.invoices.get(task.target);
      if (invoice) collect(sim, invoice);
      return;
    }
    case "open_dispute": {
      const options = JSON.parse(task.detail ?? "{}") as DisputeOptions;
      openDispute(sim, sim.store.charges.need(task.target), options);
    }
  }
}

/** The bank's answer to a delayed payment; without a failure code it is paid. */
export function finishDelayed(sim: Simulator, intentId: string, failure: string | null): void {
  const intent = sim.store.paymentIntents.need(intentId);
  if (failure === null) settlePayment(sim, intent);
  else failPayment(sim, intent, failure);
  afterDelayedPayment(sim, intent, failure === null);
}

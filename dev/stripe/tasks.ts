import { afterDelayedPayment, expireSession } from "./checkout.ts";
import { failPayment, settlePayment } from "./payments.ts";
import { type DisputeOptions, openDispute } from "./resources/disputes.ts";
import { failRefund, settleRefund } from "./resources/refunds.ts";
import type { Simulator } from "./simulator.ts";
import type { Task } from "./types.ts";

/** Does what has fallen due, in order and each as of its own time. Called before every request is handled. */
export function runDueTasks(sim: Simulator): void {
  const cause = sim.events.cause;
  sim.events.cause = null;
  // A task may schedule another that is due at once.
  for (let due = sim.dueTasks(); due.length > 0; due = sim.dueTasks()) {
    for (const task of due) {
      if (!sim.store.tasks.get(task.id)) continue;
      sim.store.tasks.remove(task.id);
      sim.clock.during(task.due_at, () => run(sim, task));
    }
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

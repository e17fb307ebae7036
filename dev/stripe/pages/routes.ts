import type { Answer, Incoming } from "../http.ts";
import type { Simulator } from "../simulator.ts";
import { runDueTasks } from "../tasks.ts";
import { handleCheckout } from "./checkout_routes.ts";
import { handleConfirmation } from "./confirmation_page.ts";
import { handleHome } from "./home_page.ts";
import { notice } from "./layout.ts";
import { handlePortal } from "./portal_page.ts";
import { invoicePage, receiptPage } from "./receipt_page.ts";

/** Everything a person looks at in a browser. */
export async function handlePage(sim: Simulator, incoming: Incoming): Promise<Answer> {
  runDueTasks(sim);
  const answer = await choose(sim, incoming);
  runDueTasks(sim);
  await sim.store.commit();
  return answer;
}

function choose(sim: Simulator, incoming: Incoming): Answer | Promise<Answer> {
  const path = incoming.url.pathname;
  if (path === "/") return handleHome(sim, incoming);
  if (path.startsWith("/c/pay/")) return handleCheckout(sim, incoming);
  if (path.startsWith("/p/session/")) return handlePortal(sim, incoming);
  if (path.startsWith("/authenticate/")) return handleConfirmation(sim, incoming);
  if (path.startsWith("/receipts/")) return receiptPage(sim, path.slice("/receipts/".length));
  if (path.startsWith("/invoices/")) return invoicePage(sim, path.slice("/invoices/".length));
  return notice("This page does not exist", "Check the link.", null, 404);
}

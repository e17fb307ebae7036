import { ApiError } from "../errors.ts";
import { type Answer, type Incoming, redirect } from "../http.ts";
import {
  addCard,
  cardsOf,
  customerOf,
  defaultCardOf,
  finishAdding,
  makeDefault,
  mayChangeCards,
  removeCard,
} from "../portal.ts";
import type { Saved } from "../checkout_setup.ts";
import { enterPortal } from "../resources/portal.ts";
import type { Simulator } from "../simulator.ts";
import type { PaymentMethod, PortalSession } from "../types.ts";
import {
  cardFrom,
  checkCard,
  emptyValues,
  type FieldErrors,
  fillIn,
  type FormValues,
  withTestCard,
} from "./checkout_form.ts";
import { confirmationPage } from "./confirmation_page.ts";
import { cardFields, placeFields } from "./fields.ts";
import { cardExpiry, cardName } from "./format.ts";
import { notice, page } from "./layout.ts";
import { type Markup, markup, safeLink } from "./markup.ts";
import { testCardHints } from "./test_card_hints.ts";

/** `/p/session/:secret` and what its buttons do. */
export function handlePortal(sim: Simulator, incoming: Incoming): Answer {
  const [secret = "", step = ""] = incoming.url.pathname.slice("/p/session/".length).split("/");
  const session = enterPortal(sim, secret);
  if (!session) {
    return notice("This link has expired", "Go back to the app and open the page again.", null, 404);
  }
  const form = new URLSearchParams(incoming.body);
  try {
    return incoming.method === "POST" ? change(sim, session, step, form) : show(sim, session, step);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const back = markup`<p><a href="${addressOf(session)}">Back</a></p>`;
    return notice("This is not possible", error.body.message, back, error.status);
  }
}

const addressOf = (session: PortalSession) => `/p/session/${session.secret}`;

function show(sim: Simulator, session: PortalSession, step: string): Answer {
  if (step === "done") return donePage(session);
  if (step === "confirm" && session.awaiting) {
    return confirmationPage("Confirm that Talktime may save your card.", `${addressOf(session)}/confirm`);
  }
  if (step === "add" || session.flow) return addPage(sim, session, emptyValues(), {}, null);
  return homePage(sim, session);
}

function change(sim: Simulator, session: PortalSession, step: string, form: URLSearchParams): Answer {
  const id = form.get("payment_method") ?? "";
  switch (step) {
    case "default":
      makeDefault(sim, session, id);
      return redirect(addressOf(session));
    case "remove":
      removeCard(sim, session, id);
      return redirect(addressOf(session));
    case "confirm":
      if (!session.awaiting) return redirect(addressOf(session));
      return afterAdding(
        sim,
        session,
        finishAdding(sim, session, form.get("answer") === "confirm"),
        emptyValues(),
      );
    default:
      return submitCard(sim, session, form);
  }
}

function submitCard(sim: Simulator, session: PortalSession, form: URLSearchParams): Answer {
  const values = fillIn(emptyValues(), form);
  const fill = form.get("fill");
  if (fill !== null) {
    const year = new Date(sim.clock.nowMs()).getUTCFullYear();
    return addPage(sim, session, withTestCard(values, fill, year), {}, null);
  }
  const errors = checkCard(sim, values);
  if (Object.keys(errors).length > 0) return addPage(sim, session, values, errors, null, 422);
  return afterAdding(sim, session, addCard(sim, session, values.card_number, cardFrom(values)), values);
}

function afterAdding(sim: Simulator, session: PortalSession, saved: Saved, values: FormValues): Answer {
  if (saved.kind === "authenticate") return redirect(`${addressOf(session)}/confirm`);
  if (saved.kind === "declined") {
    return addPage(sim, session, { ...values, card_cvc: "" }, {}, saved.message, 402);
  }
  const after = session.flow?.after_completion;
  if (after?.redirect) return redirect(after.redirect.return_url);
  return redirect(after?.type === "hosted_confirmation" ? `${addressOf(session)}/done` : addressOf(session));
}

function homePage(sim: Simulator, session: PortalSession): Answer {
  const cards = cardsOf(sim, session);
  const chosen = defaultCardOf(sim, session);
  const allowed = mayChangeCards(sim, session);
  return page(
    "Your payment methods",
    markup`<section class="card portal">
      ${backLink(session)}
      <p class="small">Talktime${
      customerOf(sim, session).email ? ` · ${customerOf(sim, session).email}` : ""
    }</p>
      <h1>Payment methods</h1>
      ${cards.length === 0 ? markup`<p class="empty">No card is saved.</p>` : null}
      <ul class="cards">${cards.map((card) => cardRow(session, card, card.id === chosen, allowed))}</ul>
      ${allowed ? markup`<p><a href="${addressOf(session)}/add">Add a card</a></p>` : null}
    </section>`,
  );
}

function cardRow(session: PortalSession, card: PaymentMethod, isDefault: boolean, allowed: boolean): Markup {
  const button = (step: string, label: string) =>
    markup`<form method="post" action="${addressOf(session)}/${step}">
      <input type="hidden" name="payment_method" value="${card.id}">
      <button type="submit" aria-label="${label} ${cardName(card)}">${label}</button></form>`;
  return markup`<li><p>${cardName(card)}${isDefault ? markup` <strong>Default</strong>` : null}<br>
      <span class="small">${cardExpiry(card)}</span></p>
    ${
    allowed
      ? markup`<div class="actions">${isDefault ? null : button("default", "Make default")}${
        button("remove", "Remove")
      }</div>`
      : null
  }</li>`;
}

function backLink(session: PortalSession): Markup | null {
  if (!session.return_url) return null;
  return markup`<a class="back" href="${safeLink(session.return_url)}">← Back to Talktime</a>`;
}

function addPage(
  sim: Simulator,
  session: PortalSession,
  values: FormValues,
  errors: FieldErrors,
  problem: string | null,
  status = 200,
): Answer {
  if (!mayChangeCards(sim, session)) return redirect(addressOf(session));
  return page(
    "Add a card",
    markup`<section class="portal">
      ${session.flow ? backLink(session) : markup`<a class="back" href="${addressOf(session)}">← Back</a>`}
      <form class="card" id="card" method="post" action="${addressOf(session)}/add" novalidate>
        <h1>Add a card</h1>
        ${problem ? markup`<div class="alert" role="alert"><p>${problem}</p></div>` : null}
        ${cardFields({ values, errors })}
        ${placeFields({ values, errors })}
        <p class="small">It becomes the card that is charged from now on.</p>
        <button class="primary" type="submit">Add card</button>
      </form>
      ${testCardHints("card")}
    </section>`,
    { status },
  );
}

function donePage(session: PortalSession): Answer {
  const message = session.flow?.after_completion.hosted_confirmation?.custom_message;
  return notice("Your card is saved", message ?? "It is charged from now on.", backLink(session));
}

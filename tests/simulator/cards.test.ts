import assert from "node:assert/strict";
import { isCardNumber, TEST_CARDS } from "../../dev/stripe/cards.ts";
import { openSession, paidSession, withAccount } from "./support.ts";

Deno.test("every test card has a valid number, and numbers and ids of their own", () => {
  for (const card of TEST_CARDS) assert.ok(isCardNumber(card.number), card.number);
  assert.equal(new Set(TEST_CARDS.map((card) => card.number)).size, TEST_CARDS.length);
  assert.equal(new Set(TEST_CARDS.map((card) => card.id)).size, TEST_CARDS.length);
  assert.equal(isCardNumber("4242424242424241"), false);
});

Deno.test("a valid number that is no test card is declined as a live card", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSession(stripe);
    const outcome = await control.payCheckout(id, { card: "4111111111111111" });
    assert.equal(outcome.kind === "declined" && outcome.declineCode, "test_mode_live_card");
  }));

Deno.test("a card says whether it may be shown to its owner again", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const later = await paidSession(account, { payment_intent_data: { setup_future_usage: "off_session" } });
    const { id } = await openSession(stripe, {
      saved_payment_method_options: { payment_method_save: "enabled" },
    });
    await control.payCheckout(id, { save: true });
    const { customer } = await stripe.checkout.sessions.retrieve(id);
    const { data: [saved] } = await stripe.paymentMethods.list({ customer: String(customer) });
    assert.equal(saved?.allow_redisplay, "always");
    const kept = await stripe.paymentMethods.retrieve(String(later.charge.payment_method));
    assert.equal(kept.allow_redisplay, "limited");
  }));

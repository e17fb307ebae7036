// Run by every runtime on the built package, as an app would: sign up, buy, call, read. The argument is a JSON of
// where the stack is. Prints "ok" last; anything that is not as it should be throws.
import assert from "node:assert/strict";
import process from "node:process";
import { createClient } from "@supabase/supabase-js";
import { createTalktime, formatDuration, formatMoney, TalktimeError } from "@talktime/client";

const { url, publishableKey, stripeUrl } = JSON.parse(process.argv.at(-1));
const supabase = createClient(url, publishableKey, {
  auth: { persistSession: false, autoRefreshToken: false },
});
const email = `${crypto.randomUUID()}@example.com`;
const { error: signUpError } = await supabase.auth.signUp({ email, password: "correct horse battery" });
assert.equal(signUpError, null);
const talktime = createTalktime(supabase);

const { error: refused } = await talktime.calls.start("+14155552671");
assert.ok(refused instanceof TalktimeError && refused.code === "insufficient_credit");

const pages = { successUrl: "http://localhost:3000/paid", cancelUrl: "http://localhost:3000/" };
const { data: checkout } = await talktime.purchases.checkout("credit_10", pages);
const paid = await fetch(`${stripeUrl}/_control/pay-checkout`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ session: checkout.purchase.stripeSessionId }),
});
await paid.text();
const { data: verified } = await talktime.purchases.waitUntilFinal({
  purchaseId: checkout.purchase.purchaseId,
});
assert.equal(verified.purchase.status, "paid");
assert.equal(formatMoney(verified.balance.availableMicros, { locale: "en-US" }), "$10.00");

const { data: call } = await talktime.calls.start("+14155552671");
assert.equal(formatDuration(call.secondsLeft), "1:06:00");
const ticked = new Promise((resolve) => call.on("tick", resolve));
await call.answer();
assert.ok((await ticked).secondsLeft < 3_960);
const { data: ended } = await call.end();
assert.equal(ended.costMicros, 150_000);

const descriptions = [];
for await (const { data: line } of talktime.history.statement({ limit: 1 }).all()) {
  descriptions.push(line.description);
}
assert.deepEqual(descriptions, ["Call to +1415•••2671", "Credit purchase, $10.00"]);

const watch = talktime.balance.watch(() => {});
assert.equal((await watch.refresh()).data.availableMicros, 9_850_000);
while (supabase.getChannels()[0]?.state !== "joined") await new Promise((resolve) => setTimeout(resolve, 10));
// The socket goes with the watch: it may not keep the program from ending.
watch.stop();
console.log("ok");

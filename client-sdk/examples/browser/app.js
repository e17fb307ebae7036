// Buy credit and make a call, with nothing but supabase-js and @talktime/client.
import { centsToMicros, createTalktime, formatDuration, formatMoney } from "@talktime/client";

const { url, publishableKey } = await (await fetch("/config.json")).json();
const supabase = globalThis.supabase.createClient(url, publishableKey);
const talktime = createTalktime(supabase);
const element = (id) => document.getElementById(id);
const say = (text) => (element("message").textContent = text);

async function signIn(event) {
  event.preventDefault();
  const credentials = Object.fromEntries(new FormData(event.target));
  const known = await supabase.auth.signInWithPassword(credentials);
  const { error } = known.error ? await supabase.auth.signUp(credentials) : known;
  if (error) return say(error.message);
  say("");
  await openWallet();
}

async function openWallet() {
  element("sign-in").hidden = true;
  element("wallet").hidden = false;
  talktime.balance.watch(showBalance, { onError: ({ message }) => say(message) });
  const { data: packages, error } = await talktime.packages.list();
  if (error) return say(error.message);
  element("packages").replaceChildren(...packages.map(packageButton));
}

function showBalance({ availableMicros, talkSeconds }) {
  element("balance").textContent = formatMoney(availableMicros);
  const minutes = Math.floor((talkSeconds ?? 0) / 60) * 60;
  element("talk-time").textContent = minutes > 0
    ? `About ${formatDuration(minutes, { style: "words" })} of talk`
    : "Buy credit to make your first call";
}

function packageButton({ code, priceCents }) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `Pay ${formatMoney(centsToMicros(priceCents))}`;
  button.addEventListener("click", () => buy(code));
  return button;
}

async function buy(code) {
  say("Opening the payment page");
  const { origin } = location;
  const { data, error } = await talktime.purchases.checkout(code, {
    successUrl: `${origin}/paid`,
    cancelUrl: origin,
  });
  if (error) return say(error.message);
  location.assign(data.checkoutUrl);
}

/** Back from the payment page: what it says in the address proves nothing, so the server is asked. */
async function welcomeBack(sessionId) {
  say("Checking your payment");
  const onUpdate = ({ purchase }) => {
    if (purchase.status === "processing") {
      say("Your bank is still working on it. The credit arrives by itself.");
    }
  };
  const { data, error } = await talktime.purchases.waitUntilFinal({ sessionId }, { onUpdate });
  if (error) return say(error.message);
  const { status, creditMicros, bonusMicros } = data.purchase;
  say(
    status === "paid"
      ? `${formatMoney(creditMicros + bonusMicros)} credit added`
      : "This payment was not completed. You were not charged.",
  );
  history.replaceState(null, "", "/");
}

async function dial(event) {
  event.preventDefault();
  const number = new FormData(event.target).get("number");
  const { data: call, error } = await talktime.calls.start(number);
  if (error) return say(error.message);
  say("");
  showCall(call);
}

function showCall(call) {
  const showTime = () => (element("time-left").textContent = formatDuration(call.secondsLeft));
  element("callee").textContent = call.state.destination;
  element("call").hidden = false;
  element("dial").hidden = true;
  element("answer").hidden = false;
  element("answer").onclick = async () => {
    const { error } = await call.answer();
    if (error) return say(error.message);
    element("answer").hidden = true;
  };
  element("hang-up").onclick = () => call.end();
  call.on("tick", showTime);
  call.on("extended", showTime);
  call.on(
    "warning",
    ({ thresholdSeconds }) => say(`${thresholdSeconds} seconds left. Buy credit to go on talking.`),
  );
  call.on("ended", ({ state, confirmed }) => {
    element("call").hidden = true;
    element("dial").hidden = false;
    say(confirmed ? sentence(state) : "The call is over. Its price will be in your history.");
  });
  showTime();
}

function sentence({ endReason, durationSeconds, costMicros }) {
  if (costMicros === 0) return "The call was not answered. Nothing was charged.";
  const why = {
    credit_exhausted: "Your call ended because your credit ran out. ",
    time_limit: "Your call ended because it reached the longest a call may last. ",
    daily_limit: "Your call ended because you reached your limit for today. ",
  }[endReason] ?? "";
  return `${why}You talked for ${formatDuration(durationSeconds)} and paid ${formatMoney(costMicros)}.`;
}

element("sign-in").addEventListener("submit", signIn);
element("dial").addEventListener("submit", dial);
const { data: { session } } = await supabase.auth.getSession();
if (session) {
  await openWallet();
  const sessionId = new URL(location.href).searchParams.get("session_id");
  if (sessionId) await welcomeBack(sessionId);
}

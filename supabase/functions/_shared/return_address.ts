const SESSION_ID = "{CHECKOUT_SESSION_ID}";

/** The page to return to, told the session by a parameter of this name: Stripe fills it in when it sends the person back. */
export function withSessionId(successUrl: string, parameter: string): string {
  if (successUrl.includes(SESSION_ID)) return successUrl;
  const [address, ...fragment] = successUrl.split("#");
  const separator = address!.includes("?") ? "&" : "?";
  return [`${address}${separator}${parameter}=${SESSION_ID}`, ...fragment].join("#");
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `length` random characters of the alphabet Stripe's own ids use. */
export function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  let text = "";
  for (const byte of bytes) text += ALPHABET[byte % ALPHABET.length];
  return text;
}

/** An id such as `pi_3Sx…`; the prefix says what it names, and `expand.ts` relies on that. */
export function newId(prefix: string): string {
  return `${prefix}_${randomText(24)}`;
}

export function newSessionId(): string {
  return `cs_test_a1${randomText(56)}`;
}

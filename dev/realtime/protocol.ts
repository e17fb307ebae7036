// What goes over the socket: Phoenix messages, as a list in version 2 of the serializer and as an object in version 1.

export interface Message {
  joinRef: string | null;
  ref: string | null;
  topic: string;
  event: string;
  payload: Record<string, unknown>;
}

export type Version = "1.0.0" | "2.0.0";

export function versionOf(url: URL): Version {
  return url.searchParams.get("vsn") === "2.0.0" ? "2.0.0" : "1.0.0";
}

export function encode(message: Message, version: Version): string {
  const { joinRef, ref, topic, event, payload } = message;
  if (version === "2.0.0") return JSON.stringify([joinRef, ref, topic, event, payload]);
  return JSON.stringify({ join_ref: joinRef, ref, topic, event, payload });
}

/** Null for what is no message; clients' own broadcasts come as binary frames, and none of them are passed on here. */
export function decode(data: unknown): Message | null {
  if (typeof data !== "string") return null;
  try {
    const parsed = JSON.parse(data);
    const [joinRef, ref, topic, event, payload] = Array.isArray(parsed)
      ? parsed
      : [parsed.join_ref, parsed.ref, parsed.topic, parsed.event, parsed.payload];
    if (typeof topic !== "string" || typeof event !== "string") return null;
    return { joinRef: joinRef ?? null, ref: ref ?? null, topic, event, payload: payload ?? {} };
  } catch {
    return null;
  }
}

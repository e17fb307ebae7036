import type { Transport } from "./transport.ts";

const TYPES = { html: "text/html;charset=utf-8", pdf: "application/pdf" };

/** A receipt as a file. Loaded when one is first asked for; it imports nothing. */
export async function receiptFile(
  { supabase, userId }: Transport,
  format: keyof typeof TYPES,
  purchaseId: string,
  signal: AbortSignal,
): Promise<{ data: Blob | null; error: unknown }> {
  const { data, error } = await supabase.functions.invoke<string | Blob>("get-receipt", {
    body: { purchase_id: purchaseId, user_id: userId, format },
    signal,
  });
  // supabase-js reads a page as text; whatever type it came with, it is a page.
  return { data: data === null ? null : new Blob([data], { type: TYPES[format] }), error };
}

// A receipt as data, as a page to print or as a PDF. The database decides who may read it and what it states.
import { z } from "zod";
import { parseBody } from "../_shared/http.ts";
import { documentOf } from "./document.ts";
import { renderHtml } from "./html.ts";
import { renderPdf } from "./pdf.ts";
import type { Receipt, ReceiptRequest } from "./receipt.ts";

export interface GetReceiptDeps {
  read(request: ReceiptRequest): Promise<Receipt>;
}

const bodySchema = z.strictObject({
  purchase_id: z.uuid("Must be a UUID."),
  user_id: z.uuid("Must be a UUID.").optional(),
  format: z.enum(["json", "html", "pdf"], {
    error: "Must be json, html or pdf.",
  }).default("json"),
});

export async function getReceipt(
  request: Request,
  { read }: GetReceiptDeps,
): Promise<Response> {
  const { format, ...which } = await parseBody(request, bodySchema);
  const receipt = await read(which);
  if (format === "json") return Response.json(receipt, { headers: PRIVATE });
  const document = documentOf(receipt);
  return format === "html"
    ? file(
      renderHtml(document),
      "text/html; charset=utf-8",
      `${document.number}.html`,
    )
    : file(
      await renderPdf(document) as BodyInit,
      "application/pdf",
      `${document.number}.pdf`,
    );
}

/** A receipt is one person's, and a refund changes it. */
const PRIVATE = { "Cache-Control": "private, no-store" };

function file(body: BodyInit, type: string, name: string): Response {
  // A prefix may hold anything; the name in a header may not.
  const safe = name.replace(/[^\w.-]+/g, "-");
  return new Response(body, {
    headers: {
      ...PRIVATE,
      "Content-Type": type,
      "Content-Disposition": `inline; filename="${safe}"`,
      "X-Content-Type-Options": "nosniff",
    },
  });
}

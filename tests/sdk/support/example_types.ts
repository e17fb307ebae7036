// What the code of an example finds around it. Apart from how it is made, so that checking examples stays quick.
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Talktime } from "../../../client-sdk/src/index.ts";

export interface ExampleContext {
  url: string;
  publishableKey: string;
  secretKey: string;
  email: string;
  password: string;
  userId: string;
  purchaseId: string;
  sessionId: string;
  supabase: SupabaseClient;
  talktime: Talktime;
  /** The page's address after paying; going to a checkout page pays there. */
  location: { href: string; assign(url: string): void };
  console: { log(...values: unknown[]): void };
}

// A function that dies in the middle: the same handler, database and Stripe as deployed, cut off at one step.
import { createDatabase, type Database } from "../../../supabase/functions/_shared/db.ts";
import { env } from "./world.ts";

export class Died extends Error {
  override name = "Died";
}

export const db: Database = createDatabase({ supabaseUrl: env.API_URL, secretKey: env.SECRET_KEY });

/** The database, except that the function dies as it calls one of its methods. */
export function dyingBefore(method: keyof Database): Database {
  return { ...db, [method]: () => Promise.reject(new Died(`before ${method}`)) };
}

/** The database, except that one method does its work and the function dies before it hears so. */
export function dyingAfter(method: keyof Database): Database {
  const real = db[method] as (parameters: unknown) => Promise<unknown>;
  return {
    ...db,
    [method]: async (parameters: unknown) => {
      await real(parameters);
      throw new Died(`after ${method}`);
    },
  };
}

export const post = (body: unknown): Request =>
  new Request("http://function/", { method: "POST", body: JSON.stringify(body) });

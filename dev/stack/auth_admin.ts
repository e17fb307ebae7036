// The admin endpoints of Auth, which @supabase/lite lacks: create, list, read, change and delete users with the
// secret key. They write the same tables, as the same role.
import postgres from "postgres";
import { verifyJwt } from "./jwt.ts";

interface UserInput {
  id?: string;
  email?: string;
  password?: string;
  email_confirm?: boolean;
  user_metadata?: Record<string, unknown>;
  app_metadata?: Record<string, unknown>;
  ban_duration?: string;
}

const failure = (status: number, code: string, message: string) =>
  Response.json({ code: status, error_code: code, msg: message }, { status });

const userJson = (sql: postgres.Sql) =>
  sql`jsonb_build_object('id', u.id, 'aud', u.aud, 'role', u.role, 'email', u.email, 'phone', coalesce(u.phone, ''),
    'email_confirmed_at', u.email_confirmed_at, 'confirmed_at', u.confirmed_at, 'last_sign_in_at', u.last_sign_in_at,
    'app_metadata', u.raw_app_meta_data, 'user_metadata', u.raw_user_meta_data, 'created_at', u.created_at,
    'updated_at', u.updated_at, 'banned_until', u.banned_until, 'is_anonymous', u.is_anonymous,
    'identities', coalesce((select jsonb_agg(jsonb_build_object('identity_id', i.id, 'id', i.provider_id,
      'user_id', i.user_id, 'identity_data', i.identity_data, 'provider', i.provider)) from auth.identities i
      where i.user_id = u.id), '[]'::jsonb)) as json`;

/** Answers the request if it is for an admin endpoint, otherwise null. */
export function adminUsers(
  sql: postgres.Sql,
  jwtSecret: string,
): (request: Request) => Promise<Response | null> {
  return async (request) => {
    const match = /^\/auth\/v1\/admin\/users(?:\/([^/]+))?\/?$/.exec(new URL(request.url).pathname);
    if (!match) return null;
    const token = request.headers.get("authorization")?.replace(/^Bearer /i, "") ?? "";
    if (verifyJwt(token, jwtSecret)?.role !== "service_role") {
      return failure(403, "not_admin", "User not allowed");
    }
    const id = match[1];
    if (id && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
      return failure(404, "validation_failed", "user_id must be an UUID");
    }
    try {
      return await answer(sql, request, id);
    } catch (error) {
      if ((error as postgres.PostgresError).code !== "23505") throw error;
      return failure(422, "email_exists", "A user with this email address has already been registered");
    }
  };
}

async function answer(sql: postgres.Sql, request: Request, id: string | undefined): Promise<Response> {
  switch (`${request.method} ${id ? "user" : "users"}`) {
    case "GET users":
      return await listUsers(sql, new URL(request.url).searchParams);
    case "POST users":
      return await createUser(sql, await request.json() as UserInput);
    case "GET user":
      return await oneUser(sql, id!);
    case "PUT user":
      return await changeUser(sql, id!, await request.json() as UserInput);
    case "DELETE user": {
      const gone = await sql`delete from auth.users where id = ${id!} returning id`;
      return gone.length > 0 ? Response.json({}) : notFound();
    }
    default:
      return failure(405, "method_not_allowed", "Method not allowed");
  }
}

const notFound = () => failure(404, "user_not_found", "User not found");

async function oneUser(sql: postgres.Sql, id: string): Promise<Response> {
  const [row] = await sql`select ${userJson(sql)} from auth.users u where u.id = ${id}`;
  return row ? Response.json(row.json) : notFound();
}

async function listUsers(sql: postgres.Sql, query: URLSearchParams): Promise<Response> {
  const page = Math.max(1, Number(query.get("page")) || 1);
  const size = Math.min(1000, Math.max(1, Number(query.get("per_page")) || 50));
  const rows = await sql`select ${userJson(sql)} from auth.users u order by u.created_at desc, u.id
    limit ${size} offset ${(page - 1) * size}`;
  const [count] = await sql`select count(*)::int as total from auth.users`;
  const headers = { "x-total-count": String(count!.total) };
  return Response.json({ users: rows.map((row) => row.json), aud: "authenticated" }, { headers });
}

async function createUser(sql: postgres.Sql, input: UserInput): Promise<Response> {
  if (!input.email) {
    return failure(400, "validation_failed", "Cannot create a user without either an email or phone");
  }
  const id = input.id ?? crypto.randomUUID();
  const email = input.email.toLowerCase();
  const app = { provider: "email", providers: ["email"], ...input.app_metadata };
  await sql.begin(async (tx) => {
    await tx`insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data,
        raw_user_meta_data)
      values (${id}, 'authenticated', 'authenticated', ${email}, ${hashed(tx, input.password)},
        ${input.email_confirm ? tx`now()` : null}, ${tx.json(app)}, ${
      tx.json((input.user_metadata ?? {}) as never)
    })`;
    const identity = { sub: id, email, email_verified: input.email_confirm ?? false };
    await tx`insert into auth.identities (id, provider, provider_id, user_id, identity_data)
      values (${crypto.randomUUID()}, 'email', ${id}, ${id}, ${tx.json(identity)})`;
  });
  return await oneUser(sql, id);
}

async function changeUser(sql: postgres.Sql, id: string, input: UserInput): Promise<Response> {
  const changed = await sql`update auth.users set updated_at = now(),
      email = coalesce(${input.email?.toLowerCase() ?? null}, email),
      encrypted_password = coalesce(${hashed(sql, input.password)}, encrypted_password),
      email_confirmed_at = case when ${input.email_confirm ?? false} then coalesce(email_confirmed_at, now())
        else email_confirmed_at end,
      raw_app_meta_data = raw_app_meta_data || ${sql.json((input.app_metadata ?? {}) as never)},
      raw_user_meta_data = raw_user_meta_data || ${sql.json((input.user_metadata ?? {}) as never)}
    where id = ${id} returning id`;
  return changed.length > 0 ? await oneUser(sql, id) : notFound();
}

/** bcrypt, the form Auth itself writes and checks. */
const hashed = (sql: postgres.ISql, password: string | undefined) =>
  password ? sql`extensions.crypt(${password}, extensions.gen_salt('bf', 10))` : null;

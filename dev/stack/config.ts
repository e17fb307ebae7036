// What the stack takes from supabase/config.toml, so that it behaves as `supabase start` would.
import { parse } from "deno-std/toml/parse.js";
import { join } from "node:path";
import { supabaseDir } from "./paths.ts";

interface AuthSection {
  site_url?: string;
  additional_redirect_urls?: string[];
  jwt_expiry?: number;
  minimum_password_length?: number;
  enable_signup?: boolean;
  email?: { enable_signup?: boolean; enable_confirmations?: boolean; double_confirm_changes?: boolean };
}

interface ConfigFile {
  auth?: AuthSection;
  functions?: Record<string, { enabled?: boolean; verify_jwt?: boolean; static_files?: string[] }>;
}

async function readConfig(): Promise<ConfigFile> {
  const text = await Deno.readTextFile(join(supabaseDir, "config.toml")).catch(() => "");
  return parse(text) as ConfigFile;
}

export async function readAuthConfig(): Promise<AuthSection & { site_url: string }> {
  const { auth = {} } = await readConfig();
  return {
    site_url: auth.site_url ?? "http://127.0.0.1:3000",
    additional_redirect_urls: auth.additional_redirect_urls ?? [],
    jwt_expiry: auth.jwt_expiry ?? 3600,
    minimum_password_length: auth.minimum_password_length ?? 6,
    enable_signup: auth.enable_signup ?? true,
    email: {
      enable_signup: auth.email?.enable_signup ?? true,
      enable_confirmations: auth.email?.enable_confirmations ?? false,
      double_confirm_changes: auth.email?.double_confirm_changes ?? true,
    },
  };
}

/** Functions verify tokens in the gateway unless the config says that they do it themselves. */
export async function readFunctionConfig(): Promise<
  (name: string) => { enabled: boolean; verifyJwt: boolean; staticFiles: string[] }
> {
  const { functions = {} } = await readConfig();
  return (name) => ({
    enabled: functions[name]?.enabled ?? true,
    verifyJwt: functions[name]?.verify_jwt ?? true,
    staticFiles: (functions[name]?.static_files ?? []).map((file) => join(supabaseDir, file)),
  });
}

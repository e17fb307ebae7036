// Cross-origin answers as hosted Supabase gives them for the data API and Auth. Functions answer for themselves, there
// as here.

export function preflight(request: Request): Response {
  return new Response(null, {
    status: 200,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS",
      "access-control-allow-headers": request.headers.get("access-control-request-headers") ??
        "authorization, x-client-info, apikey, content-type, prefer, range, accept-profile, content-profile",
      "access-control-max-age": "3600",
      "content-length": "0",
    },
  });
}

export function allowOrigin(headers: Headers): void {
  headers.set("access-control-allow-origin", "*");
  headers.delete("access-control-allow-credentials");
  if (!headers.has("access-control-expose-headers")) {
    headers.set(
      "access-control-expose-headers",
      "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit",
    );
  }
}

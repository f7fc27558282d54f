// A small OpenID Connect provider for browser tests: one client, whoever is set signs in at once.
import { createHash, createSign, generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export type Person = { sub: string; name: string; groups: string[] };
export type Provider = {
  issuer: string;
  client: string;
  secret: string;
  /** Who signs in next; undefined: the provider refuses. */
  person: Person | undefined;
  stop(): Promise<void>;
};

export async function startProvider(): Promise<Provider> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const codes = new Map<string, { person: Person; nonce: string; challenge: string }>();
  const b64 = (v: Buffer | string) => Buffer.from(v).toString("base64url");
  const server: Server = createServer(async (req, res) => {
    const url = new URL(req.url ?? "/", p.issuer);
    const json = (v: unknown, status = 200) => {
      res.writeHead(status, { "Content-Type": "application/json" });
      res.end(JSON.stringify(v));
    };
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return json({
          issuer: p.issuer,
          authorization_endpoint: `${p.issuer}/authorize`,
          token_endpoint: `${p.issuer}/token`,
          jwks_uri: `${p.issuer}/keys`,
          response_types_supported: ["code"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["RS256"],
          code_challenge_methods_supported: ["S256"],
          token_endpoint_auth_methods_supported: ["client_secret_basic"],
        });
      case "/keys":
        return json({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" }] });
      case "/authorize": {
        const back = new URL(url.searchParams.get("redirect_uri") ?? "");
        back.searchParams.set("state", url.searchParams.get("state") ?? "");
        if (p.person) {
          const code = randomBytes(18).toString("base64url");
          codes.set(code, {
            person: p.person,
            nonce: url.searchParams.get("nonce") ?? "",
            challenge: url.searchParams.get("code_challenge") ?? "",
          });
          back.searchParams.set("code", code);
        } else back.searchParams.set("error", "access_denied");
        res.writeHead(302, { Location: back.href });
        return res.end();
      }
      case "/token": {
        let body = "";
        for await (const chunk of req) body += chunk;
        const form = new URLSearchParams(body);
        const code = codes.get(form.get("code") ?? "");
        codes.delete(form.get("code") ?? "");
        const proof = createHash("sha256")
          .update(form.get("code_verifier") ?? "")
          .digest("base64url");
        if (!code || proof !== code.challenge) return json({ error: "invalid_grant" }, 400);
        const now = Math.floor(Date.now() / 1000);
        const head = b64(JSON.stringify({ alg: "RS256", kid: "one", typ: "JWT" }));
        const claims = b64(
          JSON.stringify({
            iss: p.issuer,
            aud: p.client,
            sub: code.person.sub,
            preferred_username: code.person.name,
            groups: code.person.groups,
            nonce: code.nonce,
            iat: now,
            exp: now + 300,
          }),
        );
        const signature = createSign("RSA-SHA256").update(`${head}.${claims}`).sign(privateKey, "base64url");
        return json({
          access_token: randomBytes(12).toString("hex"),
          token_type: "Bearer",
          expires_in: 300,
          id_token: `${head}.${claims}.${signature}`,
        });
      }
    }
    return json({ error: "no such page" }, 404);
  });
  const p: Provider = {
    issuer: "",
    client: "meridian",
    secret: randomBytes(16).toString("hex"),
    person: undefined,
    stop: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", () => done()));
  p.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return p;
}

import { expect, test } from "vitest";
import { objectOf, verbOf } from "./Audit";

test.each([
  ["POST", "/session", "sign_in"],
  ["DELETE", "/session", "sign_out"],
  ["GET", "/session/oidc/callback", "sign_in"],
  ["POST", "/revisions/{number}/rollback", "rollback"],
  ["PUT", "/users/{name}/password", "password"],
  ["DELETE", "/users/{name}/sessions", "end_sessions"],
  ["PUT", "/zones/{name}/file", "import"],
  ["PATCH", "/pools/{name}", "write"],
  ["GET", "/backup", "backup"],
  ["GET", "/pools", "read"],
])("%s %s", (method, route, verb) => {
  expect(verbOf({ method, route })).toBe(verb);
  expect(verbOf({ method, route: `/api/v1${route}` })).toBe(verb);
});

test("what only the path says is left out", () => {
  expect(objectOf({ object: "zones/a.example/file", route: "" })).toBe("zone a.example");
  expect(objectOf({ object: "session", route: "", who: "ann" })).toBe("ann");
  expect(objectOf({ object: "changes", route: "" })).toBe("");
  expect(objectOf({ object: "pool web", route: "" })).toBe("pool web");
});

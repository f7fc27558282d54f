// A declarative file, or the example, into the draft: read by the server, reviewed before it is applied.
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "@/api/client";
import { type Body, type Kind, stage } from "@/edit/draft";
import { readObject } from "@/edit/objects";

/** The key of an object by its body: NAME/TYPE of an access domain and so on. */
export function keyOf(kind: Kind, body: Body): string {
  const s = (name: string) => String(body[name] ?? "");
  switch (kind) {
    case "settings":
      return "settings";
    case "access_domain":
      return `${s("name")}/${s("type")}`;
    case "assertion":
      return `${s("name")}/${s("type")}@${s("line")}`;
    case "record":
      return `${s("zone")}/${s("name")}/${s("type")}`;
  }
  return s("name");
}

export function useImport() {
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const read = async (text: string) => {
    setBusy(true);
    setError(undefined);
    try {
      const { data } = await api.POST("/api/v1/changes/file", {
        body: text,
        bodySerializer: (b: string) => b,
        headers: { "Content-Type": "application/yaml" },
      });
      for (const p of data?.put ?? []) {
        const kind = p.kind as Kind;
        const body = p.body as Body;
        const key = keyOf(kind, body);
        const known = await readObject(kind, key);
        stage({ kind, key, op: "put", body, ...(known ? { base: { version: known.version, body: known } } : {}) });
      }
      await navigate({ to: "/review" as string });
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return {
    busy,
    error,
    take: async (f: File) => read(await f.text()),
    example: async () => read((await import("./example.yaml?raw")).default),
  };
}

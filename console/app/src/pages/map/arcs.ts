// Which addresses the clients of each country are given for an access domain: asked of the engine that answers.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, type Schemas } from "@/api/client";

type Points = Schemas["MapAnswer"];
export type Arc = { country: Schemas["MapCountry"]; from: [number, number]; to: [number, number]; addresses: string[] };

// The countries with the most queries: more arcs than this hide the map.
const mostArcs = 25;

export function useArcs(data: Points | undefined, name: string, type: string): Arc[] {
  const asked = useMemo(() => (data?.clients.countries ?? []).filter((c) => c.code && c.point && c.queries > 0).slice(0, mostArcs), [data]);
  const codes = asked.map((c) => c.code).join(",");
  const { data: answers } = useQuery({
    queryKey: ["post", "/api/v1/explain/batch", name, type, codes],
    enabled: name !== "" && codes !== "",
    retry: false,
    queryFn: async ({ signal }) => {
      const { data: out } = await api.POST("/api/v1/explain/batch", {
        body: { questions: asked.map((c) => ({ name, type, line: c.code })) },
        signal,
      });
      return out?.answers ?? [];
    },
  });
  return useMemo(() => {
    if (!data || !answers) return [];
    const places = new Map(data.addresses.map((a) => [a.value, a]));
    return asked.flatMap((country, i): Arc[] => {
      const values = answers[i]?.explanation?.answer.map((r) => r.data) ?? [];
      const found = values.map((v) => places.get(v)).filter((a) => a !== undefined);
      const first = found[0];
      if (!first || !country.point) return [];
      return [
        {
          country,
          from: [country.point.longitude, country.point.latitude],
          to: [first.place.longitude, first.place.latitude],
          addresses: found.map((a) => a.name),
        },
      ];
    });
  }, [data, answers, asked]);
}

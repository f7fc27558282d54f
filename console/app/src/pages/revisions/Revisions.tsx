import { Anchor, Button, Checkbox, Group, Select, Text, TextInput } from "@mantine/core";
import { IconArrowsDiff, IconHistory } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { changeName } from "@/changes/Changes";
import { type Column, DataTable } from "@/components/DataTable";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { SearchInput } from "@/components/SearchInput";
import { Ago } from "@/components/Time";
import { pageSize, useCursor } from "@/lib/cursor";
import { number } from "@/lib/format";
import { useSearchState } from "@/lib/search";

type Search = { q?: string; author?: string; object?: string; since?: string; until?: string };
type Row = Schemas["Revision"];

const kinds = ["access_domain", "pool", "address", "template", "line", "zone", "record", "assertion", "settings", "override"];

/** A local time of an input as the API takes it. */
export function instant(local: string | undefined): string | undefined {
  if (!local) return undefined;
  const d = new Date(local);
  return Number.isNaN(d.getTime()) ? undefined : d.toISOString();
}

export function Revisions() {
  const { t } = useTranslation("revisions");
  const navigate = useNavigate();
  const [search, set] = useSearchState<Search>();
  const { cursor, paging } = useCursor(JSON.stringify(search));
  const [picked, setPicked] = useState<number[]>([]);
  const [kind = "", ...rest] = (search.object ?? "").split("/");
  const name = rest.join("/");
  const [wanted, setWanted] = useState(kind);
  const since = instant(search.since);
  const until = instant(search.until);
  const { data, error, isFetching, refetch } = $api.useQuery("get", "/api/v1/revisions", {
    params: {
      query: {
        limit: pageSize,
        ...(cursor ? { cursor } : {}),
        ...(search.q ? { q: search.q } : {}),
        ...(search.author ? { author: search.author } : {}),
        ...(kind && name ? { object: `${kind}/${name}` } : {}),
        ...(since ? { since } : {}),
        ...(until ? { until } : {}),
      },
    },
  });
  const filtered = Object.values(search).some(Boolean);
  const columns: Column<Row>[] = [
    {
      key: "pick",
      title: "",
      width: 40,
      wide: true,
      cell: (r) => (
        <Checkbox
          size="xs"
          aria-label={t("pick", { n: r.number })}
          checked={picked.includes(r.number)}
          disabled={picked.length >= 2 && !picked.includes(r.number)}
          onChange={(e) => {
            const on = e.currentTarget.checked;
            setPicked((p) => (on ? [...p, r.number] : p.filter((n) => n !== r.number)));
          }}
        />
      ),
    },
    {
      key: "number",
      title: t("number"),
      numeric: true,
      width: 70,
      cell: (r) => (
        <Anchor component={Link} to={`/revisions/${r.number}` as string} fz="sm" fw={600}>
          {number(r.number)}
        </Anchor>
      ),
    },
    {
      key: "what",
      title: t("what"),
      cell: (r) => (
        <div>
          <Text fz="sm" lineClamp={2} style={{ overflowWrap: "anywhere" }}>
            {r.comment || what(r)}
          </Text>
          {r.comment && (
            <Text fz="xs" c="dimmed" lineClamp={1} style={{ overflowWrap: "anywhere" }}>
              {what(r)}
            </Text>
          )}
          <Text fz="xs" c="dimmed" hiddenFrom="md">
            {r.author} · <Ago at={r.at} />
          </Text>
        </div>
      ),
    },
    { key: "who", title: t("who"), width: 150, wide: true, cell: (r) => <Text fz="sm">{r.author}</Text> },
    {
      key: "from",
      title: t("from"),
      wide: true,
      width: 190,
      cell: (r) => (
        <Text fz="sm" c="dimmed">
          {t(`source.${r.source}`, r.source)}
          {r.remote ? ` · ${r.remote}` : ""}
        </Text>
      ),
    },
    { key: "at", title: t("when"), width: 140, wide: true, cell: (r) => <Ago at={r.at} /> },
  ];
  function what(r: Row): string {
    const at = r.object.indexOf("/");
    const k = r.object.slice(0, at);
    const one = `${t(`common:kind_one.${k}`, k)} ${changeName(k, r.object.slice(at + 1))}`.trim();
    return r.objects > 1 ? t("and_more", { one, count: r.objects - 1 }) : one;
  }
  const pair = [...picked].sort((a, b) => a - b);
  return (
    <Page
      title={t("title")}
      about={t("about")}
      actions={
        <Button
          visibleFrom="md"
          variant="default"
          leftSection={<IconArrowsDiff size={16} aria-hidden />}
          disabled={picked.length !== 2}
          onClick={() => void navigate({ to: `/revisions/${pair[0]}` as string, search: { with: String(pair[1]) } as never })}
        >
          {picked.length === 2 ? t("compare_two", { a: pair[0], b: pair[1] }) : t("compare_pick")}
        </Button>
      }
    >
      <Group gap="xs" align="flex-end">
        <SearchInput label={t("search")} value={search.q} onChange={(q) => set({ q })} />
        <SearchInput label={t("author")} value={search.author} onChange={(author) => set({ author })} w={{ base: "100%", xs: 160 }} />
        <Select
          aria-label={t("kind")}
          placeholder={t("kind")}
          clearable
          data={kinds.map((k) => ({ value: k, label: t(`common:kind.${k}`) }))}
          value={wanted || null}
          onChange={(k) => {
            setWanted(k ?? "");
            if (k === "settings") set({ object: "settings/settings" });
            else set({ object: k && name ? `${k}/${name}` : "" });
          }}
          w={{ base: "100%", xs: 170 }}
        />
        {wanted && wanted !== "settings" && (
          <SearchInput
            label={t(wanted === "access_domain" ? "object_domain" : wanted === "record" ? "object_record" : "object")}
            value={name}
            onChange={(n) => set({ object: n ? `${wanted}/${n}` : "" })}
          />
        )}
        <TextInput
          type="datetime-local"
          w={{ base: "100%", xs: "auto" }}
          aria-label={t("since")}
          title={t("since")}
          value={search.since ?? ""}
          onChange={(e) => set({ since: e.currentTarget.value })}
        />
        <TextInput
          type="datetime-local"
          w={{ base: "100%", xs: "auto" }}
          aria-label={t("until")}
          title={t("until")}
          value={search.until ?? ""}
          onChange={(e) => set({ until: e.currentTarget.value })}
        />
      </Group>
      {error ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : (
        <DataTable
          label={t("title")}
          columns={columns}
          rows={data?.items}
          keyOf={(r) => String(r.number)}
          loading={isFetching && !data}
          paging={paging(data)}
          empty={
            <Empty icon={IconHistory} title={t(filtered ? "none_found" : "none")}>
              {filtered ? t("none_found_why") : t("none_why")}
            </Empty>
          }
        />
      )}
    </Page>
  );
}

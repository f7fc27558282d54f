// The command palette: objects, pages and actions, and "explain 203.0.113.9" typed as it is. Keyboard
// alone is enough. Loaded when first opened.
import { Group, Loader, Text, useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { createSpotlight, Spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.css";
import {
  type Icon,
  IconArrowBackUp,
  IconArrowsSplit2,
  IconBan,
  IconBox,
  IconCloudComputing,
  IconDeviceDesktop,
  IconFileImport,
  IconHeartbeat,
  IconHeartHandshake,
  IconHistory,
  IconLanguage,
  IconLogout,
  IconMapPin,
  IconMoon,
  IconPlus,
  IconRoute,
  IconSearch,
  IconServer,
  IconServer2,
  IconSun,
  IconTextWrap,
  IconWorld,
  IconZoomQuestion,
} from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/api/client";
import { type Role, signOut, useCan, useWho } from "@/api/session";
import { placeOf } from "@/components/ObjectLink";
import { setLanguage } from "@/i18n";
import type { NavItem } from "./area";
import { setDensity, useDensity } from "./prefs";
import { recents } from "./recent";

type Item = { id: string; label: string; about?: string | undefined; icon: Icon; run: () => void };
type Group_ = { label: string; items: Item[] };

const icons: Record<string, Icon> = {
  access_domain: IconArrowsSplit2,
  pool: IconBox,
  address: IconServer,
  template: IconHeartbeat,
  zone: IconWorld,
  record: IconTextWrap,
  line: IconRoute,
  builtin_line: IconRoute,
  override: IconBan,
  node: IconServer2,
  vantage: IconMapPin,
};

/** An address or a network at the end of what was typed: "203.0.113.9", "explain 2001:db8::/48". */
export function clientIn(text: string): string | undefined {
  const word = text.trim().split(/\s+/).at(-1) ?? "";
  const v4 =
    /^(\d{1,3})(?:\.(\d{1,3})){3}(?:\/\d{1,2})?$/.test(word) &&
    word
      .split("/")[0]
      ?.split(".")
      .every((n) => Number(n) <= 255);
  const v6 = /^[0-9a-f:]*:[0-9a-f:.]*(?:\/\d{1,3})?$/i.test(word) && (word.match(/:/g)?.length ?? 0) >= 2;
  return v4 || v6 ? word : undefined;
}

/** Whether all words of the query are in one of the texts. */
export function fits(query: string, ...texts: string[]): boolean {
  const all = texts.join(" ").toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((w) => all.includes(w));
}

const [store, palette] = createSpotlight();

export default function Palette({ nav, onClose }: { nav: NavItem[]; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const router = useRouter();
  const who = useWho();
  const [query, setQuery] = useState("");
  const [asked] = useDebouncedValue(query.trim(), 120);
  const operator = useCan("operator");
  const admin = useCan("admin");
  const density = useDensity();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  useEffect(() => {
    palette.open();
  }, []);
  const go = (to: string, search?: Record<string, unknown>) => void router.navigate({ to, ...(search ? { search: search as never } : {}) });
  const found = useQuery({
    queryKey: ["get", "/api/v1/search", asked],
    enabled: asked !== "" && who.role !== "",
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: async ({ signal }) => (await api.GET("/api/v1/search", { params: { query: { q: asked, limit: 5 } }, signal })).data,
  });
  const q = query.trim();
  const object = (kind: string, name: string, about?: string): Item[] => {
    const place = placeOf(kind === "builtin_line" ? "line" : kind, name);
    if (!place) return [];
    return [
      {
        id: `${kind}/${name}`,
        label: kind === "access_domain" ? name.replace("/", " ") : kind === "record" ? name.split("/").slice(1).join(" ") : name,
        about: [kindWord(kind), about].filter(Boolean).join(" · "),
        icon: icons[kind] ?? IconCloudComputing,
        run: () =>
          void router.navigate({
            to: place.to,
            params: place.params as never,
            search: (kind === "record" ? { q: name.split("/")[1] } : place.search) as never,
          }),
      },
    ];
  };
  const kindWord = (kind: string) =>
    t(kind === "builtin_line" ? "palette.builtin_line" : kind === "node" || kind === "vantage" ? `palette.${kind}` : `kind_one.${kind}`);
  const client = clientIn(q);
  const may: Record<Role, boolean> = { viewer: who.role !== "", operator, admin };
  const action = (id: string, icon: Icon, run: () => void, need?: Role): (Item & { also: string })[] =>
    need && !may[need] ? [] : [{ id, icon, run, label: t(`palette.do.${id}`), also: id.replaceAll("_", " ") }];
  const actions = [
    ...action("new_domain", IconPlus, () => go("/domains/new"), "operator"),
    ...action("new_pool", IconPlus, () => go("/pools", { edit: "pool/" }), "operator"),
    ...action("new_address", IconPlus, () => go("/addresses", { edit: "address/" }), "operator"),
    ...action("new_zone", IconPlus, () => go("/zones", { edit: "zone/" }), "operator"),
    ...action("import_zone", IconFileImport, () => go("/zones", { import: "new" }), "operator"),
    ...action("drain", IconBan, () => go("/overrides", { do: "drain" }), "operator"),
    ...action("hold", IconHeartHandshake, () => go("/overrides", { do: "enable" }), "operator"),
    ...action("failback", IconArrowBackUp, () => go("/overrides", { do: "failback" }), "operator"),
    ...action("explain", IconZoomQuestion, () => go("/explain"), "viewer"),
    ...action("backup", IconCloudComputing, () => go("/settings", { tab: "backup" }), "admin"),
    ...action("language", IconLanguage, () => void setLanguage(i18n.language === "zh" ? "en" : "zh")),
    ...(["light", "dark", "auto"] as const)
      .filter((s) => s !== colorScheme)
      .flatMap((s) =>
        action(`scheme_${s}`, s === "light" ? IconSun : s === "dark" ? IconMoon : IconDeviceDesktop, () => setColorScheme(s)),
      ),
    ...action(density === "compact" ? "comfortable" : "compact", IconTextWrap, () =>
      setDensity(density === "compact" ? "comfortable" : "compact"),
    ),
    ...action("sign_out", IconLogout, () => void signOut().then(() => router.navigate({ to: "/signin" }))),
  ];
  const pages: (Item & { also: string })[] = nav
    .filter((i) => !i.need || may[i.need])
    .map((i) => ({ id: `page${i.to}`, label: t(i.label), also: i.to, icon: i.icon, run: () => go(i.to) }));
  const fitting = (list: (Item & { also?: string })[]) => (q === "" ? list : list.filter((i) => fits(q, i.label, i.also ?? "")));

  const groups: Group_[] = [];
  if (client && may.viewer)
    groups.push({
      label: t("palette.client"),
      items: [
        { id: "explain-client", icon: IconZoomQuestion, label: t("palette.explain", { client }), run: () => go("/explain", { client }) },
        { id: "lines-client", icon: IconRoute, label: t("palette.lines_of", { client }), run: () => go("/lines", { client }) },
      ],
    });
  if (q !== "") {
    // Until the answer to what stands there now is here, of the one before only what fits it too.
    const old = found.isPlaceholderData || asked !== q;
    const hits = (found.data?.items ?? [])
      .filter((h) => !old || fits(q, h.name, h.text))
      .flatMap((h) => object(h.kind, h.name, h.match === "name" ? undefined : h.text));
    if (hits.length > 0) groups.push({ label: t("palette.objects"), items: hits });
  } else {
    const last = recents().flatMap((r) => object(r.kind, r.name));
    if (last.length > 0) groups.push({ label: t("palette.recent"), items: last.map((i) => ({ ...i, icon: i.icon ?? IconHistory })) });
  }
  const p = fitting(pages);
  const a = fitting(actions);
  if (q === "") {
    if (a.length > 0) groups.push({ label: t("palette.actions"), items: a });
    if (p.length > 0) groups.push({ label: t("palette.pages"), items: p });
  } else {
    if (p.length > 0) groups.push({ label: t("palette.pages"), items: p });
    if (a.length > 0) groups.push({ label: t("palette.actions"), items: a });
  }
  // What is found comes after what was typed: Enter takes the first of what is shown then, unless the
  // arrows have chosen already.
  const shown = groups.flatMap((g) => g.items.map((i) => i.id)).join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: chosen anew when the list changes, and only then
  useEffect(() => {
    const list = document.getElementById(store.getState().listId);
    if (q === "" || !list || list.querySelector("[data-selected]")) return;
    list.querySelector("[data-action]")?.setAttribute("data-selected", "true");
    store.updateState((s) => ({ ...s, selected: 0 }));
  }, [shown]);
  return (
    <Spotlight.Root
      store={store}
      query={query}
      onQueryChange={setQuery}
      onSpotlightClose={onClose}
      shortcut={null}
      scrollable
      maxHeight={460}
      closeOnActionTrigger
      attributes={{ content: { "aria-label": t("palette.hint") } }}
    >
      <Spotlight.Search
        placeholder={t("palette.hint")}
        aria-label={t("palette.hint")}
        leftSection={found.isFetching ? <Loader size={16} /> : <IconSearch size={18} aria-hidden />}
      />
      <Spotlight.ActionsList>
        {groups.map((g) => (
          <Spotlight.ActionsGroup key={g.label} label={g.label}>
            {g.items.map((i) => (
              <Spotlight.Action key={i.id} onClick={i.run} data-palette={i.id}>
                <Group gap="sm" wrap="nowrap" w="100%">
                  <i.icon size={17} aria-hidden style={{ flexShrink: 0 }} />
                  <Text fz="sm" truncate>
                    {i.label}
                  </Text>
                  {i.about && (
                    <Text fz="xs" ml="auto" truncate className="palette-about">
                      {i.about}
                    </Text>
                  )}
                </Group>
              </Spotlight.Action>
            ))}
          </Spotlight.ActionsGroup>
        ))}
        {groups.length === 0 && <Spotlight.Empty>{found.isFetching ? t("palette.searching") : t("palette.nothing")}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

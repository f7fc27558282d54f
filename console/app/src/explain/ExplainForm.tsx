// Who asks: an IP or a network, a place and carrier, a line, or anybody; and what is pretended.
import { Button, Group, SegmentedControl, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconX } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDraft } from "@/edit/draft";
import { LineChoice } from "./LineChoice";
import { compose, parts, useBuiltin, usePlaces } from "./lines";
import { askedTypes, type Client, looksLikeClient, type Question } from "./question";

type Mode = "ip" | "place" | "line" | "any";

export function ExplainForm({
  q,
  onChange,
  children,
}: {
  q: Question;
  onChange: (change: Partial<Question>) => void;
  children?: React.ReactNode;
}) {
  const { t } = useTranslation("explain");
  const draft = useDraft();
  const mine = (c: Client): Mode => (c.by === "line" ? "line" : c.by);
  const [mode, setMode] = useState<Mode>(mine(q.client));
  // A link that was followed shows another client: the form follows.
  const shown =
    q.client.by === "line" ? (mode === "place" ? "place" : "line") : q.client.by === "any" && mode !== "any" ? mode : mine(q.client);
  const pick = (m: Mode) => {
    setMode(m);
    if (m === "any") onChange({ client: { by: "any" } });
  };
  return (
    <Stack gap="xs">
      <SegmentedControl
        fullWidth
        size="xs"
        aria-label={t("client")}
        value={shown}
        onChange={(v) => pick(v as Mode)}
        data={(["ip", "place", "line", "any"] as const).map((m) => ({ value: m, label: t(`by.${m}`) }))}
      />
      {shown === "ip" && <Ip client={q.client} onChange={(client) => onChange({ client })} />}
      {shown === "place" && <Place client={q.client} onChange={(client) => onChange({ client })} />}
      {shown === "line" && (
        <LineChoice value={q.client.by === "line" ? q.client.line : ""} onChange={(line) => onChange({ client: { by: "line", line } })} />
      )}
      {shown === "any" && (
        <Text fz="sm" c="dimmed">
          {t("any_about")}
        </Text>
      )}
      <Group gap="xs" align="flex-end">
        <Select
          label={t("type")}
          w={110}
          searchable
          data={[...new Set([...askedTypes, q.type])]}
          value={q.type}
          onChange={(v) => v && onChange({ type: v })}
        />
        {draft.items.length > 0 && (
          <Switch label={t("with_draft")} checked={q.draft} onChange={(e) => onChange({ draft: e.currentTarget.checked })} mb={6} />
        )}
      </Group>
      {children}
      {q.down.length > 0 && (
        <div>
          <Text fz="sm" fw={600}>
            {t("down")}
          </Text>
          <Group gap={6} mt={4}>
            {q.down.map((a) => (
              <Button
                key={a}
                size="compact-xs"
                variant="light"
                color="red"
                rightSection={<IconX size={12} aria-hidden />}
                aria-label={t("down_remove", { name: a })}
                styles={{ root: { minHeight: 24, color: "var(--m-state-red)" } }}
                onClick={() => onChange({ down: q.down.filter((x) => x !== a) })}
              >
                {a}
              </Button>
            ))}
          </Group>
        </div>
      )}
    </Stack>
  );
}

function Ip({ client, onChange }: { client: Client; onChange: (c: Client) => void }) {
  const { t } = useTranslation("explain");
  const now = client.by === "ip" ? client.ip : "";
  const [text, setText] = useState(now);
  useEffect(() => setText(now), [now]);
  const tell = useDebouncedCallback((ip: string) => onChange(ip ? { by: "ip", ip } : { by: "any" }), 300);
  const bad = text !== "" && !looksLikeClient(text);
  return (
    <TextInput
      label={t("ip")}
      description={t("ip_about")}
      placeholder="203.0.113.9"
      className="mono"
      value={text}
      onChange={(e) => {
        const v = e.currentTarget.value.trim();
        setText(v);
        if (v === "" || looksLikeClient(v)) tell(v);
      }}
      error={bad && text === now ? t("ip_bad") : undefined}
      onBlur={() => bad && onChange({ by: "ip", ip: text })}
    />
  );
}

function Place({ client, onChange }: { client: Client; onChange: (c: Client) => void }) {
  const { t } = useTranslation("explain");
  const at = client.by === "line" ? parts(client.line) : { country: "", province: "", isp: "" };
  const places = usePlaces(at.country, at.province);
  const set = (country: string, province: string, isp: string) => {
    const line = compose(places.codes, country, province, isp);
    onChange(line ? { by: "line", line } : { by: "any" });
  };
  return (
    <Stack gap="xs">
      <Select
        label={t("country")}
        searchable
        clearable
        placeholder={t("choose")}
        nothingFoundMessage={t("nothing")}
        disabled={!places.ready}
        data={places.countries}
        value={at.country || null}
        onChange={(v) => set(v ?? "", "", v === "cn" ? at.isp : "")}
      />
      <Group grow gap="xs">
        <Select
          label={t("province")}
          searchable
          clearable
          placeholder={t("all_of_it")}
          nothingFoundMessage={t("nothing")}
          disabled={places.provinces.length === 0}
          data={places.provinces}
          value={at.province || null}
          onChange={(v) => set(at.country, v ?? "", at.isp)}
        />
        <Select
          label={t("isp")}
          searchable
          clearable
          placeholder={t("any_isp")}
          nothingFoundMessage={t("nothing")}
          disabled={places.isps.length === 0}
          data={places.isps}
          value={at.isp || null}
          onChange={(v) => set(at.country, at.province, v ?? "")}
        />
      </Group>
    </Stack>
  );
}

/** Name of a line in the reader's language, its code where it is a custom one. */
export function useNameOfLine(): (code: string) => string {
  const all = useBuiltin();
  const { i18n } = useTranslation();
  return (code) => {
    const l = all?.find((x) => x.code === code);
    return l ? (i18n.language === "zh" ? l.name_zh : l.name_en) : code;
  };
}

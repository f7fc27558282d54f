import { ActionIcon, Autocomplete, Button, Group, NumberInput, Stack, Switch, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { sayFinding } from "@/i18n/say";
import { absolute, commonTypes, fieldsOf, formatData, parseData, relative } from "./rdata";

export type RecordBody = {
  zone: string;
  name: string;
  type: string;
  ttl: number;
  data: string[];
  enabled: boolean;
  labels?: Record<string, string>;
  remark?: string;
};

export function bodyOf(r: Schemas["Record"]): RecordBody {
  return {
    zone: r.zone,
    name: r.name,
    type: r.type,
    ttl: r.ttl,
    data: r.data,
    enabled: r.enabled,
    ...(r.labels ? { labels: r.labels } : {}),
    ...(r.remark ? { remark: r.remark } : {}),
  };
}

/** One line of data: its fields, or as it is written in a master file. */
function DataLine({
  type,
  value,
  onChange,
  error,
}: {
  type: string;
  value: string;
  onChange: (v: string) => void;
  error?: string | undefined;
}) {
  const { t } = useTranslation("zones");
  const fields = fieldsOf(type);
  const [parts, setParts] = useState(() => parseData(type, value));
  const [of, setOf] = useState(type);
  if (of !== type) {
    setOf(type);
    setParts(parseData(type, value));
  }
  if (!fields || !parts)
    return (
      <TextInput
        aria-label={t("data")}
        placeholder={t("raw_hint")}
        value={value}
        onChange={(e) => onChange(e.currentTarget.value)}
        error={error}
        flex={1}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
      />
    );
  const change = (key: string, v: string) => {
    const next = { ...parts, [key]: v };
    setParts(next);
    onChange(formatData(type, next));
  };
  return (
    <Group gap={6} align="flex-start" flex={1} wrap={fields.length > 2 ? "wrap" : "nowrap"}>
      {fields.map((f, i) => {
        const label = t(`field.${f.key}`);
        const own = i === fields.length - 1 ? error : undefined;
        if (f.kind === "number")
          return (
            <NumberInput
              key={f.key}
              aria-label={label}
              placeholder={label}
              min={0}
              max={f.max ?? 65535}
              allowDecimal={false}
              hideControls
              w={90}
              value={parts[f.key] ?? ""}
              onChange={(v) => change(f.key, String(v))}
            />
          );
        if (f.kind === "long")
          return (
            <Textarea
              key={f.key}
              aria-label={label}
              placeholder={label}
              autosize
              minRows={1}
              maxRows={8}
              flex={1}
              error={own}
              value={parts[f.key] ?? ""}
              // A record's text has no line breaks of its own; pasted ones part the text only for the eye.
              onChange={(e) => change(f.key, e.currentTarget.value.replaceAll(/[\r\n]+/g, ""))}
            />
          );
        return (
          <TextInput
            key={f.key}
            aria-label={label}
            placeholder={f.hint ?? label}
            error={own}
            flex={f.key === "tag" ? undefined : 1}
            w={f.key === "tag" ? 110 : undefined}
            miw={f.key === "tag" ? undefined : 150}
            value={parts[f.key] ?? ""}
            onChange={(e) => change(f.key, e.currentTarget.value)}
          />
        );
      })}
    </Group>
  );
}

/** Edits a record set in its place in the list; what it makes goes into the draft. */
export function RecordForm({
  zone,
  first,
  isNew,
  taken,
  findings,
  onSave,
  onCancel,
}: {
  zone: string;
  first: RecordBody;
  isNew: boolean;
  /** Whether there is such a record already. */
  taken?: (owner: string, type: string) => boolean;
  findings?: Schemas["Finding"][] | undefined;
  onSave: (b: RecordBody) => void | Promise<void>;
  onCancel: () => void;
}) {
  const { t } = useTranslation("zones");
  const [owner, setOwner] = useState(relative(first.name, zone));
  const [type, setType] = useState(first.type);
  const [ttl, setTtl] = useState<number | string>(first.ttl);
  const [data, setData] = useState<{ id: number; text: string }[]>(() =>
    (first.data.length > 0 ? first.data : [""]).map((text, id) => ({ id, text })),
  );
  const [enabled, setEnabled] = useState(first.enabled);
  const [remark, setRemark] = useState(first.remark ?? "");
  const [labels, setLabels] = useState(() => Object.entries(first.labels ?? {}).map(([k, v]) => `${k}=${v}`));
  const [more, setMore] = useState(Boolean(first.remark || first.labels || !first.enabled));
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const kind = type.trim().toUpperCase();
  const filled = data.filter((d) => d.text.trim() !== "");
  const wrong = {
    type: kind === "" ? t("needed") : undefined,
    owner: isNew && taken?.(owner, kind) ? t("exists", { name: absolute(owner, zone), type: kind }) : undefined,
    data: filled.length === 0 ? t("needed") : undefined,
    ttl: ttl === "" ? t("needed") : undefined,
  };
  const said = (f: Schemas["Finding"] | undefined) => f && sayFinding(f);
  const found = (field: string) =>
    said(findings?.find((f) => f.field === field || f.field?.startsWith(`${field}[`) || f.field?.startsWith(`${field}.`)));
  const foundAt = (i: number) => said(findings?.find((f) => f.field === `data[${i}]`));
  const save = async () => {
    setTried(true);
    if (Object.values(wrong).some(Boolean)) return;
    const marks = Object.fromEntries(labels.map((l) => [l.split("=")[0] ?? "", l.split("=").slice(1).join("=")]));
    setBusy(true);
    await onSave({
      zone,
      name: `${absolute(owner, zone)}.`,
      type: kind,
      ttl: Number(ttl),
      data: filled.map((d) => d.text.trim()),
      enabled,
      ...(labels.length > 0 ? { labels: marks } : {}),
      ...(remark.trim() ? { remark: remark.trim() } : {}),
    });
    setBusy(false);
  };
  const keys = (e: KeyboardEvent) => {
    // Escape in an open list of choices closes that list.
    if (e.key === "Escape" && (e.target as HTMLElement).getAttribute("aria-expanded") !== "true") {
      e.stopPropagation();
      onCancel();
    }
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) void save();
  };
  return (
    <form
      onKeyDown={keys}
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
      aria-label={isNew ? t("new_record") : t("edit_record", { name: relative(first.name, zone), type: first.type })}
    >
      <Stack gap="sm" py="xs">
        <Group gap="sm" align="flex-start">
          <TextInput
            label={t("name")}
            description={`${absolute(owner, zone)}.`}
            inputWrapperOrder={["label", "input", "error", "description"]}
            value={owner}
            onChange={(e) => setOwner(e.currentTarget.value)}
            disabled={!isNew}
            error={(tried && wrong.owner) || found("name")}
            w={{ base: "100%", xs: 220 }}
            styles={{ description: { overflowWrap: "anywhere" } }}
            data-autofocus={isNew || undefined}
            autoFocus={isNew}
          />
          <Autocomplete
            label={t("type")}
            data={commonTypes}
            value={type}
            onChange={setType}
            disabled={!isNew}
            error={(tried && wrong.type) || found("type")}
            w={130}
            maxDropdownHeight={260}
          />
          <NumberInput
            label={t("ttl")}
            min={0}
            max={2147483647}
            allowDecimal={false}
            value={ttl}
            onChange={setTtl}
            error={(tried && wrong.ttl) || found("ttl")}
            w={120}
            suffix=" s"
          />
        </Group>
        <div>
          <Text fz="sm" fw={500} mb={4}>
            {t("data")}
          </Text>
          <Stack gap={6}>
            {data.map((d, i) => (
              <Group key={`${d.id}`} gap={6} wrap="nowrap" align="flex-start">
                <DataLine
                  type={kind}
                  value={d.text}
                  onChange={(text) => setData((all) => all.map((x) => (x.id === d.id ? { ...x, text } : x)))}
                  error={
                    (tried && i === 0 && wrong.data) ||
                    foundAt(i) ||
                    (i === 0 && !findings?.some((f) => f.field?.startsWith("data[")) ? found("data") : undefined)
                  }
                />
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="lg"
                  aria-label={t("remove_data", { n: i + 1 })}
                  disabled={data.length === 1}
                  onClick={() => setData((all) => all.filter((x) => x.id !== d.id))}
                >
                  <IconTrash size={16} aria-hidden />
                </ActionIcon>
              </Group>
            ))}
          </Stack>
          {!["CNAME", "DNAME"].includes(kind) && (
            <Button
              variant="subtle"
              size="xs"
              mt={4}
              leftSection={<IconPlus size={14} aria-hidden />}
              onClick={() => setData((all) => [...all, { id: Math.max(...all.map((x) => x.id)) + 1, text: "" }])}
            >
              {t("add_data")}
            </Button>
          )}
        </div>
        {more ? (
          <Group gap="sm" align="flex-start">
            <TextInput label={t("remark")} value={remark} onChange={(e) => setRemark(e.currentTarget.value)} flex={1} miw={200} />
            <TagsInput
              label={t("labels")}
              placeholder="site=hz"
              value={labels}
              onChange={(l) => setLabels(l.filter((x) => x.indexOf("=") > 0))}
              flex={1}
              miw={200}
            />
            <Switch label={t("enabled")} checked={enabled} onChange={(e) => setEnabled(e.currentTarget.checked)} mt={30} />
          </Group>
        ) : (
          <div>
            <Button variant="subtle" size="xs" onClick={() => setMore(true)}>
              {t("more_fields")}
            </Button>
          </div>
        )}
        {findings
          ?.filter((f) => !f.field || !/^(name|type|ttl|data)/.test(f.field))
          .map((f) => (
            <Text key={f.code + f.message} fz="sm" c="var(--m-state-red)" role="alert">
              {sayFinding(f)}
            </Text>
          ))}
        <Group gap="xs">
          <Button type="submit" loading={busy}>
            {t("to_draft")}
          </Button>
          <Button variant="default" onClick={onCancel}>
            {t("common:action.cancel")}
          </Button>
          <Text fz="xs" c="dimmed">
            {t("draft_hint")}
          </Text>
        </Group>
      </Stack>
    </form>
  );
}

import { ActionIcon, Autocomplete, Button, Group, Select, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useContext } from "react";
import { useTranslation } from "react-i18next";
import { ChoiceField, FormContext, NumberField, SwitchField, TagsField, TextField, useFindings, Warnings, Was } from "../fields";
import { type TemplateForm as Form, type HeaderForm, protocols, type WebForm } from "../model/template";
import { VantageField } from "../VantageField";
import { MetaFields, Section } from "./common";
import type { Editing } from "./form";

export function TemplateForm({ e }: { e: Editing<Form> }) {
  const { t } = useTranslation("edit");
  const { form: f, set } = e;
  const web = (p: Partial<WebForm>) => set({ web: { ...f.web, ...p } });
  const at = f.protocol; // findings name the protocol's own part
  return (
    <>
      {e.isNew && (
        <TextField
          path="name"
          label={t("field.name")}
          about={t("about.name")}
          placeholder="web"
          required
          autoFocus
          value={f.name}
          onChange={(name) => set({ name })}
        />
      )}
      <ChoiceField
        path="protocol"
        label={t("field.protocol")}
        value={f.protocol}
        onChange={(protocol) => set({ protocol })}
        options={protocols.map((p) => ({ value: p, label: t(`protocol.${p}`), about: t(`protocol_about.${p}`) }))}
      />
      {(at === "http" || at === "https") && (
        <Section title={t("section.request")}>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextField
              path={`${at}.host`}
              label={t("field.host")}
              about={t("about.host")}
              placeholder="www.example.com"
              value={f.web.host}
              onChange={(host) => web({ host })}
            />
            <TextField
              path={`${at}.path`}
              label={t("field.path")}
              about={t("about.path")}
              placeholder="/healthz"
              value={f.web.path}
              onChange={(path) => web({ path })}
            />
            <MethodField path={`${at}.method`} value={f.web.method} onChange={(method) => web({ method })} />
            <TagsField
              path={`${at}.expect_status`}
              label={t("field.expect_status")}
              about={t("about.expect_status")}
              placeholder="200-399"
              value={f.web.expect_status}
              onChange={(expect_status) => web({ expect_status })}
              split={[",", " "]}
            />
          </SimpleGrid>
          <TextField
            path={`${at}.expect_body`}
            label={t("field.expect_body")}
            about={t("about.expect_body")}
            value={f.web.expect_body}
            onChange={(expect_body) => web({ expect_body })}
          />
          <SwitchField
            path={`${at}.follow_redirects`}
            label={t("field.follow_redirects")}
            about={t("about.follow_redirects")}
            value={f.web.follow_redirects}
            onChange={(follow_redirects) => web({ follow_redirects })}
          />
          <Headers path={`${at}.headers`} headers={f.web.headers} onChange={(headers) => web({ headers })} />
        </Section>
      )}
      {at === "https" && (
        <Section title={t("section.certificate")}>
          <SwitchField
            path="https.verify"
            label={t("field.verify")}
            about={t("about.verify")}
            value={f.web.verify}
            onChange={(verify) => web({ verify })}
          />
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextField path="https.sni" label={t("field.sni")} about={t("about.sni")} value={f.web.sni} onChange={(sni) => web({ sni })} />
            <NumberField
              path="https.min_days_left"
              label={t("field.min_days_left")}
              about={f.web.verify ? t("about.min_days_left") : t("about.min_days_left_unverified")}
              unit={t("days")}
              value={f.web.min_days_left}
              onChange={(min_days_left) => web({ min_days_left })}
            />
          </SimpleGrid>
        </Section>
      )}
      {at === "tcp" && (
        <Section title={t("section.tcp")}>
          <TextField
            path="tcp.send"
            label={t("field.send")}
            about={t("about.send")}
            mono
            value={f.tcp.send}
            onChange={(send) => set({ tcp: { ...f.tcp, send } })}
          />
          <TextField
            path="tcp.expect"
            label={t("field.expect")}
            about={t("about.expect")}
            mono
            value={f.tcp.expect}
            onChange={(expect) => set({ tcp: { ...f.tcp, expect } })}
          />
        </Section>
      )}
      {at === "ping" && (
        <Section title={t("section.ping")}>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <NumberField
              path="ping.packets"
              label={t("field.packets")}
              about={t("about.packets")}
              required
              value={f.ping.packets}
              onChange={(packets) => set({ ping: { ...f.ping, packets } })}
            />
            <NumberField
              path="ping.loss_rate"
              label={t("field.loss_rate")}
              about={t("about.loss_rate")}
              unit="%"
              required
              value={f.ping.loss_rate}
              onChange={(loss_rate) => set({ ping: { ...f.ping, loss_rate } })}
            />
          </SimpleGrid>
        </Section>
      )}
      <Section title={t("section.timing")}>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <DurationField
            path="interval"
            label={t("field.interval")}
            about={t("about.interval")}
            data={["1s", "5s", "10s", "30s", "60s"]}
            value={f.interval}
            onChange={(interval) => set({ interval })}
          />
          <DurationField
            path="timeout"
            label={t("field.timeout")}
            about={t("about.timeout")}
            data={["500ms", "1s", "2s", "5s"]}
            value={f.timeout}
            onChange={(timeout) => set({ timeout })}
          />
          <NumberField
            path="evaluation_count"
            label={t("field.evaluation_count")}
            about={t("about.evaluation_count")}
            required
            value={f.evaluation_count}
            onChange={(evaluation_count) => set({ evaluation_count })}
          />
          <NumberField
            path="recovery_count"
            label={t("field.recovery_count")}
            about={t("about.recovery_count")}
            placeholder={String(f.evaluation_count)}
            value={f.recovery_count}
            onChange={(recovery_count) => set({ recovery_count })}
          />
          <NumberField
            path="failure_rate"
            label={t("field.failure_rate")}
            about={t("about.failure_rate")}
            unit="%"
            required
            value={f.failure_rate}
            onChange={(failure_rate) => set({ failure_rate })}
          />
        </SimpleGrid>
        <ChoiceField
          path="ip_version"
          label={t("field.ip_version")}
          about={t("about.ip_version")}
          value={f.ip_version}
          onChange={(ip_version) => set({ ip_version })}
          options={(["IPv4", "IPv6"] as const).map((v) => ({ value: v, label: v }))}
        />
      </Section>
      <Section title={t("section.vantages")}>
        <VantageField value={f.vantages} onChange={(vantages) => set({ vantages })} />
      </Section>
      <MetaFields e={e} />
    </>
  );
}

function MethodField({ path, value, onChange }: { path: string; value: string; onChange: (v: string) => void }) {
  const { t } = useTranslation("edit");
  const { readOnly } = useContext(FormContext);
  const { errors, warnings } = useFindings(path);
  return (
    <div data-field={path}>
      <Select
        label={t("field.method")}
        description={t("about.method")}
        data={["GET", "HEAD", "POST", "OPTIONS"]}
        value={value}
        readOnly={readOnly}
        error={errors.join(" ") || undefined}
        onChange={(v) => v && onChange(v)}
      />
      <Warnings list={warnings} />
      <Was path={path} value={value} />
    </div>
  );
}

function DurationField({
  path,
  label,
  about,
  data,
  value,
  onChange,
}: {
  path: string;
  label: string;
  about: string;
  data: string[];
  value: string;
  onChange: (v: string) => void;
}) {
  const { readOnly } = useContext(FormContext);
  const { errors, warnings } = useFindings(path);
  return (
    <div data-field={path}>
      <Autocomplete
        label={label}
        description={about}
        required
        data={data}
        filter={({ options }) => options}
        value={value}
        onChange={onChange}
        readOnly={readOnly}
        error={errors.join(" ") || undefined}
        autoComplete="off"
      />
      <Warnings list={warnings} />
      <Was path={path} value={value} />
    </div>
  );
}

function Headers({ path, headers, onChange }: { path: string; headers: HeaderForm[]; onChange: (h: HeaderForm[]) => void }) {
  const { t } = useTranslation("edit");
  const { readOnly } = useContext(FormContext);
  const all = useFindings(path, true);
  const patch = (i: number, p: Partial<HeaderForm>) => onChange(headers.map((h, k) => (k === i ? { ...h, ...p } : h)));
  return (
    <Stack gap={6} data-field={path}>
      <Group justify="space-between">
        <Text fz="sm" fw={500}>
          {t("field.headers")}
        </Text>
        {!readOnly && (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() => onChange([...headers, { name: "", from: "text", value: "", rest: {} }])}
          >
            {t("headers.add")}
          </Button>
        )}
      </Group>
      {headers.map((h, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the name of a header is what is being typed
        <Group key={i} gap={6} wrap="nowrap" align="flex-start">
          <TextInput
            size="xs"
            flex={1}
            aria-label={t("headers.name")}
            placeholder={t("headers.name")}
            value={h.name}
            readOnly={readOnly}
            onChange={(ev) => patch(i, { name: ev.currentTarget.value })}
          />
          <Select
            size="xs"
            w={120}
            aria-label={t("headers.from")}
            data={[
              { value: "text", label: t("headers.text") },
              { value: "file", label: t("headers.file") },
            ]}
            value={h.from}
            readOnly={readOnly}
            onChange={(v) => v && patch(i, { from: v as HeaderForm["from"] })}
          />
          <TextInput
            size="xs"
            flex={2}
            aria-label={t("headers.value")}
            placeholder={t(h.from === "file" ? "headers.file_path" : "headers.value")}
            value={h.value}
            readOnly={readOnly}
            onChange={(ev) => patch(i, { value: ev.currentTarget.value })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size={28}
            disabled={readOnly}
            aria-label={t("headers.remove", { name: h.name })}
            onClick={() => onChange(headers.filter((_, k) => k !== i))}
          >
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      {all.errors.map((x) => (
        <Text key={x} fz="xs" c="var(--m-state-red)">
          {x}
        </Text>
      ))}
      <Warnings list={all.warnings} />
    </Stack>
  );
}

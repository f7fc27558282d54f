import { ActionIcon, Button, Card, Group, NumberInput, Stack, Switch, Text } from "@mantine/core";
import { IconExternalLink, IconTrash } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useDraft } from "../draft";
import { ChoiceField, TextField, useFindings, Warnings } from "../fields";
import { type AddressForm as Form, familyOf, type TaskForm } from "../model/address";
import { inDraft, useObject } from "../objects";
import { RefPicker } from "../RefPicker";
import { JudgementField, MetaFields, Section } from "./common";
import type { Editing } from "./form";
import { useNav } from "./nav";

const LocationField = lazy(() => import("../LocationField"));

export function AddressForm({ e }: { e: Editing<Form> }) {
  const { t } = useTranslation("edit");
  const nav = useNav();
  const { form: f, set } = e;
  const family = familyOf(f.address);
  const add = (template: string) => set({ tasks: [...f.tasks, { template, port: "", enabled: true, rest: {} }] });
  return (
    <>
      {e.isNew && (
        <TextField
          path="name"
          label={t("field.name")}
          about={t("about.name")}
          placeholder="hz-1"
          required
          autoFocus
          value={f.name}
          onChange={(name) => set({ name })}
        />
      )}
      <TextField
        path="address"
        label={t("field.address")}
        about={t("about.address")}
        placeholder="203.0.113.10"
        required
        mono
        value={f.address}
        onChange={(address) => set({ address: address.trim() })}
      />
      <ChoiceField
        path="mode"
        label={t("field.address_mode")}
        value={f.mode}
        onChange={(mode) => set({ mode })}
        options={(["auto", "manual_available", "manual_unavailable"] as const).map((v) => ({
          value: v,
          label: t(`address_mode.${v}`),
          about: t(`address_mode_about.${v}`),
        }))}
      />
      <Section title={t("section.tasks")}>
        {f.tasks.length === 0 && (
          <Text fz="sm" c="dimmed">
            {t("tasks.none")}
          </Text>
        )}
        {f.tasks.map((task, i) => (
          <Task
            // biome-ignore lint/suspicious/noArrayIndexKey: a task has no name; two may be alike but for the port being typed
            key={i}
            path={`tasks[${i}]`}
            task={task}
            readOnly={e.state.readOnly}
            onChange={(p) => set({ tasks: f.tasks.map((x, k) => (k === i ? { ...x, ...p } : x)) })}
            onRemove={() => set({ tasks: f.tasks.filter((_, k) => k !== i) })}
            open={() => nav.open("template", task.template)}
          />
        ))}
        {!e.state.readOnly && (
          <RefPicker
            kind="template"
            label={t("add.task")}
            quiet
            about={(o) => t(`protocol.${o.body.protocol}`)}
            fits={(o) => {
              if (family === "domain" || f.address === "") return undefined;
              const of = String(o.body.ip_version ?? "IPv4");
              return of === family ? undefined : t("other_type", { type: of });
            }}
            onPick={add}
            onCreate={(name) =>
              nav.create("template", { ...(name ? { name } : {}), ...(family === "IPv6" ? { ip_version: "IPv6" } : {}) }, add)
            }
          />
        )}
        {f.tasks.length > 1 && <JudgementField of="address" value={f.judgement} onChange={(judgement) => set({ judgement })} />}
        {f.mode !== "auto" && f.tasks.length > 0 && (
          <Text fz="xs" c="dimmed">
            {t("tasks.manual")}
          </Text>
        )}
      </Section>
      <Section title={t("section.location")}>
        <Suspense fallback={<div style={{ height: 330 }} />}>
          <LocationField value={f.location} onChange={(location) => set({ location })} readOnly={e.state.readOnly} />
        </Suspense>
      </Section>
      <MetaFields e={e} />
    </>
  );
}

function Task({
  path,
  task,
  readOnly,
  onChange,
  onRemove,
  open,
}: {
  path: string;
  task: TaskForm;
  readOnly: boolean;
  onChange: (p: Partial<TaskForm>) => void;
  onRemove: () => void;
  open: () => void;
}) {
  const { t } = useTranslation("edit");
  const draft = useDraft();
  const { data } = useObject("template", task.template);
  const tpl = inDraft(draft, "template", task.template, data);
  const protocol = String(tpl?.protocol ?? "");
  const all = useFindings(path, true);
  const usual = { http: "80", https: "443" }[protocol];
  return (
    <Card withBorder padding="xs" data-field={path}>
      <Group gap="xs" wrap="nowrap">
        <Stack gap={0} flex={1} miw={0}>
          <Button
            variant="transparent"
            size="compact-sm"
            px={0}
            onClick={open}
            styles={{ inner: { justifyContent: "flex-start" } }}
            rightSection={<IconExternalLink size={13} aria-hidden />}
          >
            {task.template}
          </Button>
          <Text fz="xs" c="dimmed">
            {tpl === null
              ? t("gone")
              : protocol
                ? `${t(`protocol.${protocol}`)} · ${t("tasks.every", { interval: String(tpl?.interval ?? "") })}`
                : "\u00a0"}
          </Text>
        </Stack>
        {protocol === "ping" ? (
          <Text fz="xs" c="dimmed" w={110}>
            {t("tasks.no_port")}
          </Text>
        ) : (
          <NumberInput
            aria-label={t("tasks.port_of", { name: task.template })}
            size="xs"
            w={110}
            min={1}
            max={65535}
            clampBehavior="none"
            allowDecimal={false}
            hideControls
            placeholder={usual ? t("tasks.port_default", { port: usual }) : t("tasks.port")}
            value={task.port}
            readOnly={readOnly}
            error={all.errors.length > 0}
            onChange={(v) => onChange({ port: v === "" ? "" : Number(v) })}
          />
        )}
        <Switch
          size="xs"
          checked={task.enabled}
          disabled={readOnly}
          aria-label={t("tasks.enabled", { name: task.template })}
          onChange={(e) => onChange({ enabled: e.currentTarget.checked })}
        />
        <ActionIcon
          variant="subtle"
          color="gray"
          size={28}
          disabled={readOnly}
          aria-label={t("tasks.remove", { name: task.template })}
          onClick={onRemove}
        >
          <IconTrash size={16} aria-hidden />
        </ActionIcon>
      </Group>
      {all.errors.map((x) => (
        <Text key={x} fz="xs" c="var(--m-state-red)" mt={4}>
          {x}
        </Text>
      ))}
      <Warnings list={all.warnings} />
    </Card>
  );
}

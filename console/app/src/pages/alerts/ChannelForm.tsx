import {
  Button,
  Group,
  Input,
  Alert as Note,
  NumberInput,
  PasswordInput,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconInfoCircle } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, refresh } from "@/api/client";
import { Problem, problemOf } from "@/components/Problem";
import { sayFinding } from "@/i18n/say";
import { type Field, fieldsOf, type Hidden, type Kind, specOf, type Values, valuesOf } from "./channel";
import type { Channel } from "./words";

export function ChannelForm({ kind, channel, onDone }: { kind: Kind; channel?: Channel | undefined; onDone: () => void }) {
  const { t, i18n } = useTranslation("alerts");
  const [error, setError] = useState<unknown>();
  const form = useForm<Values>({
    initialValues: valuesOf(kind, channel, i18n.language === "zh" ? "zh" : "en"),
    validate: {
      name: (v) => (/^[a-z0-9][a-z0-9._-]{0,62}$/.test(v) ? null : t("form.name_rule")),
      labels: (v) => (v.every((l) => /^[a-zA-Z_][a-zA-Z0-9_]*=/.test(l)) ? null : t("form.labels_rule")),
    },
  });
  const put = $api.useMutation("put", "/api/v1/alerts/channels/{name}");
  const save = form.onSubmit(async (v) => {
    setError(undefined);
    try {
      await put.mutateAsync({
        params: { path: { name: v.name }, header: { "If-Match": channel ? String(channel.version) : "0" } },
        body: specOf(v, channel),
      });
      refresh("/alerts");
      onDone();
    } catch (err) {
      setError(err);
      for (const f of problemOf(err)?.errors ?? []) {
        const field = (f.field ?? "").replace(/[[.].*$/, "");
        if (field in form.values) form.setFieldError(field, sayFinding(f));
      }
    }
  });
  const input = (f: Field) => {
    switch (f) {
      case "url":
      case "secret":
        return (
          <Secret
            key={f}
            label={t(`form.${f}_${kind}`, t(`form.${f}`))}
            about={t(`form.${f}_about_${kind}`, "")}
            shown={f === "url" ? channel?.url || channel?.url_file : channel?.secret_file}
            removable={f === "secret" && kind !== "pagerduty"}
            value={form.values[f]}
            kept={channel !== undefined && valuesOf(kind, channel)[f].how === "keep"}
            error={form.errors[f]}
            onChange={(h) => {
              form.setFieldValue(f, h);
              form.clearFieldError(f);
            }}
          />
        );
      case "port":
        return (
          <NumberInput
            key={f}
            label={t("form.port")}
            description={t("form.port_about")}
            min={1}
            max={65535}
            hideControls
            {...form.getInputProps("port")}
          />
        );
      case "tls":
        return (
          <Select
            key={f}
            label={t("form.tls")}
            data={(["starttls", "tls", "none"] as const).map((v) => ({ value: v, label: t(`form.tls_${v}`) }))}
            {...form.getInputProps("tls")}
          />
        );
      case "to":
      case "mention":
      case "labels":
        return (
          <TagsInput
            key={f}
            label={t(`form.${f}`)}
            description={t(`form.${f}_about_${kind}`, t(`form.${f}_about`))}
            splitChars={[",", " ", "，"]}
            {...form.getInputProps(f)}
          />
        );
      default:
        return (
          <TextInput key={f} label={t(`form.${f}`)} description={t(`form.${f}_about`, "")} autoComplete="off" {...form.getInputProps(f)} />
        );
    }
  };
  return (
    <form onSubmit={save} noValidate>
      <Stack gap="sm">
        <Note variant="light" color="blue" icon={<IconInfoCircle aria-hidden />} title={t("form.how")}>
          <Text fz="sm" style={{ whiteSpace: "pre-line" }}>
            {t(`how.${kind}`)}
          </Text>
        </Note>
        <TextInput
          label={t("form.name")}
          description={t("form.name_about")}
          disabled={channel !== undefined}
          autoComplete="off"
          data-autofocus={channel === undefined || undefined}
          {...form.getInputProps("name")}
        />
        {fieldsOf[kind].filter((f) => f !== "ca_file").map(input)}
        <Select
          label={t("form.min_severity")}
          description={t("form.min_severity_about")}
          data={(["warning", "error", "critical"] as const).map((v) => ({ value: v, label: t(`severity.${v}`) }))}
          {...form.getInputProps("min_severity")}
        />
        <Select
          label={t("form.language")}
          data={[
            { value: "en", label: "English" },
            { value: "zh", label: "中文" },
          ]}
          {...form.getInputProps("language")}
        />
        <NumberInput
          label={t("form.rate_per_minute")}
          description={t("form.rate_about")}
          placeholder={channel ? String(channel.rate_per_minute) : t("form.rate_usual")}
          min={1}
          max={600}
          hideControls
          {...form.getInputProps("rate_per_minute")}
        />
        {fieldsOf[kind].includes("ca_file") && input("ca_file")}
        <Textarea label={t("form.remark")} autosize minRows={1} maxLength={1024} {...form.getInputProps("remark")} />
        <Switch label={t("form.enabled")} {...form.getInputProps("enabled", { type: "checkbox" })} />
        {error !== undefined && <Problem error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            {t("common:action.cancel")}
          </Button>
          <Button type="submit" loading={put.isPending}>
            {t("common:action.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** A secret can be written and never read: it stays, is typed anew, comes from a file, or is taken away. */
function Secret({
  label,
  about,
  shown,
  kept,
  removable,
  value,
  error,
  onChange,
}: {
  label: string;
  about: string;
  shown: string | undefined;
  kept: boolean;
  removable: boolean;
  value: Hidden;
  error: React.ReactNode;
  onChange: (h: Hidden) => void;
}) {
  const { t } = useTranslation("alerts");
  const ways = [...(kept ? ["keep"] : []), "text", "file", ...(kept && removable ? ["none"] : [])];
  return (
    <div>
      <Group justify="space-between" gap="xs" mb={4}>
        <Input.Label component="div" aria-hidden>
          {label}
        </Input.Label>
        <SegmentedControl
          size="xs"
          aria-label={t("form.source_of", { label })}
          value={value.how}
          onChange={(how) => onChange({ ...value, how: how as Hidden["how"] })}
          data={ways.map((w) => ({ value: w, label: t(`form.source_${w}`) }))}
        />
      </Group>
      {value.how === "text" && (
        <PasswordInput
          aria-label={label}
          description={about || undefined}
          error={error}
          autoComplete="new-password"
          value={value.text}
          onChange={(e) => onChange({ ...value, text: e.currentTarget.value })}
          visibilityToggleButtonProps={{ "aria-label": t("form.reveal", { label }) }}
        />
      )}
      {value.how === "file" && (
        <TextInput
          aria-label={label}
          description={t("form.file_about")}
          placeholder="/etc/meridian/alert.key"
          error={error}
          autoComplete="off"
          value={value.file}
          onChange={(e) => onChange({ ...value, file: e.currentTarget.value })}
        />
      )}
      {value.how === "keep" && (
        <Text fz="sm" c={error ? "var(--m-state-red)" : "dimmed"} style={{ overflowWrap: "anywhere" }}>
          {error ?? (shown ? t("form.kept_shown", { shown }) : t("form.kept"))}
        </Text>
      )}
      {value.how === "none" && (
        <Text fz="sm" c="dimmed">
          {t("form.will_remove")}
        </Text>
      )}
    </div>
  );
}

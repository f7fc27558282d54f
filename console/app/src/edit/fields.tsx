// Fields of a form: each shows at its own place what the API finds, what is missing, and what it was
// before the draft. A form hands out its state by FormContext, so that a field needs only its path.
import { Anchor, Group, NumberInput, Radio, Stack, Switch, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { createContext, type ReactNode, useContext } from "react";
import { useTranslation } from "react-i18next";
import { sayFinding } from "@/i18n/say";
import type { Placed } from "./check";
import type { Missing, Num } from "./model/common";

export type FormState = {
  /** Findings of this object. */
  findings: Placed[];
  missing: Record<string, Missing>;
  /** Missing things are said from the first try on, not while one begins. */
  strict: boolean;
  readOnly: boolean;
  /** Value of a field before the draft; undefined for a new object. */
  was: (path: string) => unknown;
  /** Undoes one field. */
  restore?: (path: string) => void;
};

export const FormContext = createContext<FormState>({ findings: [], missing: {}, strict: false, readOnly: false, was: () => undefined });

/** A finding as a sentence: the server's words begin small, since they follow the name of a field. */
export function sentence(f: Placed): string {
  const text = sayFinding(f.said);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What is found at a path; with below also at everything under it. */
export function useFindings(path: string, below = false): { errors: string[]; warnings: string[] } {
  const { t } = useTranslation("edit");
  const { findings, missing, strict } = useContext(FormContext);
  const at = (f: string) => f === path || (below && (f.startsWith(`${path}.`) || f.startsWith(`${path}[`)));
  const here = findings.filter((f) => at(f.field));
  const lacks = strict ? Object.entries(missing).filter(([f]) => at(f)) : [];
  return {
    errors: [...lacks.map(([, m]) => t(`missing.${m}`)), ...here.filter((f) => f.severity === "error" && lacks.length === 0).map(sentence)],
    warnings: here.filter((f) => f.severity === "warning").map(sentence),
  };
}

function useField(path: string) {
  const form = useContext(FormContext);
  const { errors, warnings } = useFindings(path);
  return { form, error: errors.length > 0 ? errors.join(" ") : undefined, warnings, disabled: form.readOnly };
}

export function Warnings({ list }: { list: string[] }) {
  if (list.length === 0) return null;
  return (
    <Stack gap={2} mt={4}>
      {list.map((w) => (
        <Group key={w} gap={4} wrap="nowrap" align="flex-start" c="var(--m-state-yellow)">
          <IconAlertTriangle size={14} aria-hidden style={{ flex: "none", marginTop: 2 }} />
          <Text fz="xs">{w}</Text>
        </Group>
      ))}
    </Stack>
  );
}

/** What a field was before the draft, with a way back. */
export function Was({ path, value, show }: { path: string; value: unknown; show?: (v: unknown) => string }) {
  const { t } = useTranslation("edit");
  const { was, restore } = useContext(FormContext);
  const before = was(path);
  if (before === undefined || JSON.stringify(before) === JSON.stringify(value)) return null;
  const words = show ? show(before) : Array.isArray(before) ? before.join(", ") : String(before);
  return (
    <Text fz="xs" c="var(--m-state-blue)" mt={2}>
      {words === "" ? t("was_empty") : t("was", { value: words })}
      {restore && (
        <>
          {" · "}
          <Anchor component="button" type="button" fz="xs" underline="always" onClick={() => restore(path)}>
            {t("restore")}
          </Anchor>
        </>
      )}
    </Text>
  );
}

function Framed({
  path,
  value,
  show,
  warnings,
  children,
}: {
  path: string;
  value: unknown;
  show?: (v: unknown) => string;
  warnings: string[];
  children: ReactNode;
}) {
  return (
    <div data-field={path}>
      {children}
      <Warnings list={warnings} />
      <Was path={path} value={value} {...(show ? { show } : {})} />
    </div>
  );
}

type Base<T> = { path: string; label: string; about?: ReactNode; value: T; onChange: (v: T) => void; disabled?: boolean };

export function TextField({
  placeholder,
  required,
  mono,
  autoFocus,
  ...p
}: Base<string> & { placeholder?: string; required?: boolean; mono?: boolean; autoFocus?: boolean }) {
  const f = useField(p.path);
  return (
    <Framed path={p.path} value={p.value} warnings={f.warnings}>
      <TextInput
        label={p.label}
        description={p.about}
        value={p.value}
        onChange={(e) => p.onChange(e.currentTarget.value)}
        error={f.error}
        readOnly={f.disabled || p.disabled}
        placeholder={placeholder}
        required={required}
        data-autofocus={autoFocus || undefined}
        spellCheck={false}
        autoComplete="off"
        {...(mono ? { styles: { input: { fontFamily: "var(--mantine-font-family-monospace)" } } } : {})}
      />
    </Framed>
  );
}

export function RemarkField(p: Base<string>) {
  const f = useField(p.path);
  return (
    <Framed path={p.path} value={p.value} warnings={f.warnings}>
      <Textarea
        label={p.label}
        value={p.value}
        onChange={(e) => p.onChange(e.currentTarget.value)}
        error={f.error}
        readOnly={f.disabled}
        autosize
        minRows={1}
        maxRows={6}
      />
    </Framed>
  );
}

export function NumberField({
  min,
  max,
  unit,
  placeholder,
  required,
  width,
  ...p
}: Base<Num> & { min?: number; max?: number; unit?: string; placeholder?: string; required?: boolean; width?: number }) {
  const f = useField(p.path);
  return (
    <Framed path={p.path} value={p.value} warnings={f.warnings}>
      <NumberInput
        label={p.label}
        description={p.about}
        value={p.value}
        onChange={(v) => p.onChange(v === "" ? "" : Number(v))}
        error={f.error}
        readOnly={f.disabled || p.disabled}
        allowDecimal={false}
        clampBehavior="none"
        required={required}
        placeholder={placeholder}
        {...(width ? { styles: { wrapper: { width } } } : {})}
        {...(min !== undefined ? { min } : {})}
        {...(max !== undefined ? { max } : {})}
        {...(unit ? { suffix: ` ${unit}` } : {})}
      />
    </Framed>
  );
}

/** One of a few: each with a word and, where it helps, what it does. */
export function ChoiceField<T extends string>({
  options,
  ...p
}: Base<T> & { options: { value: T; label: string; about?: string; disabled?: string | undefined }[] }) {
  const f = useField(p.path);
  const label = (v: unknown) => options.find((o) => o.value === v)?.label ?? String(v);
  const long = options.some((o) => o.about);
  return (
    <Framed path={p.path} value={p.value} show={label} warnings={f.warnings}>
      <Radio.Group
        label={p.label}
        description={p.about}
        value={p.value}
        onChange={(v) => p.onChange(v as T)}
        error={f.error}
        readOnly={f.disabled || p.disabled}
      >
        <Group gap={long ? "xs" : "md"} mt={6} align="stretch" grow={long} preventGrowOverflow={false} style={{ rowGap: 8 }}>
          {options.map((o) => (
            <Radio
              key={o.value}
              value={o.value}
              label={o.label}
              description={o.disabled ?? o.about}
              disabled={f.disabled || p.disabled || o.disabled !== undefined}
              {...(long ? { style: { flexBasis: 220 } } : {})}
            />
          ))}
        </Group>
      </Radio.Group>
    </Framed>
  );
}

export function SwitchField(p: Base<boolean>) {
  const { t } = useTranslation("edit");
  const f = useField(p.path);
  return (
    <Framed path={p.path} value={p.value} show={(v) => t(v ? "on" : "off")} warnings={f.warnings}>
      <Switch
        label={p.label}
        description={p.about}
        checked={p.value}
        onChange={(e) => p.onChange(e.currentTarget.checked)}
        error={f.error}
        disabled={f.disabled || p.disabled}
      />
    </Framed>
  );
}

export function TagsField({
  placeholder,
  split,
  data,
  ...p
}: Base<string[]> & { placeholder?: string; split?: string[]; data?: string[] }) {
  const f = useField(p.path);
  const below = useFindings(p.path, true);
  const error = below.errors.length > 0 ? below.errors.join(" ") : undefined;
  return (
    <Framed path={p.path} value={p.value} warnings={below.warnings}>
      <TagsInput
        label={p.label}
        description={p.about}
        value={p.value}
        onChange={(v) => p.onChange(v)}
        error={error}
        readOnly={f.disabled || p.disabled}
        placeholder={p.value.length === 0 ? placeholder : undefined}
        splitChars={split ?? [","]}
        acceptValueOnBlur
        clearable={!f.disabled}
        {...(data ? { data } : {})}
      />
    </Framed>
  );
}

import { Text, Textarea } from "@mantine/core";
import { useContext, useState } from "react";
import { useTranslation } from "react-i18next";
import { number } from "@/lib/format";
import { FormContext, TextField, useFindings, Warnings, Was } from "../fields";
import { LineMatch } from "../LineMatch";
import { type LineForm as Form, splitCidrs } from "../model/line";
import { MetaFields, Section } from "./common";
import type { Editing } from "./form";

export function LineForm({ e }: { e: Editing<Form> }) {
  const { t } = useTranslation("edit");
  const { readOnly } = useContext(FormContext);
  const { form: f, set } = e;
  // The text as it is typed: what is set apart differently is the same list.
  const [typed, setTyped] = useState<string | undefined>();
  const text = typed !== undefined && splitCidrs(typed).join() === f.cidrs.join() ? typed : f.cidrs.join("\n");
  const { errors, warnings } = useFindings("cidrs", true);
  return (
    <>
      {e.isNew && (
        <TextField
          path="name"
          label={t("field.name")}
          about={t("about.line_name")}
          placeholder="office"
          required
          autoFocus
          value={f.name}
          onChange={(name) => set({ name })}
        />
      )}
      <div data-field="cidrs">
        <Textarea
          label={t("field.cidrs")}
          description={t("about.cidrs")}
          placeholder={"198.51.100.0/24\n2001:db8:5::/48"}
          required
          autosize
          minRows={4}
          maxRows={16}
          spellCheck={false}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          value={text}
          readOnly={readOnly}
          error={errors.slice(0, 8).join(" ") || undefined}
          onChange={(ev) => {
            setTyped(ev.currentTarget.value);
            set({ cidrs: splitCidrs(ev.currentTarget.value) });
          }}
        />
        <Text fz="xs" c="dimmed" mt={4}>
          {t("lines.count", { count: f.cidrs.length, n: number(f.cidrs.length) })}
        </Text>
        <Warnings list={warnings} />
        <Was
          path="cidrs"
          value={f.cidrs}
          show={(v) => t("lines.count", { count: (v as string[]).length, n: number((v as string[]).length) })}
        />
      </div>
      <Section title={t("section.match")}>
        <LineMatch name={f.name} cidrs={f.cidrs} />
      </Section>
      <MetaFields e={e} />
    </>
  );
}

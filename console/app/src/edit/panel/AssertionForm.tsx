import { Group, Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { ChoiceField, useFindings } from "../fields";
import LinePicker from "../LinePicker";
import type { AssertionForm as Form } from "../model/assertion";
import { RefPicker } from "../RefPicker";
import { MetaFields } from "./common";
import type { Editing } from "./form";

export function AssertionForm({ e }: { e: Editing<Form> }) {
  const { t } = useTranslation("edit");
  const { form: f, set } = e;
  const name = useFindings("name");
  const line = useFindings("line");
  const value = useFindings(`expect.${f.expect.what}`);
  const whole = useFindings("expect");
  return (
    <>
      {e.isNew ? (
        <>
          <RefPicker
            kind="access_domain"
            label={t("field.assert_name")}
            value={f.name ? `${f.name} ${f.type}` : ""}
            error={name.errors.join(" ") || undefined}
            onPick={(key) => {
              const [n, type] = key.split("/");
              set({ name: n ?? "", type: (type ?? "A") as Form["type"] });
            }}
          />
          <LinePicker
            single
            label={t("field.assert_line")}
            about={t("about.assert_line")}
            value={[f.line]}
            onChange={(l) => set({ line: l[0] ?? "default" })}
            error={line.errors.join(" ") || undefined}
          />
        </>
      ) : null}
      <ChoiceField
        path="expect"
        label={t("field.expect_what")}
        about={whole.errors.length > 0 ? undefined : t("about.expect_what")}
        value={f.expect.what}
        onChange={(what) => set({ expect: { ...f.expect, what, value: "" } })}
        options={(["pool", "address"] as const).map((v) => ({ value: v, label: t(`common:kind_one.${v}`) }))}
      />
      {e.state.readOnly ? (
        <Group>
          <Select label={t("field.expect_value")} data={[f.expect.value]} value={f.expect.value} readOnly />
        </Group>
      ) : (
        <RefPicker
          key={f.expect.what}
          kind={f.expect.what}
          label={t("field.expect_value")}
          value={f.expect.value}
          error={value.errors.join(" ") || undefined}
          onPick={(v) => set({ expect: { ...f.expect, value: v } })}
        />
      )}
      <MetaFields e={e} />
    </>
  );
}

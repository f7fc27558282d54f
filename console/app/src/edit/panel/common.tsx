// Parts of forms that several kinds share.
import { Divider, Stack, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ChoiceField, RemarkField, SwitchField, TagsField } from "../fields";
import type { MetaForm } from "../model/common";
import { type Judgement, judgements } from "../model/pool";
import { policies, type SteeringForm } from "../model/steering";
import type { Editing } from "./form";

export function Section({ title, children, actions }: { title: string; children: ReactNode; actions?: ReactNode }) {
  return (
    <Stack gap="sm" component="section">
      <Divider />
      <div style={{ display: "flex", justifyContent: "space-between", alignItems: "center", gap: 8 }}>
        <Title order={3}>{title}</Title>
        {actions}
      </div>
      {children}
    </Stack>
  );
}

export function MetaFields<F extends MetaForm>({ e, without = [] }: { e: Editing<F>; without?: "enabled"[] }) {
  const { t } = useTranslation("edit");
  const set = (p: Partial<MetaForm>) => e.set(p as Partial<F>);
  return (
    <Section title={t("section.notes")}>
      {!without.includes("enabled") && (
        <SwitchField
          path="enabled"
          label={t("field.enabled")}
          about={t("about.enabled")}
          value={e.form.enabled}
          onChange={(v) => set({ enabled: v })}
        />
      )}
      <TagsField
        path="labels"
        label={t("field.labels")}
        about={t("about.labels")}
        placeholder="site=hz"
        value={e.form.labels}
        onChange={(v) => set({ labels: v })}
      />
      <RemarkField path="remark" label={t("field.remark")} value={e.form.remark} onChange={(v) => set({ remark: v })} />
    </Section>
  );
}

/** Policy, and of the two things that belong to one policy each the one that applies. */
export function SteeringFields<F extends SteeringForm>({ e, level }: { e: Editing<F>; level: "domain" | "pool" }) {
  const { t } = useTranslation("edit");
  const set = (p: Partial<SteeringForm>) => e.set(p as Partial<F>);
  const { policy, mode, order } = e.form;
  return (
    <>
      <ChoiceField
        path="policy"
        label={t(`field.policy_${level}`)}
        value={policy}
        onChange={(v) => set({ policy: v })}
        options={policies.map((p) => ({ value: p, label: t(`common:policy.${p}`), about: t(`policy_about.${p}_${level}`) }))}
      />
      {policy === "sequential" && (
        <ChoiceField
          path="mode"
          label={t("field.mode")}
          value={mode}
          onChange={(v) => set({ mode: v })}
          options={(["preemptive", "non_preemptive"] as const).map((m) => ({
            value: m,
            label: t(`mode.${m}`),
            about: t(`mode_about.${m}`),
          }))}
        />
      )}
      {policy === "proximity" && (
        <ChoiceField
          path="order"
          label={t("field.order")}
          value={order}
          onChange={(v) => set({ order: v })}
          options={(["serial", "distance"] as const).map((o) => ({ value: o, label: t(`order.${o}`), about: t(`order_about.${o}`) }))}
        />
      )}
    </>
  );
}

export function JudgementField({ value, onChange, of }: { value: Judgement; onChange: (j: Judgement) => void; of: "address" | "pool" }) {
  const { t } = useTranslation("edit");
  return (
    <ChoiceField
      path="judgement"
      label={t(`field.judgement_${of}`)}
      value={value}
      onChange={onChange}
      options={judgements.map((j) => ({ value: j, label: t(`judgement.${j}`) }))}
    />
  );
}

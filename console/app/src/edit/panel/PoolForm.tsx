import { useTranslation } from "react-i18next";
import { useDraft } from "../draft";
import { ChoiceField, NumberField, TextField } from "../fields";
import { familyOf } from "../model/address";
import { type PoolForm as Form, hasAnswers } from "../model/pool";
import { newMember } from "../model/steering";
import { inDraft, useObject } from "../objects";
import { RefPicker } from "../RefPicker";
import { JudgementField, MetaFields, Section, SteeringFields } from "./common";
import type { Editing } from "./form";
import { Members } from "./Members";
import { useNav } from "./nav";

export function PoolForm({ e }: { e: Editing<Form> }) {
  const { t } = useTranslation("edit");
  const nav = useNav();
  const { form: f, set } = e;
  const add = (ref: string) => set({ members: [...f.members, newMember(ref, f.members)] });
  const held = !e.isNew && f.members.length > 0;
  return (
    <>
      {e.isNew && (
        <TextField
          path="name"
          label={t("field.name")}
          about={t("about.name")}
          placeholder="hangzhou"
          required
          autoFocus
          value={f.name}
          onChange={(name) => set({ name })}
        />
      )}
      <ChoiceField
        path="type"
        label={t("field.pool_type")}
        {...(held ? { about: t("about.pool_type_held") } : {})}
        value={f.type}
        onChange={(type) => set({ type })}
        options={(["IPv4", "IPv6", "domain"] as const).map((v) => ({ value: v, label: t(`pool_type.${v}`) }))}
      />
      <Section title={t("section.steering")}>
        <SteeringFields e={e} level="pool" />
        {hasAnswers(f) && (
          <NumberField
            path="answers"
            label={t("field.answers")}
            about={t(f.policy === "weighted" ? "about.answers_weighted" : "about.answers_round_robin")}
            min={1}
            max={16}
            width={160}
            placeholder={f.policy === "weighted" ? "1" : t("all")}
            value={f.type === "domain" ? "" : f.answers}
            disabled={f.type === "domain"}
            onChange={(answers) => set({ answers })}
          />
        )}
      </Section>
      <Section title={t("section.addresses")}>
        <Members
          path="members"
          members={f.members}
          policy={f.policy}
          byDistance={f.order === "distance" && f.policy === "proximity"}
          onChange={(members) => set({ members })}
          open={(ref) => nav.open("address", ref)}
          describe={(ref) => <AddressLine name={ref} />}
        />
        {!e.state.readOnly && (
          <RefPicker
            kind="address"
            label={t("add.address")}
            quiet
            omit={f.members.map((m) => m.ref)}
            fits={(o) => {
              const family = familyOf(String(o.body.address ?? ""));
              return family === f.type ? undefined : t("other_type", { type: t(`pool_type.${family}`) });
            }}
            about={(o) => String(o.body.address ?? "")}
            onPick={add}
            onCreate={(name) => nav.create("address", name ? (/^[\d.]+$|:/.test(name) ? { address: name } : { name }) : {}, add)}
          />
        )}
        <JudgementField of="pool" value={f.judgement} onChange={(judgement) => set({ judgement })} />
      </Section>
      <MetaFields e={e} />
    </>
  );
}

function AddressLine({ name }: { name: string }) {
  const { t } = useTranslation("edit");
  const draft = useDraft();
  const { data } = useObject("address", name);
  const b = inDraft(draft, "address", name, data);
  if (b === undefined) return <>{"\u00a0"}</>;
  if (b === null) return <>{t("gone")}</>;
  const mode = b.mode && b.mode !== "auto" ? ` · ${t(`address_mode.${b.mode}`)}` : "";
  const off = b.enabled === false ? ` · ${t("common:state.disabled")}` : "";
  return (
    <>
      <span className="mono">{String(b.address ?? "")}</span>
      {mode}
      {off}
    </>
  );
}

import { Group, Select, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useDraft } from "../draft";
import { ChoiceField, NumberField, TextField } from "../fields";
import { type DomainForm as Form, poolTypeOf } from "../model/domain";
import { newMember } from "../model/steering";
import { inDraft, useObject } from "../objects";
import { RefPicker } from "../RefPicker";
import { MetaFields, Section, SteeringFields } from "./common";
import type { Editing } from "./form";
import { Members } from "./Members";
import { useNav } from "./nav";

export function DomainForm({ e }: { e: Editing<Form> }) {
  const { t } = useTranslation("edit");
  const nav = useNav();
  const { form: f, set } = e;
  const poolType = poolTypeOf[f.type];
  const add = (ref: string) => set({ pools: [...f.pools, newMember(ref, f.pools)] });
  return (
    <>
      {e.isNew && (
        <Group align="flex-start" wrap="nowrap" gap="sm">
          <div style={{ flex: 1 }}>
            <TextField
              path="name"
              label={t("field.domain_name")}
              about={t("about.domain_name")}
              placeholder="www.example.com"
              required
              autoFocus
              value={f.name}
              onChange={(name) => set({ name })}
            />
          </div>
          <Select
            label={t("field.type")}
            description={t("about.type")}
            w={110}
            data={["A", "AAAA", "CNAME"]}
            value={f.type}
            onChange={(v) => v && set({ type: v as Form["type"] })}
          />
        </Group>
      )}
      <NumberField
        path="ttl"
        label={t("field.ttl")}
        about={t("about.ttl")}
        unit={t("seconds")}
        required
        width={160}
        value={f.ttl}
        onChange={(ttl) => set({ ttl })}
      />
      <Section title={t("section.steering")}>
        <SteeringFields e={e} level="domain" />
      </Section>
      <Section title={t("section.pools")}>
        <Members
          path="pools"
          members={f.pools}
          policy={f.policy}
          byDistance={f.order === "distance" && f.policy === "proximity"}
          onChange={(pools) => set({ pools })}
          open={(ref) => nav.open("pool", ref)}
          describe={(ref) => <PoolLine name={ref} />}
        />
        {!e.state.readOnly && (
          <RefPicker
            kind="pool"
            label={t("add.pool")}
            quiet
            omit={f.pools.map((p) => p.ref)}
            fits={(o) => (o.body.type === poolType ? undefined : t("other_type", { type: t(`pool_type.${o.body.type}`) }))}
            about={(o) =>
              t("members.of_policy", {
                count: (o.body.members as unknown[] | undefined)?.length ?? 0,
                policy: t(`common:policy.${o.body.policy}`),
              })
            }
            onPick={add}
            onCreate={(name) => nav.create("pool", { type: poolType, ...(name ? { name } : {}) }, add)}
          />
        )}
      </Section>
      <Section title={t("section.otherwise")}>
        {f.policy === "proximity" ? (
          <ChoiceField
            path="unmatched"
            label={t("field.unmatched")}
            value={f.unmatched}
            onChange={(unmatched) => set({ unmatched })}
            options={(["fallback", "nodata"] as const).map((v) => ({
              value: v,
              label: t(`unmatched.${v}`),
              about: t(`unmatched_about.${v}`),
            }))}
          />
        ) : (
          <Text fz="xs" c="dimmed">
            {t("unmatched_why")}
          </Text>
        )}
        <ChoiceField
          path="all_down"
          label={t("field.all_down")}
          value={f.all_down}
          onChange={(all_down) => set({ all_down })}
          options={(["serve_all", "nodata"] as const).map((v) => ({
            value: v,
            label: t(`all_down.${v}`),
            about: t(`all_down_about.${v}`),
          }))}
        />
      </Section>
      <MetaFields e={e} />
    </>
  );
}

/** What a pool is, in a few words. */
function PoolLine({ name }: { name: string }) {
  const { t } = useTranslation("edit");
  const draft = useDraft();
  const { data } = useObject("pool", name);
  const b = inDraft(draft, "pool", name, data);
  if (b === undefined) return <>{"\u00a0"}</>;
  if (b === null) return <>{t("gone")}</>;
  const off = b.enabled === false ? ` · ${t("common:state.disabled")}` : "";
  return (
    <>
      {t("members.of_policy", {
        count: (b.members as unknown[] | undefined)?.length ?? 0,
        policy: t(`common:policy.${b.policy ?? "round_robin"}`),
      })}
      {off}
    </>
  );
}

// Settings, and zones: who serves them and what their SOA says.
import { SimpleGrid } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { NumberField, TagsField, TextField } from "../fields";
import { type SettingsForm as Form, type SOAForm, soaNumbers, type ZoneForm as Zone } from "../model/settings";
import { MetaFields, Section } from "./common";
import type { Editing } from "./form";

export function ZoneForm({ e }: { e: Editing<Zone> }) {
  const { t } = useTranslation("edit");
  return (
    <>
      {e.isNew && (
        <TextField
          path="name"
          label={t("field.zone_name")}
          about={t("about.zone_name")}
          placeholder="example.com"
          required
          autoFocus
          value={e.form.name}
          onChange={(name) => e.set({ name })}
        />
      )}
      <Served e={e} inherits />
      <MetaFields e={e} />
    </>
  );
}

export function SettingsForm({ e }: { e: Editing<Form> }) {
  return (
    <>
      <Served e={e} />
      <MetaFields e={e} without={["enabled"]} />
    </>
  );
}

function Served<F extends Form>({ e, inherits }: { e: Editing<F>; inherits?: boolean }) {
  const { t } = useTranslation("edit");
  const set = (p: Partial<Form>) => e.set(p as Partial<F>);
  const { nameservers, soa } = e.form;
  const put = (p: Partial<SOAForm>) => set({ soa: { ...soa, ...p } });
  const placeholder = inherits ? t("from_settings") : undefined;
  return (
    <>
      <TagsField
        path="nameservers"
        label={t("field.nameservers")}
        about={t(inherits ? "about.nameservers_zone" : "about.nameservers")}
        placeholder={placeholder ?? "ns1.example.net"}
        split={[",", " "]}
        value={nameservers}
        onChange={(v) => set({ nameservers: v })}
      />
      <Section title={t("section.soa")}>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextField
            path="soa.contact"
            label={t("field.contact")}
            about={t("about.contact")}
            placeholder={placeholder ?? "hostmaster.example.net."}
            value={soa.contact}
            onChange={(contact) => put({ contact })}
          />
          <TextField
            path="soa.mname"
            label={t("field.mname")}
            about={t("about.mname")}
            {...(placeholder ? { placeholder } : {})}
            value={soa.mname}
            onChange={(mname) => put({ mname })}
          />
          {soaNumbers.map((k) => (
            <NumberField
              key={k}
              path={`soa.${k}`}
              label={t(`field.soa_${k}`)}
              about={t(`about.soa_${k}`)}
              unit={t("seconds")}
              {...(placeholder ? { placeholder } : {})}
              value={soa[k]}
              onChange={(v) => put({ [k]: v })}
            />
          ))}
        </SimpleGrid>
      </Section>
    </>
  );
}

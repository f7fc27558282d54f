// The row above a list: search and filters, all of it in the page's address.
import { Button, Group, Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { SearchInput } from "./SearchInput";

export type Filter = {
  key: string;
  label: string;
  /** A choice, or any text where it is absent. */
  options?: { value: string; label: string }[];
  placeholder?: string;
};

export function ListTools({
  values,
  set,
  filters,
  search = true,
}: {
  values: Record<string, string | undefined>;
  set: (patch: Record<string, string | undefined>) => void;
  filters: Filter[];
  search?: boolean;
}) {
  const { t } = useTranslation();
  const any = Boolean(values.q) || filters.some((f) => values[f.key]);
  return (
    <Group gap="xs" role="search" aria-label={t("list.filters")}>
      {search && <SearchInput label={t("list.search")} value={values.q} onChange={(q) => set({ q })} />}
      {filters.map((f) =>
        f.options ? (
          <Select
            key={f.key}
            aria-label={f.label}
            placeholder={f.label}
            data={f.options}
            value={values[f.key] ?? null}
            onChange={(v) => set({ [f.key]: v ?? undefined })}
            clearable
            allowDeselect
            clearButtonProps={{ "aria-label": t("list.clear_field", { field: f.label }) }}
            w={{ base: "calc(50% - 5px)", xs: 160 }}
          />
        ) : (
          <SearchInput
            key={f.key}
            label={f.label}
            placeholder={f.placeholder ?? f.label}
            value={values[f.key]}
            onChange={(v) => set({ [f.key]: v })}
            leftSection={null}
            w={{ base: "calc(50% - 5px)", xs: 170 }}
          />
        ),
      )}
      {any && (
        <Button
          variant="subtle"
          color="gray"
          onClick={() => set(Object.fromEntries([["q", undefined], ...filters.map((f) => [f.key, undefined])]))}
        >
          {t("list.clear")}
        </Button>
      )}
    </Group>
  );
}

// Chooses an object of a kind: searched on the server, with the draft's own, and a way to make a new one.
import { Combobox, Group, Loader, ScrollArea, Text, TextInput, useCombobox } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Kind } from "./draft";
import { type Named, useObjects } from "./objects";

export function RefPicker({
  kind,
  label,
  placeholder,
  omit = [],
  fits,
  about,
  onPick,
  onCreate,
  value,
  error,
  quiet,
}: {
  kind: Kind;
  label: string;
  placeholder?: string;
  /** Keys that are chosen already. */
  omit?: string[];
  /** Whether an object can be chosen at all; what does not fit is shown greyed, with the reason. */
  fits?: (o: Named) => string | undefined;
  about?: (o: Named) => string;
  onPick: (key: string) => void;
  /** Makes a new one, with the text that was searched as its name. */
  onCreate?: (name: string) => void;
  /** Shown while nothing is searched: a choice of one. */
  value?: string;
  error?: string | undefined;
  quiet?: boolean;
}) {
  const { t } = useTranslation("edit");
  const [search, setSearch] = useState("");
  const [q] = useDebouncedValue(search.trim(), 200);
  const { items, total, loading } = useObjects(kind, q);
  const box = useCombobox({
    onDropdownClose: () => {
      box.resetSelectedOption();
      setSearch("");
    },
  });
  const shown = items.filter((o) => !omit.includes(o.key));
  const name = search.trim();
  return (
    <Combobox
      store={box}
      onOptionSubmit={(v) => {
        box.closeDropdown();
        if (v === "+") onCreate?.(name);
        else onPick(v.slice(1));
      }}
    >
      <Combobox.Target>
        <TextInput
          label={quiet ? undefined : label}
          aria-label={label}
          placeholder={placeholder ?? label}
          value={box.dropdownOpened ? search : (value ?? "")}
          error={error}
          leftSection={<IconSearch size={15} aria-hidden />}
          rightSection={loading ? <Loader size={14} /> : null}
          spellCheck={false}
          autoComplete="off"
          onClick={() => box.openDropdown()}
          onFocus={() => box.openDropdown()}
          onBlur={() => box.closeDropdown()}
          onChange={(e) => {
            setSearch(e.currentTarget.value);
            box.openDropdown();
            box.updateSelectedOptionIndex();
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown onMouseDown={(e) => e.preventDefault()}>
        <Combobox.Options aria-label={label}>
          <ScrollArea.Autosize mah={280} type="scroll">
            {onCreate && (
              <Combobox.Option value="+">
                <Group gap={6} wrap="nowrap">
                  <IconPlus size={15} aria-hidden />
                  <Text fz="sm">{name ? t(`create_named.${kind}`, { name }) : t(`create_new.${kind}`)}</Text>
                </Group>
              </Combobox.Option>
            )}
            {shown.map((o) => {
              const no = fits?.(o);
              return (
                <Combobox.Option key={o.key} value={`=${o.key}`} disabled={no !== undefined} py={5}>
                  <Group gap="xs" wrap="nowrap" justify="space-between">
                    <Text fz="sm" truncate>
                      {o.key}
                    </Text>
                    <Text fz="xs" c="dimmed" truncate>
                      {no ?? (o.isNew ? t("in_draft") : (about?.(o) ?? ""))}
                    </Text>
                  </Group>
                </Combobox.Option>
              );
            })}
            {shown.length === 0 && !loading && !onCreate && <Combobox.Empty>{t("none_found")}</Combobox.Empty>}
            {total > items.length && (
              <Text fz="xs" c="dimmed" px="sm" py={4}>
                {t("more_found", { n: total - items.length })}
              </Text>
            )}
          </ScrollArea.Autosize>
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

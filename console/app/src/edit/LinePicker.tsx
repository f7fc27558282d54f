// Chooses lines out of the tree of all of them: by searching names in both languages, codes and other
// vendors' codes, or by walking down. Arrow keys move and open, Enter chooses.
import { ActionIcon, Combobox, Group, Pill, PillsInput, ScrollArea, Text, Tooltip, useCombobox } from "@mantine/core";
import { IconCheck, IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { type KeyboardEvent, type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { lineName, rowsOf, useLines } from "./lines";

export type LinePickerProps = {
  value: string[];
  onChange: (codes: string[]) => void;
  label: string;
  /** The label is for readers of the screen alone. */
  quiet?: boolean;
  about?: string;
  error?: ReactNode;
  /** One line at most. */
  single?: boolean;
  readOnly?: boolean;
  placeholder?: string;
};

export default function LinePicker({ value, onChange, label, quiet, about, error, single, readOnly, placeholder }: LinePickerProps) {
  const { t } = useTranslation("edit");
  const lines = useLines();
  const [search, setSearch] = useState("");
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const box = useCombobox({
    onDropdownClose: () => {
      box.resetSelectedOption();
      setSearch("");
    },
  });
  const rows = useMemo(() => (box.dropdownOpened ? rowsOf(lines, open, search) : []), [box.dropdownOpened, lines, open, search]);

  const toggle = (code: string) => {
    if (value.includes(code)) onChange(value.filter((c) => c !== code));
    else onChange(single ? [code] : [...value, code]);
    if (single) box.closeDropdown();
  };
  const unfold = (code: string, on: boolean) => {
    const next = new Set(open);
    if (on) next.add(code);
    else next.delete(code);
    setOpen(next);
  };
  const keys = (e: KeyboardEvent) => {
    if (e.key === "Backspace" && search === "" && !readOnly && value.length > 0) {
      e.preventDefault();
      onChange(value.slice(0, -1));
      return;
    }
    const row = rows[box.getSelectedOptionIndex()];
    if (!row || search !== "" || row.open === undefined) return;
    if (e.key === "ArrowRight" && !row.open) {
      e.preventDefault();
      unfold(row.code, true);
    }
    if (e.key === "ArrowLeft" && row.open) {
      e.preventDefault();
      unfold(row.code, false);
    }
  };

  return (
    <Combobox store={box} onOptionSubmit={toggle} disabled={readOnly}>
      <Combobox.DropdownTarget>
        <PillsInput
          label={quiet ? undefined : label}
          description={about}
          error={error}
          onClick={() => !readOnly && box.openDropdown()}
          size="sm"
        >
          <Pill.Group>
            {value.map((c) => {
              const name = lineName(lines.by.get(c)) || c;
              return (
                <Tooltip key={c} label={c}>
                  <Pill
                    withRemoveButton={!readOnly}
                    onRemove={() => onChange(value.filter((x) => x !== c))}
                    removeButtonProps={{ "aria-label": t("lines.remove", { line: name }), "aria-hidden": false, tabIndex: 0 }}
                  >
                    {name}
                  </Pill>
                </Tooltip>
              );
            })}
            {!readOnly && (
              <Combobox.EventsTarget>
                <PillsInput.Field
                  aria-label={label}
                  value={search}
                  placeholder={placeholder ?? t(value.length === 0 && !single ? "lines.default" : "lines.add")}
                  onFocus={() => box.openDropdown()}
                  onBlur={() => box.closeDropdown()}
                  onChange={(e) => {
                    setSearch(e.currentTarget.value);
                    box.openDropdown();
                    box.updateSelectedOptionIndex();
                  }}
                  onKeyDown={keys}
                />
              </Combobox.EventsTarget>
            )}
          </Pill.Group>
        </PillsInput>
      </Combobox.DropdownTarget>
      <Combobox.Dropdown onMouseDown={(e) => e.preventDefault()}>
        <Combobox.Options aria-label={label}>
          <ScrollArea.Autosize mah={300} type="scroll">
            {rows.map((r) => {
              const l = lines.by.get(r.code);
              const on = value.includes(r.code);
              return (
                <Combobox.Option
                  key={r.code}
                  value={r.code}
                  active={on}
                  aria-selected={on}
                  py={4}
                  style={{ paddingInlineStart: 6 + r.depth * 18 }}
                >
                  <Group gap={4} wrap="nowrap">
                    {r.open === undefined ? (
                      <span style={{ width: search ? 0 : 24, flex: "none" }} />
                    ) : (
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        size={24}
                        tabIndex={-1}
                        aria-label={t(r.open ? "lines.fold" : "lines.unfold", { line: lineName(l) })}
                        onClick={(e) => {
                          e.stopPropagation();
                          unfold(r.code, !r.open);
                        }}
                      >
                        {r.open ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />}
                      </ActionIcon>
                    )}
                    <Text fz="sm" truncate flex={1}>
                      {lineName(l)}
                    </Text>
                    {l?.custom ? (
                      <Text fz="xs" c="dimmed">
                        {t("lines.custom")}
                      </Text>
                    ) : (
                      <Text fz="xs" c="dimmed" className="mono">
                        {r.code}
                      </Text>
                    )}
                    <IconCheck size={14} aria-hidden style={{ visibility: on ? "visible" : "hidden", flex: "none" }} />
                  </Group>
                </Combobox.Option>
              );
            })}
            {rows.length === 0 && <Combobox.Empty>{lines.ready ? t("lines.none") : t("lines.loading")}</Combobox.Empty>}
          </ScrollArea.Autosize>
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

// The way down to what is shown: each step leads back, each can be taken away, more can be added.
import { Anchor, Button, CloseButton, Group, Popover, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconFilterPlus } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useValueName } from "./data";
import { countsOf, type Dimension, dimensions, type Filters as Held, keysOf, nextBy } from "./search";

export function Filters({ held, onChange }: { held: Held; onChange: (f: Held, by?: Dimension) => void }) {
  const { t } = useTranslation("traffic");
  const valueName = useValueName();
  const keys = keysOf(held);
  const upTo = (i: number): Held => Object.fromEntries(keys.slice(0, i + 1).map((d) => [d, held[d]]));
  const none = Object.fromEntries(dimensions.map((d) => [d, undefined]));
  return (
    <Group component="nav" gap={6} aria-label={t("filter.trail")}>
      {keys.length === 0 ? (
        <Text fz="sm" fw={600}>
          {t("filter.all")}
        </Text>
      ) : (
        <Anchor component={Link} fz="sm" to="/traffic" search={((s: object) => ({ ...s, ...none, by: undefined })) as never}>
          {t("filter.all")}
        </Anchor>
      )}
      {keys.map((d, i) => {
        const label = `${t(`by.${d}`)}: ${valueName(d, held[d] ?? "")}`;
        return (
          <Group key={d} gap={2} wrap="nowrap">
            <Text c="dimmed" fz="sm" aria-hidden mr={4}>
              ›
            </Text>
            {i === keys.length - 1 ? (
              <Text fz="sm" fw={600} aria-current="page" style={{ overflowWrap: "anywhere" }}>
                {label}
              </Text>
            ) : (
              <Anchor
                component={Link}
                fz="sm"
                to="/traffic"
                search={((s: object) => ({ ...s, ...none, ...upTo(i), by: nextBy(upTo(i), d) })) as never}
                style={{ overflowWrap: "anywhere" }}
              >
                {label}
              </Anchor>
            )}
            <CloseButton
              size={24}
              iconSize={14}
              aria-label={t("filter.remove", { what: label })}
              onClick={() => onChange(Object.fromEntries(keys.filter((k) => k !== d).map((k) => [k, held[k]])))}
            />
          </Group>
        );
      })}
      <Add held={held} onChange={onChange} />
    </Group>
  );
}

function Add({ held, onChange }: { held: Held; onChange: (f: Held, by?: Dimension) => void }) {
  const { t } = useTranslation("traffic");
  const [open, setOpen] = useState(false);
  const keys = keysOf(held);
  const fits = (d: Dimension) => keys.includes(d) || countsOf(d, ...keys) !== undefined;
  const [of, setOf] = useState<Dimension>("name");
  const [value, setValue] = useState("");
  const chosen = fits(of) ? of : (dimensions.find(fits) ?? "node");
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<IconFilterPlus size={15} aria-hidden />}
          onClick={() => setOpen(!open)}
          aria-expanded={open}
        >
          {t("filter.add")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(e) => {
            e.preventDefault();
            const v = value.trim();
            if (!v) return;
            setOpen(false);
            setValue("");
            const next = { ...held, [chosen]: v };
            onChange(next, nextBy(next, chosen));
          }}
        >
          <Stack gap="xs" w={260}>
            <Select
              label={t("filter.of")}
              value={chosen}
              onChange={(v) => v && setOf(v as Dimension)}
              comboboxProps={{ withinPortal: false }}
              data={dimensions.map((d) => ({ value: d, label: t(`by.${d}`), disabled: !fits(d) }))}
            />
            <TextInput
              label={t("filter.value")}
              description={t(`filter.like_${chosen}`)}
              value={value}
              onChange={(e) => setValue(e.currentTarget.value)}
            />
            <Button type="submit" disabled={!value.trim()}>
              {t("filter.add")}
            </Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

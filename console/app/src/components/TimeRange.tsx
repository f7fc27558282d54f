// How far back a page looks: a few usual spans, or any two moments. The value is part of the page's address.
import { Button, Group, Popover, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCalendar } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { moment } from "@/lib/format";
import { bounds, type RangeSearch, spans } from "@/lib/range";

const custom = "custom";

/** For <input type="datetime-local">, in the browser's zone. */
function local(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function TimeRange({
  value,
  onChange,
  fallback = "1h",
}: {
  value: RangeSearch;
  onChange: (r: RangeSearch) => void;
  fallback?: string;
}) {
  const { t } = useTranslation();
  const [opened, { close, toggle }] = useDisclosure(false);
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const now = value.from ? custom : (value.last ?? fallback);
  const bad = from !== "" && until !== "" && from >= until;
  const open = () => {
    const b = bounds(value, fallback);
    setFrom(local(b.from));
    setUntil(local(b.until));
    toggle();
  };
  const take = (e: FormEvent) => {
    e.preventDefault();
    if (!from || bad) return;
    onChange({ from: new Date(from).toISOString(), until: until ? new Date(until).toISOString() : undefined });
    close();
  };
  return (
    <Group gap="xs" wrap="wrap" role="group" aria-label={t("range.label")}>
      <SegmentedControl
        size="xs"
        value={now}
        onChange={(v) => onChange({ last: v })}
        data={[
          ...spans.map((s) => ({ value: s as string, label: t(`range.last_${s}`) })),
          ...((spans as readonly string[]).includes(now) || now === custom ? [] : [{ value: now, label: now }]),
        ]}
        aria-label={t("range.label")}
      />
      <Popover opened={opened} onChange={close} position="bottom-end" trapFocus returnFocus withinPortal>
        <Popover.Target>
          <Button
            size="xs"
            variant={now === custom ? "light" : "default"}
            leftSection={<IconCalendar size={14} aria-hidden />}
            onClick={open}
            aria-expanded={opened}
          >
            {value.from
              ? t("range.between", { from: moment(value.from), until: value.until ? moment(value.until) : t("range.now") })
              : t("range.custom")}
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <form onSubmit={take}>
            <Stack gap="xs">
              <TextInput
                type="datetime-local"
                label={t("range.from")}
                value={from}
                onChange={(e) => setFrom(e.currentTarget.value)}
                required
              />
              <TextInput
                type="datetime-local"
                label={t("range.until")}
                value={until}
                onChange={(e) => setUntil(e.currentTarget.value)}
                error={bad ? t("range.order") : undefined}
              />
              <Button type="submit" size="xs" disabled={!from || bad}>
                {t("range.show")}
              </Button>
            </Stack>
          </form>
        </Popover.Dropdown>
      </Popover>
    </Group>
  );
}

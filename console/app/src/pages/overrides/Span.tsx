import { Chip, Group, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { duration, seconds } from "@/lib/format";

export const spans = ["30m", "1h", "2h", "8h", "24h", ""];

/** How long: one tap for the usual ones, or typed as the API takes it; "" is without end. */
export function Span({ value, onChange }: { value: string; onChange: (v: string) => void }) {
  const { t } = useTranslation("overrides");
  const own = !spans.includes(value);
  return (
    <div>
      <Text fz="sm" fw={500} mb={4} id="span">
        {t("for")}
      </Text>
      <Chip.Group value={own ? "own" : value} onChange={(v) => onChange(v === "own" ? "4h" : (v as string))}>
        <Group gap={6} role="radiogroup" aria-labelledby="span">
          {spans.map((s) => (
            <Chip key={s} value={s} size="sm">
              {s ? duration(seconds(s)) : t("until_cleared")}
            </Chip>
          ))}
          <Chip value="own" size="sm">
            {t("own_span")}
          </Chip>
        </Group>
      </Chip.Group>
      {own && (
        <TextInput
          mt={6}
          w={180}
          aria-label={t("own_span_label")}
          description={t("own_span_hint")}
          value={value}
          onChange={(e) => onChange(e.currentTarget.value.trim() || "0")}
          error={goodSpan(value) ? undefined : t("bad_span")}
        />
      )}
    </div>
  );
}

/** Whether the API would take it: a positive length, or none. */
export function goodSpan(v: string): boolean {
  return v === "" || (seconds(v) ?? 0) > 0;
}

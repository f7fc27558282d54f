import { SegmentedControl } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** Which verdicts to show. */
export function StateChoice({ value, onChange }: { value: string | undefined; onChange: (v: string | undefined) => void }) {
  const { t } = useTranslation("objects");
  return (
    <SegmentedControl
      size="xs"
      value={value ?? "all"}
      onChange={(v) => onChange(v === "all" ? undefined : v)}
      data={["all", "down", "up", "unknown"].map((v) => ({ value: v, label: t(`task_${v}`) }))}
      aria-label={t("verdict")}
    />
  );
}

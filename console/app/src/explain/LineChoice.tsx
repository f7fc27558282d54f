// One line out of the tree of all of them.
import { useTranslation } from "react-i18next";
import { LinePicker } from "@/edit";

export function LineChoice({ value, onChange }: { value: string; onChange: (line: string) => void }) {
  const { t } = useTranslation("explain");
  return <LinePicker single label={t("line")} value={value ? [value] : []} onChange={(v) => onChange(v[0] ?? "")} />;
}

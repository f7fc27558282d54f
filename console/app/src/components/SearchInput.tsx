import { CloseButton, TextInput, type TextInputProps } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

/** A filter that asks when typing pauses. */
export function SearchInput({
  value,
  onChange,
  label,
  ...rest
}: { value: string | undefined; onChange: (v: string) => void; label: string } & Omit<TextInputProps, "value" | "onChange" | "label">) {
  const { t } = useTranslation();
  const [text, setText] = useState(value ?? "");
  const told = useRef(value ?? "");
  useEffect(() => {
    // Changed from outside: a link, the back button.
    if ((value ?? "") !== told.current) {
      told.current = value ?? "";
      setText(value ?? "");
    }
  }, [value]);
  useEffect(() => {
    if (text.trim() === told.current) return;
    const timer = setTimeout(() => {
      told.current = text.trim();
      onChange(text.trim());
    }, 250);
    return () => clearTimeout(timer);
  }, [text, onChange]);
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={text ? <CloseButton size="sm" aria-label={t("action.clear")} onClick={() => setText("")} /> : null}
      value={text}
      onChange={(e) => setText(e.currentTarget.value)}
      w={{ base: "100%", xs: 260 }}
      {...rest}
    />
  );
}

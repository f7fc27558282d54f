// The command palette: pages, objects, actions and "explain 203.0.113.9". Loaded when first opened.
import { Spotlight, spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.css";
import { IconSearch } from "@tabler/icons-react";
import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { NavItem } from "./area";

export default function Palette({ nav, onClose }: { nav: NavItem[]; onClose: () => void }) {
  const { t } = useTranslation();
  const router = useRouter();
  useEffect(() => {
    spotlight.open();
  }, []);
  return (
    <Spotlight
      onSpotlightClose={onClose}
      shortcut={null}
      highlightQuery
      scrollable
      maxHeight={420}
      nothingFound={t("palette.nothing")}
      searchProps={{ leftSection: <IconSearch size={18} aria-hidden />, placeholder: t("palette.hint"), "aria-label": t("palette.hint") }}
      actions={nav.map((i) => ({
        id: i.to,
        label: t(i.label),
        leftSection: <i.icon size={18} aria-hidden />,
        onClick: () => void router.navigate({ to: i.to }),
      }))}
    />
  );
}

import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Page } from "@/components/Page";
import { Active } from "./Active";
import { Channels } from "./Channels";
import { Log } from "./Log";
import { Rules } from "./Rules";
import { type AlertsSearch, type Tab, tabs } from "./search";

export function Alerts() {
  const { t } = useTranslation("alerts");
  const search = useSearch({ strict: false }) as AlertsSearch;
  const navigate = useNavigate();
  const tab = search.tab ?? "active";
  const set = (patch: Partial<AlertsSearch>) =>
    void navigate({
      to: "/alerts",
      search: ((s: AlertsSearch) =>
        Object.fromEntries(Object.entries({ ...s, ...patch }).filter(([, v]) => v !== undefined && v !== ""))) as never,
    });
  return (
    <Page title={t("title")} about={t("about")}>
      <Tabs
        value={tab}
        onChange={(v) => void navigate({ to: "/alerts", search: (v === "active" ? {} : { tab: v as Tab }) as never })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          {tabs.map((v) => (
            <Tabs.Tab key={v} value={v}>
              {t(`tab.${v}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="active">
          <Active search={search} set={set} />
        </Tabs.Panel>
        <Tabs.Panel value="log">
          <Log search={search} set={set} />
        </Tabs.Panel>
        <Tabs.Panel value="channels">
          <Channels />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <Rules />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

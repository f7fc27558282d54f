import { ActionIcon, AppShell, Burger, Button, Group, Kbd, Menu, NavLink, ScrollArea, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { IconArrowAutofitHeight, IconLock, IconLogout, IconSearch, IconUserCircle } from "@tabler/icons-react";
import { Link, Outlet, useRouter, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { signOut, useWho } from "@/api/session";
import { startStream } from "@/api/stream";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { DraftBar, EditHost } from "@/edit";
import { openDraft } from "@/edit/draft";
import type { NavItem } from "./area";
import { LiveBadge } from "./LiveBadge";
import { Mark } from "./Mark";
import { LanguageMenu, SchemeMenu } from "./Menus";
import { setDensity, useDensity } from "./prefs";
import { visited } from "./recent";

const Palette = lazy(() => import("./Palette"));
const groups = ["watch", "steer", "serve", "manage"] as const;
const rank: Record<string, number> = { viewer: 1, operator: 2, admin: 3 };

// Handed in by router.tsx: areas hang on the shell's route, so the shell cannot import them.
let nav: NavItem[] = [];
export function setNav(items: NavItem[]): void {
  nav = [...items].sort((a, b) => a.order - b.order);
}

export function Shell() {
  const { t } = useTranslation();
  const who = useWho();
  const router = useRouter();
  const density = useDensity();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const [menu, { toggle, close }] = useDisclosure(false);
  const [palette, setPalette] = useState(false);
  useEffect(() => startStream(), []);
  useEffect(() => openDraft(who.id), [who.id]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes whenever the place changes
  useEffect(close, [path]);
  useEffect(() => visited(path), [path]);
  useHotkeys([["mod+K", () => setPalette(true)]], []);

  const leave = async () => {
    await signOut();
    await router.navigate({ to: "/signin" });
  };
  const at = (to: string) => (to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`));

  return (
    <AppShell header={{ height: 52 }} navbar={{ width: 220, breakpoint: "sm", collapsed: { mobile: !menu } }} padding="md">
      <a href="#main" className="skip">
        {t("shell.skip")}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={menu} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t("shell.menu")} />
            <Mark />
          </Group>
          <Group gap={6} wrap="nowrap">
            <UnstyledButton
              onClick={() => setPalette(true)}
              aria-keyshortcuts="Control+K Meta+K"
              visibleFrom="sm"
              px="sm"
              h={32}
              mr={4}
              style={{ border: "1px solid var(--mantine-color-default-border)", borderRadius: "var(--mantine-radius-md)" }}
            >
              <Group gap={8} wrap="nowrap">
                <IconSearch size={15} aria-hidden />
                <Text fz="sm" c="dimmed" w={150}>
                  {t("shell.search")}
                </Text>
                <Kbd size="xs">{/mac/i.test(navigator.userAgent) ? "⌘" : "Ctrl"} K</Kbd>
              </Group>
            </UnstyledButton>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              hiddenFrom="sm"
              aria-label={t("shell.search")}
              onClick={() => setPalette(true)}
            >
              <IconSearch size={18} aria-hidden />
            </ActionIcon>
            <LiveBadge />
            <LanguageMenu />
            <SchemeMenu />
            <Menu position="bottom-end" withinPortal>
              <Menu.Target>
                <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("shell.account", { name: who.name })}>
                  <IconUserCircle size={20} aria-hidden />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>
                  {who.name} · {t(`role.${who.role || "none"}`)}
                </Menu.Label>
                <Menu.Item leftSection={<IconUserCircle size={16} aria-hidden />} component={Link} to={"/account" as string}>
                  {t("shell.my_account")}
                </Menu.Item>
                <Menu.Item
                  leftSection={<IconArrowAutofitHeight size={16} aria-hidden />}
                  onClick={() => setDensity(density === "compact" ? "comfortable" : "compact")}
                >
                  {t(density === "compact" ? "shell.comfortable" : "shell.compact")}
                </Menu.Item>
                <Menu.Divider />
                <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void leave()}>
                  {t("shell.sign_out")}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar aria-label={t("shell.navigation")}>
        <ScrollArea p="xs" flex={1}>
          {groups.map((g) => {
            const items = nav.filter((i) => i.group === g && (!i.need || (rank[who.role] ?? 0) >= (rank[i.need] ?? 9)));
            if (items.length === 0) return null;
            return (
              <div key={g}>
                <Text fz="xs" fw={650} c="dimmed" px="sm" pt="sm" pb={4}>
                  {t(`nav.group_${g}`)}
                </Text>
                {items.map(({ to, label, icon: I, badge: B }) => (
                  <NavLink
                    key={to}
                    component={Link}
                    to={to}
                    label={t(label)}
                    leftSection={<I size={17} aria-hidden />}
                    rightSection={
                      B && (
                        <Suspense>
                          <B />
                        </Suspense>
                      )
                    }
                    active={at(to)}
                    aria-current={at(to) ? "page" : undefined}
                    py={6}
                    styles={{ root: { borderRadius: "var(--mantine-radius-md)" } }}
                  />
                ))}
              </div>
            );
          })}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        {who.role || path === "/account" ? <Outlet /> : <NoAccess name={who.name} leave={leave} />}
      </AppShell.Main>
      <EditHost />
      <DraftBar />
      {palette && (
        <Suspense>
          <Palette nav={nav} onClose={() => setPalette(false)} />
        </Suspense>
      )}
    </AppShell>
  );
}

/** Signed in, but nothing was granted: said once, in place of refusals everywhere. */
function NoAccess({ name, leave }: { name: string; leave: () => Promise<void> }) {
  const { t } = useTranslation();
  return (
    <Page title={t("no_access.title")}>
      <Empty icon={IconLock} title={t("no_access.title")} actions={<Button onClick={() => void leave()}>{t("shell.sign_out")}</Button>}>
        {t("no_access.why", { name })}
      </Empty>
    </Page>
  );
}

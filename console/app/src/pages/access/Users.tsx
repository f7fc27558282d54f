import { ActionIcon, Badge, Button, Group, Menu, Modal, PasswordInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconDots, IconPlus, IconUsers } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, type Schemas } from "@/api/client";
import { useWho } from "@/api/session";
import { type Column, DataTable } from "@/components/DataTable";
import { Need } from "@/components/Denied";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { Problem, problemOf } from "@/components/Problem";
import { SearchInput } from "@/components/SearchInput";
import { StateBadge } from "@/components/State";
import { Ago } from "@/components/Time";
import { foundAt } from "@/i18n/say";
import { pageSize, useCursor } from "@/lib/cursor";
import { useSearchState } from "@/lib/search";
import { attempt, confirm, refusal } from "./act";
import { draftOf, GrantBadges, GrantEditor, grantsOf } from "./Grants";
import { SessionRows } from "./Sessions";

type User = Schemas["UserAnswer"];

/** 20 letters and digits that nobody mixes up: about 115 bits. */
export function makePassword(): string {
  const letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  const out: string[] = [];
  while (out.length < 20) {
    for (const b of crypto.getRandomValues(new Uint8Array(32)))
      if (b < Math.floor(256 / letters.length) * letters.length && out.length < 20) out.push(letters[b % letters.length] ?? "");
  }
  return out.join("");
}

export function Users() {
  const { t } = useTranslation("access");
  return (
    <Need of="admin" title={t("users.title")}>
      <List />
    </Need>
  );
}

function List() {
  const { t } = useTranslation("access");
  const who = useWho();
  const [search, set] = useSearchState<{ q?: string; role?: string }>();
  const { cursor, paging } = useCursor(JSON.stringify(search));
  const [dialog, setDialog] = useState<{ what: "new" | "grants" | "password" | "sessions"; user?: User }>();
  const { data, error, isFetching, refetch } = $api.useQuery("get", "/api/v1/users", {
    params: {
      query: {
        limit: pageSize,
        ...(cursor ? { cursor } : {}),
        ...(search.q ? { q: search.q } : {}),
        ...(search.role ? { role: search.role } : {}),
      },
    },
  });
  const close = () => setDialog(undefined);
  const columns: Column<User>[] = [
    {
      key: "name",
      title: t("users.name"),
      cell: (u) => (
        <div>
          <Text fz="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
            {u.name}{" "}
            {u.id === who.id && (
              <Badge size="sm" variant="light" styles={{ root: { textTransform: "none" } }}>
                {t("users.you")}
              </Badge>
            )}
          </Text>
          <Text fz="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {u.issuer ? t("users.from", { issuer: hostOf(u.issuer) }) : t("users.local")}
          </Text>
        </div>
      ),
    },
    { key: "grants", title: t("grants.title"), cell: (u) => <GrantBadges of={u.grants} /> },
    {
      key: "state",
      title: t("users.state"),
      width: 130,
      cell: (u) => (u.disabled ? <StateBadge state="disabled" /> : <StateBadge state="ok" word={t("users.active")} />),
    },
    {
      key: "seen",
      title: t("users.signed_in"),
      width: 150,
      wide: true,
      cell: (u) => (u.signed_in_at ? <Ago at={u.signed_in_at} /> : <span className="muted">{t("never")}</span>),
    },
    {
      key: "made",
      title: t("users.made"),
      width: 170,
      wide: true,
      cell: (u) => (
        <>
          <Ago at={u.created_at} /> · {u.created_by}
        </>
      ),
    },
    {
      key: "more",
      title: "",
      width: 50,
      cell: (u) => (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={t("users.actions", { name: u.name })}>
              <IconDots size={18} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {!u.issuer && <Menu.Item onClick={() => setDialog({ what: "grants", user: u })}>{t("users.grants")}</Menu.Item>}
            {!u.issuer && <Menu.Item onClick={() => setDialog({ what: "password", user: u })}>{t("users.password")}</Menu.Item>}
            <Menu.Item onClick={() => setDialog({ what: "sessions", user: u })}>{t("users.sessions")}</Menu.Item>
            <Menu.Divider />
            {u.disabled ? (
              <Menu.Item
                onClick={() =>
                  void attempt(t("users.enabled", { name: u.name }), () =>
                    api.POST("/api/v1/users/{name}/enable", { params: { path: { name: u.id } } }),
                  )
                }
              >
                {t("users.enable")}
              </Menu.Item>
            ) : (
              <Menu.Item
                onClick={() =>
                  confirm({
                    title: t("users.disable_title", { name: u.name }),
                    text: t("users.disable_about"),
                    button: t("users.disable"),
                    danger: true,
                    act: () =>
                      void attempt(t("users.disabled", { name: u.name }), () =>
                        api.POST("/api/v1/users/{name}/disable", { params: { path: { name: u.id } } }),
                      ),
                  })
                }
              >
                {t("users.disable")}
              </Menu.Item>
            )}
            <Menu.Item
              color="red"
              onClick={() =>
                confirm({
                  title: t("users.delete_title", { name: u.name }),
                  text: t("users.delete_about"),
                  button: t("common:action.delete"),
                  danger: true,
                  act: () =>
                    void attempt(t("users.deleted", { name: u.name }), () =>
                      api.DELETE("/api/v1/users/{name}", { params: { path: { name: u.id } } }),
                    ),
                })
              }
            >
              {t("common:action.delete")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ),
    },
  ];
  return (
    <Page
      title={t("users.title")}
      about={t("users.about")}
      actions={
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setDialog({ what: "new" })}>
          {t("users.new")}
        </Button>
      }
    >
      <Group gap="xs">
        <SearchInput label={t("users.search")} value={search.q} onChange={(q) => set({ q })} />
        <RoleFilter value={search.role} onChange={(role) => set({ role })} />
      </Group>
      {error ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : (
        <DataTable
          label={t("users.title")}
          columns={columns}
          rows={data?.items}
          keyOf={(u) => u.id}
          loading={isFetching && !data}
          paging={paging(data)}
          empty={
            <Empty icon={IconUsers} title={t(search.q || search.role ? "users.none_found" : "users.none")}>
              {t(search.q || search.role ? "none_found_why" : "users.none_why")}
            </Empty>
          }
        />
      )}
      {dialog?.what === "new" && <NewUser onClose={close} />}
      {dialog?.what === "grants" && dialog.user && <Grants user={dialog.user} onClose={close} />}
      {dialog?.what === "password" && dialog.user && <Password user={dialog.user} onClose={close} />}
      {dialog?.what === "sessions" && dialog.user && <Sessions user={dialog.user} onClose={close} />}
    </Page>
  );
}

export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

export function RoleFilter({ value, onChange }: { value: string | undefined; onChange: (v: string) => void }) {
  const { t } = useTranslation("access");
  return (
    <Select
      aria-label={t("grants.role")}
      placeholder={t("grants.any_role")}
      clearable
      data={(["viewer", "operator", "admin"] as const).map((r) => ({ value: r, label: t(`common:role.${r}`) }))}
      value={value ?? null}
      onChange={(v) => onChange(v ?? "")}
      w={{ base: "100%", xs: 170 }}
    />
  );
}

function fieldError(err: unknown, field: string): string | undefined {
  return foundAt(problemOf(err), (e) => e === field);
}

function Secret({ value, onChange, error }: { value: string; onChange: (v: string) => void; error?: string | undefined }) {
  const { t } = useTranslation("access");
  const [seen, setSeen] = useState(false);
  return (
    <Group gap="xs" align="flex-start" wrap="nowrap">
      <PasswordInput
        label={t("users.new_password")}
        description={t("users.password_rule")}
        autoComplete="new-password"
        value={value}
        visible={seen}
        onVisibilityChange={setSeen}
        onChange={(e) => onChange(e.currentTarget.value)}
        error={error}
        flex={1}
      />
      <Button
        variant="default"
        mt={46}
        onClick={() => {
          onChange(makePassword());
          setSeen(true);
        }}
      >
        {t("users.make")}
      </Button>
    </Group>
  );
}

function NewUser({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("access");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [grants, setGrants] = useState(() => draftOf([{ role: "viewer" }]));
  const [error, setError] = useState<unknown>();
  const create = $api.useMutation("post", "/api/v1/users");
  const submit = async () => {
    setError(undefined);
    try {
      await create.mutateAsync({ body: { name: name.trim(), password, grants: grantsOf(grants) } });
      await attempt(t("users.created", { name: name.trim() }), async () => {});
      onClose();
    } catch (err) {
      setError(err);
    }
  };
  const known = fieldError(error, "name") || fieldError(error, "password") || fieldError(error, "grants");
  return (
    <Modal opened onClose={onClose} size="lg" title={t("users.new")} closeButtonProps={{ "aria-label": t("common:action.close") }}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void submit();
        }}
      >
        <Stack gap="md">
          <TextInput
            label={t("users.name")}
            description={t("users.name_rule")}
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
            error={fieldError(error, "name")}
            autoComplete="off"
            data-autofocus
          />
          <Secret value={password} onChange={setPassword} error={fieldError(error, "password")} />
          <GrantEditor value={grants} onChange={setGrants} error={fieldError(error, "grants")} />
          {error !== undefined && !known && <Problem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:action.cancel")}
            </Button>
            <Button type="submit" loading={create.isPending} disabled={!name.trim() || !password}>
              {t("users.create")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Grants({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation("access");
  const [grants, setGrants] = useState(() => draftOf(user.grants.length > 0 ? user.grants : [{ role: "viewer" }]));
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await api.PUT("/api/v1/users/{name}/grants", { params: { path: { name: user.id } }, body: { grants: grantsOf(grants) } });
      await attempt(t("users.granted", { name: user.name }), async () => {});
      onClose();
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t("users.grants_of", { name: user.name })}
      closeButtonProps={{ "aria-label": t("common:action.close") }}
    >
      <Stack gap="md">
        <GrantEditor value={grants} onChange={setGrants} />
        {error !== undefined && (
          <Text fz="sm" c="var(--m-state-red)" role="alert">
            {refusal(error)}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:action.cancel")}
          </Button>
          <Button loading={busy} onClick={() => void save()}>
            {t("common:action.save")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Password({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation("access");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await api.PUT("/api/v1/users/{name}/password", { params: { path: { name: user.id } }, body: { password } });
      await attempt(t("users.reset", { name: user.name }), async () => {});
      onClose();
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("users.password_of", { name: user.name })}
      closeButtonProps={{ "aria-label": t("common:action.close") }}
    >
      <Stack gap="md">
        <Text fz="sm">{t("users.password_about")}</Text>
        <Secret value={password} onChange={setPassword} error={fieldError(error, "password")} />
        {error !== undefined && !fieldError(error, "password") && <Problem error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:action.cancel")}
          </Button>
          <Button loading={busy} disabled={!password} onClick={() => void save()}>
            {t("users.set")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Sessions({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation("access");
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/users/{name}/sessions", { params: { path: { name: user.id } } });
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t("users.sessions_of", { name: user.name })}
      closeButtonProps={{ "aria-label": t("common:action.close") }}
    >
      <Stack gap="md">
        {error ? <Problem error={error} /> : <SessionRows list={data?.items} />}
        <Group justify="flex-end">
          <Button
            color="red"
            variant="light"
            disabled={!data || data.items.length === 0}
            onClick={() =>
              void attempt(t("users.signed_out", { name: user.name }), () =>
                api.DELETE("/api/v1/users/{name}/sessions", { params: { path: { name: user.id } } }),
              ).then(() => refetch())
            }
          >
            {t("users.sign_out")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

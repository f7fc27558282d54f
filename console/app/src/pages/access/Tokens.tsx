import { ActionIcon, Alert, Badge, Button, Group, Modal, Select, Stack, Switch, Text, TextInput, Tooltip } from "@mantine/core";
import { IconKey, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, type Schemas } from "@/api/client";
import { useCan, useWho } from "@/api/session";
import { CopyLine } from "@/components/CopyLine";
import { type Column, DataTable } from "@/components/DataTable";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { Problem, problemOf } from "@/components/Problem";
import { SearchInput } from "@/components/SearchInput";
import { Ago, Moment } from "@/components/Time";
import { foundAt } from "@/i18n/say";
import { pageSize, useCursor } from "@/lib/cursor";
import { useSearchState } from "@/lib/search";
import { attempt, confirm } from "./act";
import { draftOf, GrantBadges, GrantEditor, grantsOf } from "./Grants";
import { RoleFilter } from "./Users";

type Token = Schemas["TokenAnswer"];

export function Tokens() {
  const { t } = useTranslation("access");
  const admin = useCan("admin");
  const [search, set] = useSearchState<{ q?: string; role?: string }>();
  const [making, setMaking] = useState(false);
  return (
    <Page
      title={t("tokens.title")}
      about={t(admin ? "tokens.about" : "tokens.about_own")}
      actions={
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setMaking(true)}>
          {t("tokens.new")}
        </Button>
      }
    >
      <Group gap="xs">
        <SearchInput label={t("tokens.search")} value={search.q} onChange={(q) => set({ q })} />
        <RoleFilter value={search.role} onChange={(role) => set({ role })} />
      </Group>
      <TokenTable q={search.q} role={search.role} onNew={() => setMaking(true)} />
      {making && <NewToken onClose={() => setMaking(false)} />}
    </Page>
  );
}

/** Tokens, or with own those of the one who is signed in. */
export function TokenTable({
  q,
  role,
  own,
  onNew,
}: {
  q?: string | undefined;
  role?: string | undefined;
  own?: boolean;
  onNew: () => void;
}) {
  const { t } = useTranslation("access");
  const who = useWho();
  const { cursor, paging } = useCursor(`${q}|${role}`);
  const { data, error, isFetching, refetch } = $api.useQuery("get", "/api/v1/tokens", {
    params: { query: { limit: own ? 1000 : pageSize, ...(cursor ? { cursor } : {}), ...(q ? { q } : {}), ...(role ? { role } : {}) } },
  });
  const rows = own ? data?.items.filter((x) => x.owner === who.id) : data?.items;
  const soon = (x: Token) => x.expires_at !== undefined && new Date(x.expires_at).getTime() - Date.now() < 14 * 86_400_000;
  const columns: Column<Token>[] = [
    {
      key: "name",
      title: t("tokens.name"),
      cell: (x) => (
        <div>
          <Text fz="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
            {x.name}
          </Text>
          <Text fz="xs" c="dimmed">
            {x.owner ? t("tokens.of_user", { name: x.created_by }) : t("tokens.of_program", { name: x.created_by })}
          </Text>
        </div>
      ),
    },
    { key: "grants", title: t("grants.title"), cell: (x) => <GrantBadges of={x.grants} /> },
    {
      key: "expires",
      title: t("tokens.expires"),
      width: 150,
      cell: (x) =>
        x.expires_at ? (
          <Group gap={4}>
            <Ago at={x.expires_at} />
            {soon(x) && (
              <Badge size="sm" color="orange" variant="light" styles={{ root: { textTransform: "none", color: "var(--m-state-orange)" } }}>
                {t(new Date(x.expires_at).getTime() < Date.now() ? "tokens.over" : "tokens.soon")}
              </Badge>
            )}
          </Group>
        ) : (
          <span className="muted">{t("never")}</span>
        ),
    },
    {
      key: "used",
      title: t("tokens.used"),
      width: 150,
      wide: true,
      cell: (x) => (x.used_at ? <Ago at={x.used_at} /> : <span className="muted">{t("never")}</span>),
    },
    { key: "made", title: t("users.made"), width: 140, wide: true, cell: (x) => <Ago at={x.created_at} /> },
    {
      key: "revoke",
      title: "",
      width: 50,
      cell: (x) => (
        <Tooltip label={t("tokens.revoke")}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t("tokens.revoke_of", { name: x.name })}
            onClick={() =>
              confirm({
                title: t("tokens.revoke_title", { name: x.name }),
                text: t("tokens.revoke_about"),
                button: t("tokens.revoke"),
                danger: true,
                act: () =>
                  void attempt(t("tokens.revoked", { name: x.name }), () =>
                    api.DELETE("/api/v1/tokens/{name}", { params: { path: { name: x.id } } }),
                  ),
              })
            }
          >
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      ),
    },
  ];
  if (error) return <Problem error={error} retry={() => void refetch()} />;
  return (
    <DataTable
      label={t("tokens.title")}
      columns={columns}
      rows={rows}
      keyOf={(x) => x.id}
      loading={isFetching && !data}
      skeletonRows={own ? 2 : 8}
      {...(own ? {} : { paging: paging(data) })}
      empty={
        <Empty
          icon={IconKey}
          title={t(q || role ? "tokens.none_found" : "tokens.none")}
          actions={
            q || role ? undefined : (
              <Button variant="light" onClick={onNew}>
                {t("tokens.new")}
              </Button>
            )
          }
        >
          {t(q || role ? "none_found_why" : "tokens.none_why")}
        </Empty>
      }
    />
  );
}

const spans = ["720h", "2160h", "8760h", ""] as const;

export function NewToken({ own, onClose }: { own?: boolean; onClose: () => void }) {
  const { t } = useTranslation("access");
  const admin = useCan("admin");
  const who = useWho();
  const user = who.kind === "user";
  const [name, setName] = useState("");
  const [personal, setPersonal] = useState(user && (own || !admin));
  const [all, setAll] = useState(true);
  const [grants, setGrants] = useState(() => draftOf([{ role: "viewer" }]));
  const [span, setSpan] = useState<string>("2160h");
  const [made, setMade] = useState<Token>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const create = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const { data } = await api.POST("/api/v1/tokens", {
        body: {
          name: name.trim(),
          ...(personal ? { personal: true } : {}),
          ...(personal && all ? {} : { grants: grantsOf(grants) }),
          ...(span ? { expires_in: span } : {}),
        },
      });
      await attempt(t("tokens.created", { name: name.trim() }), async () => {});
      setMade(data);
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  const at = (f: string) => foundAt(problemOf(error), (e) => e === f);
  if (made)
    return (
      // Not closed by a click beside it: the secret is never shown again.
      <Modal
        opened
        onClose={onClose}
        size="lg"
        closeOnClickOutside={false}
        closeOnEscape={false}
        title={t("tokens.made_title", { name: made.name })}
        closeButtonProps={{ "aria-label": t("common:action.close") }}
      >
        <Stack gap="md">
          <Alert color="yellow" variant="light">
            {t("tokens.once")}
          </Alert>
          <CopyLine text={made.token ?? ""} label={t("tokens.secret")} />
          <Text fz="sm" c="dimmed">
            {t("tokens.use")}
          </Text>
          <CopyLine text={`MERIDIAN_SERVER=${window.location.origin} MERIDIAN_TOKEN=… meridian status`} />
          <Group gap="xs">
            <GrantBadges of={made.grants} />
            <Text fz="sm" c="dimmed">
              {made.expires_at ? (
                <>
                  {t("tokens.expires")}: <Moment at={made.expires_at} />
                </>
              ) : (
                t("tokens.no_end")
              )}
            </Text>
          </Group>
          <Group justify="flex-end">
            <Button onClick={onClose}>{t("tokens.kept")}</Button>
          </Group>
        </Stack>
      </Modal>
    );
  return (
    <Modal opened onClose={onClose} size="lg" title={t("tokens.new")} closeButtonProps={{ "aria-label": t("common:action.close") }}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void create();
        }}
      >
        <Stack gap="md">
          <TextInput
            label={t("tokens.name")}
            description={t("tokens.name_hint")}
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
            error={at("name")}
            maxLength={128}
            data-autofocus
          />
          {user && admin && !own && (
            <Switch
              label={t("tokens.personal")}
              description={t("tokens.personal_about")}
              checked={personal}
              onChange={(e) => setPersonal(e.currentTarget.checked)}
            />
          )}
          {personal && (
            <Switch
              label={t("tokens.all")}
              description={t("tokens.all_about")}
              checked={all}
              onChange={(e) => setAll(e.currentTarget.checked)}
            />
          )}
          {!(personal && all) && <GrantEditor value={grants} onChange={setGrants} error={at("grants")} />}
          <Select
            label={t("tokens.expires_in")}
            data={spans.map((s) => ({ value: s || "never", label: t(`tokens.span.${s || "never"}`) }))}
            value={span || "never"}
            onChange={(v) => setSpan(v === "never" ? "" : (v ?? ""))}
            w={220}
          />
          {error !== undefined && !at("name") && !at("grants") && <Problem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:action.cancel")}
            </Button>
            <Button type="submit" loading={busy} disabled={!name.trim()}>
              {t("tokens.create")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

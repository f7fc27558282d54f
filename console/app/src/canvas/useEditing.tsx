// The actions of the canvas: what a node's menu offers, the keys for it, and the questions they ask. All goes into
// the draft; nothing here changes what is answered.
import { Alert, Button, Group, List, Menu, Modal, NumberInput, Radio, Stack, Switch, Text } from "@mantine/core";
import {
  IconArrowDown,
  IconArrowUp,
  IconEdit,
  IconFoldDown,
  IconHeartOff,
  IconInfoCircle,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlus,
  IconRestore,
  IconScale,
  IconTrash,
  IconUnlink,
  IconZoomQuestion,
} from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense, useCallback, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "@/api/session";
import { LinePicker, ObjectPanel } from "@/edit";
import { type Body, currentDraft, draftItem, type Kind, stage, unstage } from "@/edit/draft";
import { bare, same } from "@/edit/model";
import { readObject } from "@/edit/objects";
import { RefPicker } from "@/edit/RefPicker";
import * as change from "./actions";
import type { Act } from "./Canvas";
import { kindWord, nameOf } from "./say";
import type { CanvasEdge, CanvasNode, Canvas as Picture } from "./types";
import type { Orchestration } from "./useOrchestration";

const DeleteDialog = lazy(async () => ({ default: (await import("@/edit/panel/ObjectPanel")).DeleteDialog }));

type Place = { x: number; y: number };
type Asked =
  | { ask: "menu"; id: string; at: Place }
  | { ask: "add"; id: string }
  | { ask: "link"; owner: Owner; member: string }
  | { ask: "remove"; id: string }
  | { ask: "delete"; kind: Kind; key: string }
  | { ask: "panel"; kind: Kind; key: string; initial?: Body; onCreated?: (key: string) => void };
type Owner = NonNullable<CanvasEdge["owner"]>;

/** The document as the draft has it, and what it was based on. */
async function documentOf(
  o: Orchestration,
  kind: Kind,
  key: string,
): Promise<{ body: Body; base?: { version: number; body: Body } } | undefined> {
  const item = draftItem(kind, key);
  if (item) return item.body ? { body: item.body, ...(item.base ? { base: item.base } : {}) } : undefined;
  const near =
    kind === "access_domain"
      ? o.graph?.domain.object
      : kind === "pool"
        ? (o.graph?.pools.find((p) => p.name === key) ?? o.extras.pools.find((p) => p.pool.name === key)?.pool)?.object
        : kind === "address"
          ? (o.graph?.addresses.find((a) => a.name === key)?.object ?? o.extras.addresses.find((a) => a.name === key))
          : undefined;
  const known = near ?? (await readObject(kind, key));
  if (!known) return undefined;
  const body = bare(known);
  return { body, base: { version: (known as { version: number }).version, body } };
}

export type Editing = {
  onAct: (act: Act, id: string, at: Place) => boolean;
  onEdge: (e: CanvasEdge) => void;
  edit: (n: CanvasNode) => void;
  add: (id: string) => void;
  ui: ReactNode;
};

export function useEditing(
  o: Orchestration,
  hooks: {
    select: (id: string) => void;
    toggle: (n: CanvasNode) => void;
    explain: (n: CanvasNode) => void;
    pretend?: ((name: string) => void) | undefined;
    focus: (id: string) => void;
  },
): Editing {
  const can = useCan("operator");
  const [asked, ask] = useState<Asked | undefined>();
  const [panel, setPanel] = useState<Extract<Asked, { ask: "panel" }> | undefined>();
  const picture = o.canvas;
  const last = useRef("");

  const done = useCallback(() => {
    ask(undefined);
    const id = last.current;
    if (id) requestAnimationFrame(() => hooks.focus(id));
  }, [hooks]);

  const put = useCallback(
    async (kind: Kind, key: string, f: (b: Body) => Body) => {
      const d = await documentOf(o, kind, key);
      if (!d) return;
      const body = f(d.body);
      if (d.base && same(body, d.base.body)) unstage(kind, key);
      else stage({ kind, key, op: "put", body, ...(d.base ? { base: d.base } : {}) });
    },
    [o],
  );

  const edit = useCallback((n: CanvasNode) => {
    if (n.object) setPanel({ ask: "panel", kind: n.object.kind, key: n.object.key });
  }, []);
  const add = useCallback(
    (id: string) => {
      if (!can) return;
      last.current = id;
      ask({ ask: "add", id });
    },
    [can],
  );

  const onAct = useCallback(
    (act: Act, id: string, at: Place): boolean => {
      const n = picture?.byId.get(id);
      if (!n) return false;
      last.current = id;
      switch (act) {
        case "menu":
          ask({ ask: "menu", id, at });
          return true;
        case "edit":
          edit(n);
          return true;
        case "add":
          if (can && addsWhat(n)) ask({ ask: "add", id });
          return true;
        case "remove":
          if (can && removes(picture as Picture, n)) ask({ ask: "remove", id });
          return true;
      }
      return false;
    },
    [picture, can, edit],
  );
  const onEdge = useCallback((e: CanvasEdge) => {
    last.current = e.to;
    if (e.owner && e.member) ask({ ask: "link", owner: e.owner, member: e.member });
  }, []);

  const at = asked && "id" in asked ? picture?.byId.get(asked.id) : undefined;
  const ui = (
    <>
      {asked?.ask === "menu" && at && picture && (
        <NodeMenu
          n={at}
          picture={picture}
          at={asked.at}
          can={can}
          hooks={hooks}
          onClose={done}
          ask={(a) => ask(a)}
          edit={(n) => {
            ask(undefined);
            edit(n);
          }}
          put={(kind, key, f) => void put(kind, key, f)}
        />
      )}
      {asked?.ask === "add" && at && picture && (
        <AddDialog
          n={at}
          picture={picture}
          onClose={done}
          put={put}
          create={(kind, initial, onCreated) => {
            ask(undefined);
            setPanel({ ask: "panel", kind, key: "", initial, onCreated });
          }}
        />
      )}
      {asked?.ask === "link" && <LinkDialog o={o} owner={asked.owner} member={asked.member} can={can} onClose={done} put={put} />}
      {asked?.ask === "remove" && at && picture && (
        <RemoveDialog n={at} picture={picture} onClose={done} put={put} onDelete={(kind, key) => ask({ ask: "delete", kind, key })} />
      )}
      {asked?.ask === "delete" && (
        <Suspense>
          <DeleteDialog kind={asked.kind} objectKey={asked.key} onClose={done} />
        </Suspense>
      )}
      {panel && (
        <ObjectPanel
          key={`${panel.kind} ${panel.key}`}
          kind={panel.kind}
          objectKey={panel.key}
          {...(panel.initial ? { initial: panel.initial } : {})}
          {...(panel.onCreated ? { onCreated: panel.onCreated } : {})}
          onClose={() => {
            setPanel(undefined);
            if (last.current) requestAnimationFrame(() => hooks.focus(last.current));
          }}
        />
      )}
    </>
  );
  return { onAct, onEdge, edit, add, ui };
}

/** The links that lead to a node, each once. */
function linksTo(picture: Picture, n: CanvasNode): { owner: Owner; member: string; edge: CanvasEdge }[] {
  const seen = new Set<string>();
  return picture.edges.flatMap((e) => {
    const key = `${e.owner?.kind} ${e.owner?.key}`;
    if (e.to !== n.id || !e.owner || !e.member || e.mark === "removed" || seen.has(key)) return [];
    seen.add(key);
    return [{ owner: e.owner, member: e.member, edge: e }];
  });
}

function removes(picture: Picture, n: CanvasNode): boolean {
  return n.kind === "domain" || n.kind === "task" || ((n.kind === "pool" || n.kind === "address") && linksTo(picture, n).length > 0);
}

type Put = (kind: Kind, key: string, f: (b: Body) => Body) => Promise<void>;

function NodeMenu({
  n,
  picture,
  at,
  can,
  hooks,
  onClose,
  ask,
  edit,
  put,
}: {
  n: CanvasNode;
  picture: Picture;
  at: Place;
  can: boolean;
  hooks: Parameters<typeof useEditing>[1];
  onClose: () => void;
  ask: (a: Asked) => void;
  edit: (n: CanvasNode) => void;
  put: (kind: Kind, key: string, f: (b: Body) => Body) => void;
}) {
  const { t } = useTranslation("canvas");
  const links = linksTo(picture, n);
  const object = n.object;
  const enabled = n.state !== "disabled";
  const item = object && currentDraft().items.find((i) => i.kind === object.kind && i.key === object.key);
  const own = n.kind === "domain" || n.kind === "pool" || n.kind === "address";
  const run = (f: () => void) => () => {
    onClose();
    f();
  };
  // Whether the document itself is enabled: a pool whose addresses are all off is not off itself.
  const off = own && object ? documentOff(n) : false;
  return (
    <Menu opened onClose={onClose} position="bottom-start" withinPortal width={280} returnFocus={false} trapFocus closeOnItemClick={false}>
      <Menu.Target>
        <span style={{ position: "fixed", left: at.x, top: at.y, width: 1, height: 1 }} />
      </Menu.Target>
      <Menu.Dropdown aria-label={t("actions_of", { name: nameOf(t, n) })}>
        <Menu.Label>
          {kindWord(t, n)} {nameOf(t, n)}
        </Menu.Label>
        {n.kind !== "more" && (
          <Menu.Item leftSection={<IconInfoCircle size={16} aria-hidden />} onClick={run(() => hooks.select(n.id))}>
            {t("act.details")}
          </Menu.Item>
        )}
        {object && (
          <Menu.Item leftSection={<IconEdit size={16} aria-hidden />} onClick={() => edit(n)}>
            {t(n.kind === "task" ? "act.edit_template" : "act.edit")}
          </Menu.Item>
        )}
        {(n.kind === "pool" || n.kind === "more") && (
          <Menu.Item leftSection={<IconFoldDown size={16} aria-hidden />} onClick={run(() => hooks.toggle(n))}>
            {t(n.kind === "pool" && !n.collapsed ? "act.fold" : "act.unfold")}
          </Menu.Item>
        )}
        {(n.kind === "domain" || n.kind === "line") && (
          <Menu.Item leftSection={<IconZoomQuestion size={16} aria-hidden />} onClick={run(() => hooks.explain(n))}>
            {t(n.kind === "line" && !n.all ? "act.explain_line" : "act.explain")}
          </Menu.Item>
        )}
        {n.kind === "address" && hooks.pretend && (
          <Menu.Item leftSection={<IconHeartOff size={16} aria-hidden />} onClick={run(() => hooks.pretend?.(n.name))}>
            {t("act.pretend")}
          </Menu.Item>
        )}
        {can && addsWhat(n) && (
          <>
            <Menu.Divider />
            <Menu.Item leftSection={<IconPlus size={16} aria-hidden />} onClick={() => ask({ ask: "add", id: n.id })}>
              {t(`act.add_${addsWhat(n)}`)}
            </Menu.Item>
          </>
        )}
        {can && own && object && (
          <Menu.Item
            leftSection={off ? <IconPlayerPlay size={16} aria-hidden /> : <IconPlayerPause size={16} aria-hidden />}
            onClick={run(() => put(object.kind, object.key, (b) => change.setEnabled(b, b.enabled === false)))}
          >
            {t(off ? "act.enable" : "act.disable", { kind: kindWord(t, n) })}
          </Menu.Item>
        )}
        {can && n.kind === "task" && (
          <Menu.Item
            leftSection={enabled ? <IconPlayerPause size={16} aria-hidden /> : <IconPlayerPlay size={16} aria-hidden />}
            onClick={run(() => put("address", n.address, (b) => change.setTask(b, n, !n.enabled)))}
          >
            {t(n.enabled ? "act.disable" : "act.enable", { kind: kindWord(t, n) })}
          </Menu.Item>
        )}
        {can &&
          links.map(({ owner, member, edge }) => (
            <LinkItems
              key={`${owner.kind} ${owner.key}`}
              many={links.length > 1}
              owner={owner}
              edge={edge}
              member={member}
              run={run}
              ask={ask}
              put={put}
            />
          ))}
        {can && removes(picture, n) && (
          <>
            <Menu.Divider />
            <Menu.Item
              c="var(--m-state-red)"
              leftSection={n.kind === "domain" ? <IconTrash size={16} aria-hidden /> : <IconUnlink size={16} aria-hidden />}
              onClick={() => ask({ ask: "remove", id: n.id })}
            >
              {t(n.kind === "domain" ? "act.delete" : "act.remove")}
            </Menu.Item>
          </>
        )}
        {can && item && object && (
          <Menu.Item leftSection={<IconRestore size={16} aria-hidden />} onClick={run(() => unstage(object.kind, object.key))}>
            {t("act.undo")}
          </Menu.Item>
        )}
        {!can && (
          <Text fz="xs" c="dimmed" px="sm" py={4}>
            {t("act.read_only")}
          </Text>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function documentOff(n: CanvasNode): boolean {
  const o = n.object;
  if (!o) return false;
  const drafted = draftItem(o.kind, o.key)?.body;
  return drafted ? drafted.enabled === false : n.state === "disabled";
}

function addsWhat(n: CanvasNode): "pool" | "pool_line" | "address" | "task" | undefined {
  if (n.kind === "domain") return "pool";
  if (n.kind === "line") return n.all ? "pool" : "pool_line";
  if (n.kind === "pool") return "address";
  return n.kind === "address" ? "task" : undefined;
}

function LinkItems({
  many,
  owner,
  edge,
  member,
  run,
  ask,
  put,
}: {
  many: boolean;
  owner: Owner;
  edge: CanvasEdge;
  member: string;
  run: (f: () => void) => () => void;
  ask: (a: Asked) => void;
  put: (kind: Kind, key: string, f: (b: Body) => Body) => void;
}) {
  const { t } = useTranslation("canvas");
  const ordered = edge.rule?.policy === "sequential" || (edge.rule?.policy === "proximity" && !edge.rule.distance);
  return (
    <>
      <Menu.Divider />
      <Menu.Label>{many ? t("act.link_in", { name: owner.key.split("/")[0] }) : t("act.link")}</Menu.Label>
      <Menu.Item leftSection={<IconScale size={16} aria-hidden />} onClick={() => ask({ ask: "link", owner, member })}>
        {t("act.rule")}
      </Menu.Item>
      {ordered && (
        <>
          <Menu.Item
            leftSection={<IconArrowUp size={16} aria-hidden />}
            onClick={run(() => put(owner.kind, owner.key, (b) => change.moveMember(owner.kind, b, member, -1)))}
          >
            {t("act.earlier")}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconArrowDown size={16} aria-hidden />}
            onClick={run(() => put(owner.kind, owner.key, (b) => change.moveMember(owner.kind, b, member, 1)))}
          >
            {t("act.later")}
          </Menu.Item>
        </>
      )}
      <Menu.Item
        leftSection={edge.enabled ? <IconPlayerPause size={16} aria-hidden /> : <IconPlayerPlay size={16} aria-hidden />}
        onClick={run(() => put(owner.kind, owner.key, (b) => change.setMember(owner.kind, b, member, { enabled: !edge.enabled })))}
      >
        {t(edge.enabled ? "act.disable_link" : "act.enable_link")}
      </Menu.Item>
    </>
  );
}

/** Chooses what hangs on a node, or makes it. */
function AddDialog({
  n,
  picture,
  onClose,
  put,
  create,
}: {
  n: CanvasNode;
  picture: Picture;
  onClose: () => void;
  put: Put;
  create: (kind: Kind, initial: Body, onCreated: (key: string) => void) => void;
}) {
  const { t } = useTranslation("canvas");
  const root = picture.nodes[0];
  const what = addsWhat(n);
  const [template, setTemplate] = useState("");
  const [port, setPort] = useState<number | "">("");
  if (root?.kind !== "domain" || !what) return null;
  const lines = n.kind === "line" && !n.all ? [n.code] : [];
  const domainKey = root.object?.key ?? "";
  const addPool = (key: string) => put("access_domain", domainKey, (b) => change.addMember("access_domain", b, key, lines));
  const addAddress = (key: string) => put("pool", n.name, (b) => change.addMember("pool", b, key));
  const member = (id: string) => (picture.children.get(id) ?? []).map((c) => picture.byId.get(c)?.name ?? "");
  const title = t(`act.add_${what}`);
  const type = root.type === "AAAA" ? "IPv6" : root.type === "CNAME" ? "domain" : "IPv4";
  return (
    <Modal opened onClose={onClose} closeButtonProps={{ "aria-label": t("common:action.close") }} title={title} zIndex={210}>
      {(what === "pool" || what === "pool_line") && (
        <RefPicker
          kind="pool"
          label={t("add.pool")}
          omit={n.kind === "line" ? member(n.id) : picture.nodes.filter((x) => x.kind === "pool").map((x) => x.name)}
          fits={(p) => (p.body.type === type || p.body.type === "domain" ? undefined : t("add.other_type", { type: String(p.body.type) }))}
          onPick={(key) => void addPool(key).then(onClose)}
          onCreate={(name) => create("pool", { ...(name ? { name } : {}), type, policy: "round_robin" }, (key) => void addPool(key))}
        />
      )}
      {what === "address" && n.kind === "pool" && (
        <RefPicker
          kind="address"
          label={t("add.address")}
          omit={member(n.id)}
          about={(a) => String(a.body.address ?? "")}
          fits={(a) =>
            familyOf(String(a.body.address ?? "")) === (n.type || "IPv4")
              ? undefined
              : t("add.other_type", { type: familyOf(String(a.body.address ?? "")) })
          }
          onPick={(key) => void addAddress(key).then(onClose)}
          onCreate={(name) => create("address", name ? { name } : {}, (key) => void addAddress(key))}
        />
      )}
      {what === "task" && n.kind === "address" && (
        <Stack gap="sm">
          <RefPicker
            kind="template"
            label={t("add.task")}
            value={template}
            about={(x) => String(x.body.protocol ?? "")}
            onPick={setTemplate}
            onCreate={(name) =>
              create("template", name ? { name } : {}, (key) => void put("address", n.name, (b) => change.addTask(b, { template: key })))
            }
          />
          <NumberInput
            label={t("add.port")}
            description={t("add.port_about")}
            min={1}
            max={65535}
            allowDecimal={false}
            value={port}
            onChange={(v) => setPort(typeof v === "number" ? v : "")}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:action.cancel")}
            </Button>
            <Button
              disabled={!template}
              onClick={() => void put("address", n.name, (b) => change.addTask(b, { template, ...(port ? { port } : {}) })).then(onClose)}
            >
              {t("common:action.add")}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

function familyOf(value: string): string {
  return /^\d+\.\d+\.\d+\.\d+$/.test(value) ? "IPv4" : value.includes(":") ? "IPv6" : "domain";
}

/** The rule of one link. */
function LinkDialog({
  o,
  owner,
  member,
  can,
  onClose,
  put,
}: {
  o: Orchestration;
  owner: Owner;
  member: string;
  can: boolean;
  onClose: () => void;
  put: Put;
}) {
  const { t } = useTranslation("canvas");
  const edge = o.canvas?.edges.find((e) => e.owner?.kind === owner.kind && e.owner.key === owner.key && e.member === member);
  const rule = edge?.rule;
  const [weight, setWeight] = useState<number | string>(rule?.weight ?? 1);
  const [enabled, setOn] = useState(edge?.enabled ?? true);
  const now = o.canvas?.edges.filter((e) => e.owner?.kind === owner.kind && e.owner.key === owner.key);
  const [lines, setLines] = useState<string[]>(rule?.lines ?? []);
  const [order, setOrder] = useState<number | string>(rule?.order ?? 1);
  const count = new Set(now?.filter((e) => e.mark !== "removed").map((e) => e.member)).size;
  if (!edge || !rule) return null;
  const proximity = rule.policy === "proximity";
  const ordered = rule.policy === "sequential" || (proximity && !rule.distance);
  const save = async () => {
    await put(owner.kind, owner.key, (b) => {
      let next = b;
      const to = Number(order);
      for (let i = rule.order; ordered && i !== to && to >= 1 && to <= count; i += Math.sign(to - i))
        next = change.moveMember(owner.kind, next, member, to > i ? 1 : -1);
      return change.setMember(owner.kind, next, member, {
        ...(rule.policy === "weighted" ? { weight: Number(weight) } : {}),
        ...(proximity ? { lines: lines.length > 0 ? lines : ["default"] } : {}),
        enabled,
      });
    });
    onClose();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      closeButtonProps={{ "aria-label": t("common:action.close") }}
      title={t("link.title", { owner: owner.key.split("/")[0], member })}
      zIndex={210}
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void save();
        }}
      >
        <Stack gap="sm">
          <Text fz="sm" c="dimmed">
            {t(`link.policy.${rule.policy}`)}
          </Text>
          {edge.mark === "removed" && <Alert color="red">{t("mark.removed")}</Alert>}
          {rule.policy === "weighted" && (
            <NumberInput
              label={t("link.weight")}
              min={1}
              max={100}
              allowDecimal={false}
              value={weight}
              onChange={setWeight}
              disabled={!can}
              data-autofocus
            />
          )}
          {proximity && <LinePicker label={t("link.lines")} value={lines} onChange={setLines} readOnly={!can} />}
          {ordered && (
            <NumberInput
              label={t("link.order")}
              description={t("link.order_about", { count })}
              min={1}
              max={count}
              allowDecimal={false}
              value={order}
              onChange={setOrder}
              disabled={!can}
            />
          )}
          <Switch label={t("link.enabled")} checked={enabled} onChange={(e) => setOn(e.currentTarget.checked)} disabled={!can} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:action.cancel")}
            </Button>
            {can && <Button type="submit">{t("link.save")}</Button>}
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** What goes, named, before it goes. */
function RemoveDialog({
  n,
  picture,
  onClose,
  put,
  onDelete,
}: {
  n: CanvasNode;
  picture: Picture;
  onClose: () => void;
  put: Put;
  onDelete: (kind: Kind, key: string) => void;
}) {
  const { t } = useTranslation("canvas");
  const id = useId();
  const links = linksTo(picture, n);
  const [owner, setOwner] = useState(links[0] ? `${links[0].owner.kind} ${links[0].owner.key}` : "");
  if (n.kind === "domain") {
    return (
      <Suspense>
        <DeleteDialog kind="access_domain" objectKey={n.object?.key ?? ""} onClose={onClose} />
      </Suspense>
    );
  }
  const below = (picture.children.get(n.id) ?? []).flatMap((c) => {
    const x = picture.byId.get(c);
    return x && x.kind !== "more" ? [nameOf(t, x)] : [];
  });
  const link = links.find((l) => `${l.owner.kind} ${l.owner.key}` === owner);
  const from = n.kind === "task" ? n.address : (link?.owner.key.split("/")[0] ?? "");
  const go = async () => {
    if (n.kind === "task") await put("address", n.address, (b) => change.dropTask(b, n));
    else if (link) await put(link.owner.kind, link.owner.key, (b) => change.dropMember(link.owner.kind, b, link.member));
    onClose();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      closeButtonProps={{ "aria-label": t("common:action.close") }}
      title={t("remove.title", { kind: kindWord(t, n), name: nameOf(t, n), from })}
      zIndex={210}
      aria-describedby={id}
    >
      <Stack gap="sm" id={id}>
        {links.length > 1 && n.kind !== "task" && (
          <Radio.Group label={t("remove.which")} value={owner} onChange={setOwner}>
            <Stack gap={6} mt={6}>
              {links.map((l) => (
                <Radio key={l.owner.key} value={`${l.owner.kind} ${l.owner.key}`} label={l.owner.key.split("/")[0]} />
              ))}
            </Stack>
          </Radio.Group>
        )}
        <Text fz="sm">{t(`remove.what.${n.kind === "task" ? "task" : n.kind === "pool" ? "pool" : "address"}`, { from })}</Text>
        {n.kind === "pool" && below.length > 0 && (
          <div>
            <Text fz="sm">{t("remove.with", { count: below.length })}</Text>
            <List fz="sm" withPadding>
              {below.slice(0, 10).map((b) => (
                <List.Item key={b}>{b}</List.Item>
              ))}
              {below.length > 10 && <List.Item>{t("remove.more", { count: below.length - 10 })}</List.Item>}
            </List>
          </div>
        )}
        <Group justify="space-between">
          {n.kind !== "task" && n.object ? (
            <Button variant="subtle" color="red" onClick={() => n.object && onDelete(n.object.kind, n.object.key)}>
              {t("remove.delete")}
            </Button>
          ) : (
            <span />
          )}
          <Group gap="xs">
            <Button variant="default" onClick={onClose} data-autofocus>
              {t("common:action.cancel")}
            </Button>
            <Button color="red" onClick={() => void go()}>
              {t("common:action.remove")}
            </Button>
          </Group>
        </Group>
      </Stack>
    </Modal>
  );
}

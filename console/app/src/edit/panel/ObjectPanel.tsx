// The side panel that edits one object, and the objects it leads to, without leaving the page.
import { ActionIcon, Alert, Badge, Button, Drawer, Group, Menu, Modal, ScrollArea, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowBackUp, IconArrowLeft, IconDots, IconTrash } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "@/api/session";
import { ObjectLink } from "@/components/ObjectLink";
import { Problem } from "@/components/Problem";
import { Ago } from "@/components/Time";
import type { Check } from "../check";
import { moved, onlyVersion } from "../conflicts";
import { type Body, draftItem, type Kind, unstage, useDraft } from "../draft";
import { FormContext, sentence, Warnings } from "../fields";
import { addressModel } from "../model/address";
import { assertionModel } from "../model/assertion";
import type { Model } from "../model/common";
import { domainModel } from "../model/domain";
import { lineModel } from "../model/line";
import { poolModel } from "../model/pool";
import { settingsModel, zoneModel } from "../model/settings";
import { templateModel } from "../model/template";
import { nameOfKey, useObject } from "../objects";
import QuickActions from "../quick/QuickActions";
import { removeFromDraft } from "../remove";
import { MergeCard } from "../review/MergeCard";
import { UsedBy, usersOf, useUsers } from "../UsedBy";
import { AddressForm } from "./AddressForm";
import { AssertionForm } from "./AssertionForm";
import { Section } from "./common";
import { DomainForm } from "./DomainForm";
import { type Editing, useFresh, useStaged } from "./form";
import { LineForm } from "./LineForm";
import { NavContext, type PanelNav, useNav } from "./nav";
import { usePanelOpen } from "./open";
import { PoolForm } from "./PoolForm";
import { SettingsForm, ZoneForm } from "./SettingsForm";
import { TemplateForm } from "./TemplateForm";

// biome-ignore lint/suspicious/noExplicitAny: each kind pairs its own model with its own form
const kinds: Partial<Record<Kind, { model: Model<any>; Form: (p: { e: Editing<any> }) => ReactNode }>> = {
  access_domain: { model: domainModel, Form: DomainForm },
  pool: { model: poolModel, Form: PoolForm },
  address: { model: addressModel, Form: AddressForm },
  template: { model: templateModel, Form: TemplateForm },
  line: { model: lineModel, Form: LineForm },
  assertion: { model: assertionModel, Form: AssertionForm },
  settings: { model: settingsModel, Form: SettingsForm },
  zone: { model: zoneModel, Form: ZoneForm },
};

type Frame =
  | { id: number; kind: Kind; key: string }
  | { id: number; kind: Kind; key: ""; initial: Body; onCreated?: (key: string) => void };

export type ObjectPanelProps = {
  kind: Kind;
  /** Key of the object; "" makes a new one. */
  objectKey: string;
  onClose: () => void;
  /** First values of a new object. */
  initial?: Body;
  /** Told the key of a new object once it stands in the draft. */
  onCreated?: (key: string) => void;
  /** Told when the panel goes to another object by itself, so that a page can hold it in its URL. */
  onNavigate?: (kind: Kind, key: string) => void;
};

let frames = 0;

export default function ObjectPanel({ kind, objectKey, onClose, initial, onCreated, onNavigate }: ObjectPanelProps) {
  const { t } = useTranslation("edit");
  const phone = useMediaQuery("(max-width: 48em)") ?? false;
  usePanelOpen();
  const first = (): Frame =>
    objectKey
      ? { id: ++frames, kind, key: objectKey }
      : { id: ++frames, kind, key: "", initial: initial ?? {}, ...(onCreated ? { onCreated } : {}) };
  const [stack, setStack] = useState<Frame[]>(() => [first()]);
  const top = stack.at(-1);
  const shown = `${kind} ${objectKey}`;
  const last = useRef(shown);
  // The page shows another object: the panel begins anew with it, unless it went there itself.
  useEffect(() => {
    if (last.current === shown) return;
    last.current = shown;
    setStack((s) => {
      const now = s.at(-1);
      return now && now.kind === kind && now.key === objectKey ? s : [first()];
    });
  });
  const tell = (f: Frame | undefined) => {
    if (f?.key && onNavigate) {
      last.current = `${f.kind} ${f.key}`;
      onNavigate(f.kind, f.key);
    }
  };
  const push = (f: Frame) => {
    setStack((s) => [...s, f]);
    tell(f);
  };
  const pop = () => {
    if (stack.length < 2) {
      onClose();
      return;
    }
    setStack((s) => s.slice(0, -1));
    tell(stack.at(-2));
  };
  const nav: PanelNav = {
    open: (k, key) => push({ id: ++frames, kind: k, key }),
    create: (k, init, done) => push({ id: ++frames, kind: k, key: "", initial: init, onCreated: done }),
  };
  const title = top ? (top.key ? nameOfKey(top.kind, top.key) || t(`common:kind.${top.kind}`) : t(`new.${top.kind}`)) : "";
  return (
    <Drawer.Root
      opened
      onClose={pop}
      size={phone ? "100%" : 620}
      position="right"
      trapFocus={phone}
      lockScroll={phone}
      closeOnClickOutside={false}
      zIndex={190}
    >
      <Drawer.Content
        aria-label={title}
        radius={0}
        styles={{ content: { borderInlineStart: "1px solid var(--mantine-color-default-border)" } }}
      >
        <div style={{ display: "flex", flexDirection: "column", height: "100dvh" }}>
          {stack.map((f) => (
            <div
              key={f.id}
              hidden={f !== top}
              style={f === top ? { display: "flex", flexDirection: "column", minHeight: 0, flex: 1 } : { display: "none" }}
            >
              <NavContext.Provider value={nav}>
                {f.key ? (
                  <Existing
                    kind={f.kind}
                    objectKey={f.key}
                    back={stack.length > 1 ? pop : undefined}
                    onClose={onClose}
                    active={f === top}
                  />
                ) : (
                  <Fresh
                    kind={f.kind}
                    initial={"initial" in f ? f.initial : {}}
                    back={stack.length > 1 ? pop : undefined}
                    onClose={onClose}
                    active={f === top}
                    onCreated={(key) => {
                      if ("onCreated" in f) f.onCreated?.(key);
                      if (stack.length > 1) {
                        setStack((s) => s.filter((x) => x.id !== f.id));
                        return;
                      }
                      const next: Frame = { id: f.id, kind: f.kind, key };
                      setStack([next]);
                      tell(next);
                    }}
                  />
                )}
              </NavContext.Provider>
            </div>
          ))}
        </div>
      </Drawer.Content>
    </Drawer.Root>
  );
}

function Head({
  kind,
  title,
  badge,
  back,
  onClose,
  menu,
  active,
}: {
  kind: Kind;
  title: string;
  badge?: ReactNode;
  back: (() => void) | undefined;
  onClose: () => void;
  menu?: ReactNode;
  active: boolean;
}) {
  const { t } = useTranslation("edit");
  const heading = useRef<HTMLHeadingElement>(null);
  // The panel takes the focus when it opens or goes elsewhere, so that a keyboard goes on inside it.
  useEffect(() => {
    if (active && !heading.current?.closest("[role=dialog]")?.contains(document.activeElement))
      heading.current?.focus({ preventScroll: true });
  }, [active]);
  return (
    <Group px="md" py="sm" gap="xs" wrap="nowrap" style={{ borderBottom: "1px solid var(--mantine-color-default-border)" }}>
      {back && (
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("common:action.back")} onClick={back}>
          <IconArrowLeft size={18} aria-hidden />
        </ActionIcon>
      )}
      <Stack gap={0} flex={1} miw={0}>
        <Text fz="xs" c="dimmed">
          {t(`common:kind_one.${kind}`)}
        </Text>
        <Group gap="xs" wrap="nowrap">
          <Title
            order={2}
            ref={heading}
            tabIndex={-1}
            style={{ outline: "none", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}
          >
            {title}
          </Title>
          {badge}
        </Group>
      </Stack>
      {menu}
      <Drawer.CloseButton aria-label={t("common:action.close")} size="lg" onClick={onClose} />
    </Group>
  );
}

function Body_({ children, foot }: { children: ReactNode; foot?: ReactNode }) {
  return (
    <>
      <ScrollArea flex={1} type="auto" viewportProps={{ tabIndex: -1 }}>
        <Stack gap="md" p="md">
          {children}
        </Stack>
      </ScrollArea>
      {foot && (
        <Group px="md" py="sm" justify="space-between" gap="xs" style={{ borderTop: "1px solid var(--mantine-color-default-border)" }}>
          {foot}
        </Group>
      )}
    </>
  );
}

function ReadOnlyNote() {
  const { t } = useTranslation("edit");
  const can = useCan("operator");
  if (can) return null;
  return (
    <Alert variant="light" color="gray" title={t("read_only.title")}>
      {t("read_only.why")}
    </Alert>
  );
}

function Existing({
  kind,
  objectKey,
  back,
  onClose,
  active,
}: {
  kind: Kind;
  objectKey: string;
  back: (() => void) | undefined;
  onClose: () => void;
  active: boolean;
}) {
  const of = kinds[kind];
  const { t } = useTranslation("edit");
  const { error, refetch } = useObject(kind, objectKey);
  if (!of) return null;
  if (error && !draftItem(kind, objectKey))
    return (
      <>
        <Head kind={kind} title={nameOfKey(kind, objectKey)} back={back} onClose={onClose} active={active} />
        <Body_>
          <Problem error={error} retry={() => void refetch()} />
        </Body_>
      </>
    );
  return (
    <Staged
      key={`${kind} ${objectKey}`}
      kind={kind}
      objectKey={objectKey}
      of={of}
      back={back}
      onClose={onClose}
      active={active}
      gone={t("gone_about")}
    />
  );
}

function Staged({
  kind,
  objectKey,
  of,
  back,
  onClose,
  active,
  gone,
}: {
  kind: Kind;
  objectKey: string;
  of: NonNullable<(typeof kinds)[Kind]>;
  back: (() => void) | undefined;
  onClose: () => void;
  active: boolean;
  gone: string;
}) {
  const { t } = useTranslation("edit");
  const nav = useNav();
  const e = useStaged(of.model, objectKey);
  const users = useUsers(kind, objectKey, e?.known);
  const [deleting, setDeleting] = useState(false);
  const title = nameOfKey(kind, objectKey) || t(`common:kind.${kind}`);
  const conflict =
    e?.item && e.known !== undefined && moved(e.item, e.known) && !onlyVersion(e.item, e.known)
      ? { kind, key: objectKey, item: e.item, theirs: e.known }
      : undefined;
  if (!e)
    return (
      <>
        <Head kind={kind} title={title} back={back} onClose={onClose} active={active} />
        <Body_>{e === null ? <Text>{gone}</Text> : <Skeleton height={320} />}</Body_>
      </>
    );
  const { item } = e;
  const { Form } = of;
  const deletable = kind !== "settings";
  const badge = item && (
    <Badge
      variant="light"
      color={item.op === "delete" ? "red" : "blue"}
      style={{ flex: "none" }}
      styles={{ root: { textTransform: "none", color: `var(--m-state-${item.op === "delete" ? "red" : "blue"})` } }}
    >
      {t(item.op === "delete" ? "badge.deleted" : item.base ? "badge.changed" : "badge.new")}
    </Badge>
  );
  return (
    <FormContext.Provider value={e.state}>
      <Head
        kind={kind}
        title={title}
        badge={badge}
        back={back}
        onClose={onClose}
        active={active}
        menu={
          !e.state.readOnly && (
            <Group gap={4} wrap="nowrap">
              {e.known && <QuickActions kind={kind} objectKey={objectKey} />}
              {deletable && (
                <Menu position="bottom-end" withinPortal zIndex={400}>
                  <Menu.Target>
                    <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("common:action.more")}>
                      <IconDots size={18} aria-hidden />
                    </ActionIcon>
                  </Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Item leftSection={<IconTrash size={16} aria-hidden />} c="var(--m-state-red)" onClick={() => setDeleting(true)}>
                      {t("delete.menu")}
                    </Menu.Item>
                  </Menu.Dropdown>
                </Menu>
              )}
            </Group>
          )
        }
      />
      <Body_ foot={<Foot kind={kind} objectKey={objectKey} check={e.check} />}>
        <ReadOnlyNote />
        {item?.op === "delete" && (
          <Alert color="red" variant="light" title={t("delete.staged")}>
            <Button size="xs" variant="default" onClick={() => unstage(kind, objectKey)}>
              {t("delete.keep")}
            </Button>
          </Alert>
        )}
        {conflict && <MergeCard key={conflict.theirs?.version} of={conflict} />}
        <Loose of={e.loose} />
        <Form e={e} />
        {kind !== "assertion" && kind !== "settings" && (
          <Section title={t("used_by.title")}>
            <UsedBy users={users} open={(k, key) => nav.open(k, key)} />
          </Section>
        )}
        {e.known && (
          <Group gap={6}>
            <Text fz="xs" c="dimmed">
              {t("last_changed")} <Ago at={e.known.updated_at} />
            </Text>
            <ObjectLink kind="revision" name={String(e.known.revision)} fz="xs">
              {t("revision", { n: e.known.revision })}
            </ObjectLink>
          </Group>
        )}
      </Body_>
      {deleting && <DeleteDialog kind={kind} objectKey={objectKey} onClose={() => setDeleting(false)} />}
    </FormContext.Provider>
  );
}

function Loose({ of }: { of: Parameters<typeof sentence>[0][] }) {
  const errors = of.filter((f) => f.severity === "error");
  const warnings = of.filter((f) => f.severity === "warning").map(sentence);
  return (
    <>
      {errors.length > 0 && (
        <Alert color="red" variant="light" role="alert">
          {errors.map((f) => (
            <Text key={f.code + f.text} fz="sm">
              {sentence(f)}
            </Text>
          ))}
        </Alert>
      )}
      <Warnings list={warnings} />
    </>
  );
}

/** What the draft says of this object and of the others, and the way to the review. */
function Foot({ kind, objectKey, check }: { kind: Kind; objectKey: string; check: Check }) {
  const { t } = useTranslation("edit");
  const draft = useDraft();
  const item = draft.items.find((i) => i.kind === kind && i.key === objectKey);
  if (draft.items.length === 0)
    return (
      <Text fz="xs" c="dimmed">
        {t("foot.clean")}
      </Text>
    );
  const elsewhere = check.findings.filter((f) => f.severity === "error" && (f.kind !== kind || f.key !== objectKey)).length;
  const here = check.errors - elsewhere;
  return (
    <>
      <Text
        fz="xs"
        c={check.errors > 0 ? "var(--m-state-red)" : "dimmed"}
        aria-live="polite"
        data-check={check.pending ? "pending" : check.state}
      >
        {check.state === "failed"
          ? t("foot.failed")
          : check.state === "checking"
            ? t("foot.checking")
            : check.errors > 0
              ? here > 0
                ? t("foot.here", { count: here })
                : t("foot.elsewhere", { count: elsewhere })
              : t("foot.good")}
      </Text>
      <Group gap="xs">
        {item && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconArrowBackUp size={14} aria-hidden />}
            onClick={() => unstage(kind, objectKey)}
          >
            {t("foot.undo")}
          </Button>
        )}
        <Button size="xs" component={Link} to={"/review" as string}>
          {t("foot.review")}
        </Button>
      </Group>
    </>
  );
}

function Fresh({
  kind,
  initial,
  back,
  onClose,
  onCreated,
  active,
}: {
  kind: Kind;
  initial: Body;
  back: (() => void) | undefined;
  onClose: () => void;
  onCreated: (key: string) => void;
  active: boolean;
}) {
  const of = kinds[kind];
  const { t } = useTranslation("edit");
  const e = useFresh(of?.model ?? poolModel, initial);
  if (!of) return null;
  const { Form } = of;
  const bad = e.state.findings.some((f) => f.severity === "error");
  return (
    <FormContext.Provider value={e.state}>
      <Head kind={kind} title={t(`new.${kind}`)} back={back} onClose={onClose} active={active} />
      <form
        noValidate
        style={{ display: "flex", flexDirection: "column", minHeight: 0, flex: 1 }}
        onSubmit={(ev) => {
          ev.preventDefault();
          ev.stopPropagation();
          const key = e.add();
          if (key) onCreated(key);
        }}
      >
        <Body_
          foot={
            <>
              <Text fz="xs" c={bad ? "var(--m-state-red)" : "dimmed"} maw={300}>
                {bad ? t("foot.fix_later") : t("foot.add_about")}
              </Text>
              <Group gap="xs">
                <Button variant="default" size="xs" onClick={back ?? onClose}>
                  {t("common:action.cancel")}
                </Button>
                <Button size="xs" type="submit" disabled={e.state.readOnly}>
                  {t("foot.add")}
                </Button>
              </Group>
            </>
          }
        >
          <ReadOnlyNote />
          <Loose of={e.loose} />
          <Form e={e} />
        </Body_>
      </form>
    </FormContext.Provider>
  );
}

/** Deleting what others name: their list, and the offer to take the links out in the same draft. */
export function DeleteDialog({ kind, objectKey, onClose }: { kind: Kind; objectKey: string; onClose: () => void }) {
  const { t } = useTranslation("edit");
  const draft = useDraft();
  const { data: known } = useObject(kind, objectKey);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const id = useId();
  const users = useMemo(() => usersOf(draft, kind, objectKey, known), [draft, kind, objectKey, known]);
  const go = async () => {
    setBusy(true);
    try {
      await removeFromDraft(kind, objectKey, users);
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
      title={t("delete.title", { what: t(`common:kind_one.${kind}`), name: nameOfKey(kind, objectKey) })}
      zIndex={500}
      closeButtonProps={{ "aria-label": t("common:action.close") }}
      aria-describedby={id}
    >
      <Stack gap="sm" id={id}>
        {users.length > 0 ? (
          <>
            <Text fz="sm">{t("delete.used", { count: users.length })}</Text>
            <UsedBy users={users} />
            <Text fz="sm">{t("delete.with_links")}</Text>
          </>
        ) : (
          <Text fz="sm">{t("delete.free")}</Text>
        )}
        {error !== undefined && <Problem error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t("common:action.cancel")}
          </Button>
          <Button color="red" loading={busy} onClick={() => void go()}>
            {t(users.length > 0 ? "delete.go_links" : "delete.go")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

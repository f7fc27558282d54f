// Members of a pool or an access domain: their order by drag or keyboard, weight with its share, lines.
import { ActionIcon, Badge, Box, Button, Card, Group, NumberInput, Stack, Switch, Text, Tooltip, VisuallyHidden } from "@mantine/core";
import { IconGripVertical, IconTrash } from "@tabler/icons-react";
import { type KeyboardEvent, type PointerEvent, useContext, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { percent } from "@/lib/format";
import { FormContext, useFindings, Warnings } from "../fields";
import LinePicker from "../LinePicker";
import type { Num } from "../model/common";
import { bySerial, type MemberForm, moveMember, type Policy, shares } from "../model/steering";

export type MembersProps = {
  /** Field of the body: pools or members. */
  path: "pools" | "members";
  members: MemberForm[];
  policy: Policy;
  /** order of proximity is distance: serials decide only between equals. */
  byDistance: boolean;
  onChange: (m: MemberForm[]) => void;
  /** Opens the object that a member names. */
  open: (ref: string) => void;
  describe: (ref: string) => React.ReactNode;
};

export function Members({ path, members, policy, byDistance, onChange, open, describe }: MembersProps) {
  const { t } = useTranslation("edit");
  const { readOnly } = useContext(FormContext);
  const [drag, setDrag] = useState<{ from: number; to: number } | undefined>();
  const [said, setSaid] = useState("");
  const box = useRef<HTMLDivElement>(null);
  const share = shares(members);
  const whole = useFindings(path);

  const move = (from: number, to: number) => {
    if (to < 0 || to >= members.length || from === to) return;
    onChange(moveMember(members, from, to));
    setSaid(t("members.moved", { name: members[from]?.ref, at: to + 1, of: members.length }));
  };
  const keys = (i: number) => (e: KeyboardEvent<HTMLButtonElement>) => {
    const to = { ArrowUp: i - 1, ArrowDown: i + 1, Home: 0, End: members.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    move(i, to);
    // The row goes with its grip, which React moves: it keeps the focus.
    const ref = members[i]?.ref;
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-grip="${CSS.escape(ref ?? "")}"]`)?.focus());
  };
  const place = (y: number): number => {
    const rows = [...(box.current?.querySelectorAll<HTMLElement>("[data-member]") ?? [])];
    const at = rows.findIndex((r) => {
      const b = r.getBoundingClientRect();
      return y < b.top + b.height / 2;
    });
    return at < 0 ? rows.length : at;
  };
  const down = (i: number) => (e: PointerEvent<HTMLButtonElement>) => {
    if (readOnly || e.button !== 0) return;
    e.currentTarget.setPointerCapture(e.pointerId);
    setDrag({ from: i, to: i });
  };
  const over = (e: PointerEvent<HTMLButtonElement>) => {
    if (drag) setDrag({ ...drag, to: place(e.clientY) });
  };
  const up = () => {
    if (!drag) return;
    setDrag(undefined);
    move(drag.from, drag.to > drag.from ? drag.to - 1 : drag.to);
  };

  return (
    <Stack gap={6} ref={box} data-field={path}>
      <VisuallyHidden aria-live="polite">{said}</VisuallyHidden>
      {whole.errors.map((e) => (
        <Text key={e} fz="xs" c="var(--m-state-red)">
          {e}
        </Text>
      ))}
      <Warnings list={whole.warnings} />
      {members.map((m, i) => (
        <Box key={m.ref} data-member={m.ref}>
          <DropMark on={drag !== undefined && drag.to === i && drag.to !== drag.from && drag.to !== drag.from + 1} />
          <Member
            path={`${path}[${i}]`}
            refField={path === "pools" ? "pool" : "address"}
            member={m}
            policy={policy}
            byDistance={byDistance}
            share={share[i] ?? 0}
            dragged={drag?.from === i}
            onChange={(patch) => onChange(members.map((x, k) => (k === i ? { ...x, ...patch } : x)))}
            onSerial={(serial) => onChange(bySerial(members.map((x, k) => (k === i ? { ...x, serial } : x))))}
            onRemove={() => onChange(members.filter((_, k) => k !== i))}
            open={() => open(m.ref)}
            about={describe(m.ref)}
            grip={
              <ActionIcon
                variant="subtle"
                color="gray"
                size={28}
                data-grip={m.ref}
                disabled={readOnly || members.length < 2}
                aria-label={t("members.grip", { name: m.ref })}
                aria-describedby="members-how"
                style={{ cursor: "grab", touchAction: "none" }}
                onKeyDown={keys(i)}
                onPointerDown={down(i)}
                onPointerMove={over}
                onPointerUp={up}
                onPointerCancel={() => setDrag(undefined)}
              >
                <IconGripVertical size={16} aria-hidden />
              </ActionIcon>
            }
          />
        </Box>
      ))}
      <DropMark on={drag !== undefined && drag.to === members.length && drag.from !== members.length - 1} />
      {members.length > 1 && !readOnly && (
        <Text id="members-how" fz="xs" c="dimmed">
          {t("members.how")}
        </Text>
      )}
    </Stack>
  );
}

function DropMark({ on }: { on: boolean }) {
  return (
    <div
      style={{
        height: 3,
        borderRadius: 2,
        background: on ? "var(--mantine-primary-color-filled)" : "transparent",
        marginBlock: on ? 2 : 0,
      }}
      aria-hidden
      hidden={!on}
    />
  );
}

function Member({
  path,
  refField,
  member: m,
  policy,
  byDistance,
  share,
  dragged,
  grip,
  about,
  open,
  onChange,
  onSerial,
  onRemove,
}: {
  path: string;
  refField: string;
  member: MemberForm;
  policy: Policy;
  byDistance: boolean;
  share: number;
  dragged: boolean;
  grip: React.ReactNode;
  about: React.ReactNode;
  open: () => void;
  onChange: (p: Partial<MemberForm>) => void;
  onSerial: (n: number) => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation("edit");
  const { readOnly, was } = useContext(FormContext);
  const name = useFindings(`${path}.${refField}`);
  const row = useFindings(path);
  const serial = useFindings(`${path}.serial`);
  const weight = useFindings(`${path}.weight`);
  const lines = useFindings(`${path}.lines`, true);
  const ordered = policy === "sequential" || policy === "proximity";
  const list = path.slice(0, path.indexOf("["));
  const before = was(list) as MemberForm[] | undefined;
  const isNew = before !== undefined && !before.some((x) => x.ref === m.ref);
  return (
    <Card withBorder padding="xs" style={{ opacity: dragged ? 0.5 : 1 }} {...(m.enabled ? {} : { "data-off": true })}>
      <Group gap={6} wrap="nowrap" align="center">
        {grip}
        <Stack gap={0} flex={1} miw={0}>
          <Group gap={6} wrap="nowrap">
            <Button variant="transparent" size="compact-sm" px={0} onClick={open} styles={{ label: { textOverflow: "ellipsis" } }}>
              {m.ref}
            </Button>
            {isNew && (
              <Badge size="xs" variant="light" color="blue" styles={{ root: { textTransform: "none", color: "var(--m-state-blue)" } }}>
                {t("members.new")}
              </Badge>
            )}
          </Group>
          <Text fz="xs" c="dimmed" truncate component="div">
            {about}
          </Text>
        </Stack>
        {policy === "weighted" && (
          <Group gap={6} wrap="nowrap">
            <NumberInput
              aria-label={t("members.weight_of", { name: m.ref })}
              size="xs"
              w={68}
              min={1}
              max={100}
              clampBehavior="none"
              allowDecimal={false}
              value={m.weight}
              readOnly={readOnly}
              error={weight.errors.length > 0}
              onChange={(v) => onChange({ weight: v === "" ? "" : Number(v) })}
            />
            <Text fz="sm" w={58} ta="right" data-share={m.ref}>
              {percent(share)}
            </Text>
          </Group>
        )}
        {ordered && (
          <Tooltip label={byDistance ? t("members.serial_distance") : t("members.serial_about")}>
            <SerialInput
              label={t("members.serial_of", { name: m.ref })}
              value={m.serial}
              readOnly={readOnly}
              error={serial.errors.length > 0}
              onCommit={onSerial}
            />
          </Tooltip>
        )}
        <Switch
          size="xs"
          checked={m.enabled}
          disabled={readOnly}
          aria-label={t("members.enabled", { name: m.ref })}
          onChange={(e) => onChange({ enabled: e.currentTarget.checked })}
        />
        <ActionIcon
          variant="subtle"
          color="gray"
          size={28}
          disabled={readOnly}
          aria-label={t("members.remove", { name: m.ref })}
          onClick={onRemove}
        >
          <IconTrash size={16} aria-hidden />
        </ActionIcon>
      </Group>
      {policy === "proximity" && (
        <Box mt={6} ml={34}>
          <LinePicker
            quiet
            label={t("members.lines_of", { name: m.ref })}
            value={m.lines}
            onChange={(l) => onChange({ lines: l })}
            readOnly={readOnly}
            error={lines.errors.length > 0 ? lines.errors.join(" ") : undefined}
          />
        </Box>
      )}
      {[...name.errors, ...row.errors, ...serial.errors, ...weight.errors].map((e) => (
        <Text key={e} fz="xs" c="var(--m-state-red)" mt={4}>
          {e}
        </Text>
      ))}
      <Warnings list={[...name.warnings, ...row.warnings, ...serial.warnings, ...weight.warnings, ...lines.warnings]} />
    </Card>
  );
}

/** A serial, taken when it is whole: a row that moved while one types would take the field away. */
function SerialInput({
  label,
  value,
  readOnly,
  error,
  onCommit,
}: {
  label: string;
  value: Num;
  readOnly: boolean;
  error: boolean;
  onCommit: (n: number) => void;
}) {
  const [typed, setTyped] = useState<Num | undefined>();
  const commit = () => {
    if (typed !== undefined && typed !== "" && typed !== value) onCommit(typed);
    setTyped(undefined);
  };
  return (
    <NumberInput
      aria-label={label}
      size="xs"
      w={62}
      min={1}
      max={10000}
      clampBehavior="none"
      allowDecimal={false}
      value={typed ?? value}
      readOnly={readOnly}
      error={error}
      onChange={(v) => setTyped(v === "" ? "" : Number(v))}
      onBlur={commit}
      onKeyDown={(e) => e.key === "Enter" && commit()}
    />
  );
}

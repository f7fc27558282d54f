import { Card, Group, SimpleGrid, Skeleton, Text, Tooltip } from "@mantine/core";
import { IconArrowDownRight, IconArrowUpRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { number, percent, short } from "@/lib/format";
import type { Ends } from "./data";
import { type Counted, change, known, shape } from "./shape";

function Tile({
  label,
  value,
  about,
  hint,
  loading,
}: {
  label: string;
  value: string;
  about?: React.ReactNode;
  hint?: string;
  loading?: boolean;
}) {
  return (
    <Card withBorder padding="sm">
      <Tooltip label={hint} disabled={!hint} multiline maw={320}>
        <Text fz="xs" c="dimmed" tabIndex={hint ? 0 : undefined} w="fit-content">
          {label}
        </Text>
      </Tooltip>
      {loading ? (
        <Skeleton height={22} my={5} width="60%" />
      ) : (
        <Text fz={22} fw={650} lh="32px">
          {value}
        </Text>
      )}
      <Text fz="xs" c="dimmed" component="div" mih={19}>
        {about}
      </Text>
    </Card>
  );
}

/** By how much a rate moved; arrows say the direction, not whether that is good. */
export function Change({ by }: { by: number | undefined }) {
  const { t } = useTranslation("traffic");
  if (by === undefined || !Number.isFinite(by)) return <span className="muted">–</span>;
  const flat = Math.abs(by) < 0.0005;
  const Icon = by > 0 ? IconArrowUpRight : IconArrowDownRight;
  return (
    <Group gap={2} wrap="nowrap" component="span" display="inline-flex" align="center">
      {!flat && <Icon size={14} role="img" aria-label={t(by > 0 ? "more" : "less")} />}
      {by > 9.99 ? t("times", { n: number(by + 1, by > 99 ? 0 : 1) }) : percent(Math.abs(by))}
    </Group>
  );
}

export function Tiles({
  now,
  before,
  ends,
  possible,
}: {
  now: Counted | undefined;
  before: Counted | undefined;
  ends: Ends | undefined;
  possible: boolean;
}) {
  const { t } = useTranslation("traffic");
  const drawn = now ? shape(now) : undefined;
  const time = now ? known(now) : { seconds: 0, share: 0 };
  const was = before ? known(before) : { seconds: 0, share: 0 };
  const nothing = !!now && time.seconds === 0;
  const peak = drawn?.total.reduce((a: number, v) => Math.max(a, v ?? 0), 0);
  // Of a tenth of the time before nothing is said: it may have been its busiest.
  const moved = now && before && was.share > 0.1 ? change(now.total, time.seconds, before.total, was.seconds) : undefined;
  const estimated = now?.exact === false;
  const share = (v: number | undefined) => (ends ? percent(v, v !== undefined && v > 0 && v < 0.001 ? 3 : 1) : "–");
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="sm">
      <Tile
        label={t(estimated ? "tile.queries_estimated" : "tile.queries")}
        loading={!now}
        value={nothing ? "–" : (now?.total ?? 0) < 1e6 ? number(now?.total) : short(now?.total)}
        about={
          moved === undefined ? (
            now && !nothing ? (
              t("tile.no_before")
            ) : undefined
          ) : (
            <Tooltip
              label={t("tile.before", { count: before?.total ?? 0, n: number(before?.total), known: percent(was.share, 0) })}
              multiline
              maw={320}
            >
              <Group gap={4} wrap="nowrap" tabIndex={0} w="fit-content">
                <Change by={moved} /> {t("tile.than_before")}
              </Group>
            </Tooltip>
          )
        }
      />
      <Tile
        label={t("tile.rate")}
        loading={!now}
        value={nothing ? "–" : number(time.seconds ? (now?.total ?? 0) / time.seconds : undefined, 1)}
        about={nothing || !now ? undefined : t("tile.peak", { n: number(peak, 1) })}
      />
      <Tile
        label={t("tile.success")}
        hint={t("tile.success_about")}
        loading={possible && !now}
        value={share(ends?.success)}
        about={possible ? undefined : t("tile.not_told")}
      />
      <Tile label="NODATA" hint={t("tile.nodata_about")} loading={possible && !now} value={share(ends?.nodata)} />
      {ends?.nxdomain !== undefined && <Tile label="NXDOMAIN" hint={t("tile.nxdomain_about")} value={share(ends.nxdomain)} />}
      {ends?.servfail !== undefined && (
        <Tile
          label="SERVFAIL"
          hint={t("tile.servfail_about")}
          value={share(ends.servfail)}
          about={ends.other ? t("tile.other_codes", { share: percent(ends.other) }) : undefined}
        />
      )}
    </SimpleGrid>
  );
}

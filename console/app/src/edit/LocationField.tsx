// Where an address is: typed, or picked on a small map with the mouse or the arrow keys.
import { ActionIcon, Button, Group, NumberInput, Stack, Text } from "@mantine/core";
import { IconMapPin, IconMinus, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { geoNaturalEarth1, geoPath } from "d3-geo";
import { type KeyboardEvent, type MouseEvent, useId, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { feature } from "topojson-client";
import type { Topology } from "topojson-specification";
import { useFindings, Was } from "./fields";
import type { LocationForm } from "./model/address";
import type { Num } from "./model/common";

const [width, height] = [560, 280];

export default function LocationField({
  value,
  onChange,
  readOnly,
}: {
  value: LocationForm | undefined;
  onChange: (l: LocationForm | undefined) => void;
  readOnly: boolean;
}) {
  const { t } = useTranslation("edit");
  const how = useId();
  const [zoom, setZoom] = useState(1);
  const svg = useRef<SVGSVGElement>(null);
  const { errors } = useFindings("location", true);
  const { data: world } = useQuery({
    queryKey: ["world-110m"],
    queryFn: async () => {
      const topo = (await import("world-atlas/countries-110m.json")).default as unknown as Topology;
      const countries = topo.objects.countries;
      return countries ? feature(topo, countries) : null;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [lat, lon] = [value?.latitude, value?.longitude];
  const set = typeof lat === "number" && typeof lon === "number";
  const projection = useMemo(() => {
    const p = geoNaturalEarth1().fitSize([width, height], { type: "Sphere" });
    if (zoom > 1)
      p.scale(p.scale() * zoom)
        .center(set ? [lon as number, lat as number] : [20, 20])
        .translate([width / 2, height / 2]);
    return p;
  }, [zoom, set, lat, lon]);
  const land = useMemo(() => (world ? (geoPath(projection)(world) ?? "") : ""), [world, projection]);
  const round = (n: number) => Math.round(n * 10000) / 10000;
  const put = (latitude: Num, longitude: Num) =>
    onChange({
      rest: value?.rest ?? {},
      latitude: latitude === "" ? "" : round(Math.max(-90, Math.min(90, latitude))),
      longitude: longitude === "" ? "" : round(longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude),
    });
  const pick = (e: MouseEvent<SVGSVGElement>) => {
    const box = svg.current?.getBoundingClientRect();
    if (!box || readOnly) return;
    const at = projection.invert?.([((e.clientX - box.left) / box.width) * width, ((e.clientY - box.top) / box.height) * height]);
    if (at && Math.abs(at[0]) <= 180 && Math.abs(at[1]) <= 90) put(at[1], at[0]);
  };
  const keys = (e: KeyboardEvent) => {
    const step = (e.shiftKey ? 10 : 1) / zoom;
    const move = { ArrowUp: [step, 0], ArrowDown: [-step, 0], ArrowRight: [0, step], ArrowLeft: [0, -step] }[e.key];
    if (!move || readOnly) return;
    e.preventDefault();
    put((set ? (lat as number) : 30) + (move[0] ?? 0), (set ? (lon as number) : 110) + (move[1] ?? 0));
  };
  const pin = set ? projection([lon as number, lat as number]) : null;
  return (
    <Stack gap={6} data-field="location">
      <div style={{ position: "relative", maxWidth: width }}>
        <svg
          ref={svg}
          viewBox={`0 0 ${width} ${height}`}
          role="application"
          aria-label={t("location.map")}
          aria-describedby={how}
          tabIndex={readOnly ? -1 : 0}
          onClick={pick}
          onKeyDown={keys}
          style={{
            width: "100%",
            display: "block",
            cursor: readOnly ? "default" : "crosshair",
            border: "1px solid var(--mantine-color-default-border)",
            borderRadius: "var(--mantine-radius-md)",
            background: "var(--mantine-color-body)",
          }}
        >
          <path d={land} fill="var(--mantine-color-default-hover)" stroke="var(--mantine-color-default-border)" strokeWidth={0.6} />
          {pin && (
            <g transform={`translate(${pin[0]} ${pin[1]})`} data-pin>
              <circle r={9} fill="var(--mantine-primary-color-filled)" opacity={0.25} />
              <circle r={4.5} fill="var(--mantine-primary-color-filled)" stroke="var(--mantine-color-body)" strokeWidth={1.5} />
            </g>
          )}
        </svg>
        <Group gap={4} style={{ position: "absolute", right: 8, top: 8 }}>
          <ActionIcon
            variant="default"
            size={28}
            aria-label={t("location.zoom_in")}
            disabled={zoom >= 32}
            onClick={() => setZoom((z) => z * 2)}
          >
            <IconPlus size={14} aria-hidden />
          </ActionIcon>
          <ActionIcon
            variant="default"
            size={28}
            aria-label={t("location.zoom_out")}
            disabled={zoom <= 1}
            onClick={() => setZoom((z) => z / 2)}
          >
            <IconMinus size={14} aria-hidden />
          </ActionIcon>
        </Group>
      </div>
      <Text id={how} fz="xs" c="dimmed">
        {t("location.how")}
      </Text>
      <Group gap="sm" align="flex-end">
        <NumberInput
          label={t("field.latitude")}
          w={150}
          decimalScale={4}
          min={-90}
          max={90}
          clampBehavior="none"
          value={value?.latitude ?? ""}
          readOnly={readOnly}
          onChange={(v) => put(v === "" ? "" : Number(v), value?.longitude ?? "")}
        />
        <NumberInput
          label={t("field.longitude")}
          w={150}
          decimalScale={4}
          min={-180}
          max={180}
          clampBehavior="none"
          value={value?.longitude ?? ""}
          readOnly={readOnly}
          onChange={(v) => put(value?.latitude ?? "", v === "" ? "" : Number(v))}
        />
        {value && !readOnly ? (
          <Button variant="default" onClick={() => onChange(undefined)}>
            {t("location.clear")}
          </Button>
        ) : (
          <Group gap={4} c="dimmed">
            <IconMapPin size={16} aria-hidden />
            <Text fz="sm">{value ? "" : t("location.none")}</Text>
          </Group>
        )}
      </Group>
      {errors.map((e) => (
        <Text key={e} fz="xs" c="var(--m-state-red)">
          {e}
        </Text>
      ))}
      <Was path="location" value={value} show={(v) => locationWords(v as LocationForm | undefined)} />
    </Stack>
  );
}

function locationWords(l: LocationForm | undefined): string {
  return l ? `${l.latitude}, ${l.longitude}` : "";
}

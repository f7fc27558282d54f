import { Box } from "@mantine/core";

/** A share as a bar; the number stands beside it. */
export function Bar({ share, width = "100%" }: { share: number; width?: number | string }) {
  return (
    <Box aria-hidden w={width} h={8} bg="var(--mantine-color-default-hover)" style={{ borderRadius: 4, overflow: "hidden" }}>
      <Box h={8} bg="var(--m-chart-1)" style={{ width: `${Math.min(100, share * 100)}%`, minWidth: share > 0 ? 2 : 0, borderRadius: 4 }} />
    </Box>
  );
}

/** A realised share as a bar, the configured one as a tick, and what chance explains as a field around it. */
export function SpreadBar({ share, configured, band }: { share: number; configured: number | undefined; band: number }) {
  const at = (v: number) => `${Math.max(0, Math.min(100, v * 100))}%`;
  return (
    <Box aria-hidden pos="relative" h={14} bg="var(--mantine-color-default-hover)" style={{ borderRadius: 4, overflow: "hidden" }}>
      <Box pos="absolute" top={3} h={8} left={0} bg="var(--m-chart-1)" style={{ width: at(share), borderRadius: 4 }} />
      {configured !== undefined && (
        <>
          <Box
            pos="absolute"
            top={0}
            h={14}
            bg="var(--m-chart-2)"
            opacity={0.3}
            style={{ left: at(configured - band), width: `${(Math.min(1, configured + band) - Math.max(0, configured - band)) * 100}%` }}
          />
          <Box pos="absolute" top={0} h={14} w={2} bg="var(--m-chart-2)" style={{ left: `min(${at(configured)}, calc(100% - 2px))` }} />
        </>
      )}
    </Box>
  );
}

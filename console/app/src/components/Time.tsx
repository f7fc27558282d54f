import { Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import { ago, moment } from "@/lib/format";

/** How long ago, with the exact time on hover and for machines. It goes on by itself. */
export function Ago({ at }: { at: string | undefined | null }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const age = at ? Math.abs(Date.now() - new Date(at).getTime()) : 0;
    const timer = setInterval(() => tick((n) => n + 1), age < 120_000 ? 1_000 : 30_000);
    return () => clearInterval(timer);
  }, [at]);
  if (!at) return <span>–</span>;
  return (
    <Tooltip label={moment(at)}>
      <time dateTime={at}>{ago(at)}</time>
    </Tooltip>
  );
}

export function Moment({ at }: { at: string | undefined | null }) {
  if (!at) return <span>–</span>;
  return (
    <time dateTime={at} className="num">
      {moment(at)}
    </time>
  );
}

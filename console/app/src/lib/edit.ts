// Opens an object in the editing panel, over the page one is on.
import { useNavigate } from "@tanstack/react-router";

/** "" as key opens a new one. */
export function useEdit(): (kind: string, key: string) => void {
  const navigate = useNavigate();
  return (kind, key) =>
    void navigate({ to: ".", resetScroll: false, search: ((s: Record<string, unknown>) => ({ ...s, edit: `${kind}/${key}` })) as never });
}

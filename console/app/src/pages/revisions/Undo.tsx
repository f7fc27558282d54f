import { Button, Group, Modal, Skeleton, Stack, Textarea, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, refresh } from "@/api/client";
import { Changes } from "@/changes/Changes";
import { Effect } from "@/changes/Effect";
import { Warnings } from "@/changes/Warnings";
import { Problem } from "@/components/Problem";

type Verb = "rollback" | "revert";

async function post(verb: Verb, number: string, query: { dry_run?: boolean; comment?: string }) {
  const o = { params: { path: { number }, query } };
  const { data } =
    verb === "rollback" ? await api.POST("/api/v1/revisions/{number}/rollback", o) : await api.POST("/api/v1/revisions/{number}/revert", o);
  return data;
}

/** Going back: first what it would change and what clients would get, then the comment, then it is done. */
export function Undo({ verb, number, newest, onClose }: { verb: Verb; number: string; newest: number | undefined; onClose: () => void }) {
  const { t } = useTranslation("revisions");
  const navigate = useNavigate();
  const [comment, setComment] = useState("");
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const plan = useQuery({
    queryKey: ["undo", verb, number, newest],
    queryFn: () => post(verb, number, { dry_run: true }),
    retry: false,
    staleTime: 0,
  });
  const nothing = plan.data?.changes.length === 0;
  const apply = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const done = await post(verb, number, comment.trim() ? { comment: comment.trim() } : {});
      refresh("");
      notifications.show({ color: "green", message: t(`${verb}.done`, { n: number, as: done?.revision }) });
      onClose();
      await navigate({ to: `/revisions/${done?.revision}` as string });
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={t(`${verb}.title`, { n: number })}
      closeButtonProps={{ "aria-label": t("common:action.close") }}
    >
      <Stack gap="md">
        <div>{t(`${verb}.about`, { n: number })}</div>
        {plan.error && <Problem error={plan.error} />}
        {plan.isPending && <Skeleton height={120} />}
        {plan.data && (
          <>
            <div>
              <Title order={3} mb={4}>
                {t("changes")}
              </Title>
              <Changes list={plan.data.changes} />
            </div>
            {plan.data.effect && !nothing && (
              <div>
                <Title order={3} mb={4}>
                  {t("effect_next")}
                </Title>
                <Effect of={plan.data.effect} />
              </div>
            )}
            <Warnings list={plan.data.warnings} />
            {!nothing && (
              <Textarea
                label={t("comment")}
                placeholder={t("comment_hint")}
                value={comment}
                onChange={(e) => setComment(e.currentTarget.value)}
                maxLength={1024}
                autosize
                minRows={2}
                data-autofocus
              />
            )}
          </>
        )}
        {error !== undefined && <Problem error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:action.cancel")}
          </Button>
          <Button onClick={() => void apply()} loading={busy} disabled={!plan.data || nothing}>
            {t(`${verb}.confirm`, { n: number })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

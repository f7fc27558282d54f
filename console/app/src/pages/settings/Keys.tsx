import { Alert, Badge, Button, Card, Checkbox, Group, Modal, Skeleton, Stack, Table, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconRefresh } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, refresh } from "@/api/client";
import { useCan } from "@/api/session";
import { Problem } from "@/components/Problem";
import { Moment } from "@/components/Time";

/** The keys that sign configuration, and another one in their place. */
export function Keys() {
  const { t } = useTranslation("settings");
  const admin = useCan("admin");
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/keys");
  const [open, setOpen] = useState(false);
  const [revoke, setRevoke] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  if (error) return <Problem error={error} retry={() => void refetch()} />;
  const rotate = async () => {
    setBusy(true);
    setFailed(undefined);
    try {
      await api.POST("/api/v1/keys/rotate", { body: revoke ? { revoke: true } : {} });
      refresh("/keys");
      notifications.show({ color: "green", message: t("keys.done") });
      setOpen(false);
    } catch (err) {
      setFailed(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card withBorder>
      <Group justify="space-between" mb="sm">
        <div>
          <Title order={2}>{t("keys.title")}</Title>
          <Text fz="sm" c="dimmed" maw={700}>
            {t("keys.about")}
          </Text>
        </div>
        {admin && (
          <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => setOpen(true)}>
            {t("keys.rotate")}
          </Button>
        )}
      </Group>
      {!data ? (
        <Skeleton height={90} />
      ) : (
        <Stack gap="md">
          <div>
            <Text fz="sm" fw={500} mb={4}>
              {t("keys.trusted")}
            </Text>
            {data.trusted.map((k, i) => (
              <Group key={k} gap="xs" mb={4}>
                <span className="mono" style={{ overflowWrap: "anywhere" }}>
                  {k}
                </span>
                {i === 0 && (
                  <Badge size="sm" variant="light" styles={{ root: { textTransform: "none" } }}>
                    {t("keys.signs")}
                  </Badge>
                )}
              </Group>
            ))}
          </div>
          {data.rotations.length > 0 ? (
            <Table aria-label={t("keys.rotations")}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th className="num" w={80}>
                    {t("keys.number")}
                  </Table.Th>
                  <Table.Th>{t("keys.when")}</Table.Th>
                  <Table.Th>{t("keys.by")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {[...data.rotations].reverse().map((r) => (
                  <Table.Tr key={r.serial}>
                    <Table.Td className="num">{r.serial}</Table.Td>
                    <Table.Td>
                      <Moment at={r.at} />
                    </Table.Td>
                    <Table.Td>{r.by}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          ) : (
            <Text fz="sm" c="dimmed">
              {t("keys.none")}
            </Text>
          )}
        </Stack>
      )}
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={t("keys.rotate")}
        closeButtonProps={{ "aria-label": t("common:action.close") }}
      >
        <Stack gap="md">
          <Text fz="sm">{t("keys.rotate_about")}</Text>
          <Checkbox
            label={t("keys.revoke")}
            description={t("keys.revoke_about")}
            checked={revoke}
            onChange={(e) => setRevoke(e.currentTarget.checked)}
          />
          {revoke && (
            <Alert color="red" variant="light">
              {t("keys.revoke_warn")}
            </Alert>
          )}
          {failed !== undefined && <Problem error={failed} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setOpen(false)}>
              {t("common:action.cancel")}
            </Button>
            <Button color={revoke ? "red" : undefined} loading={busy} onClick={() => void rotate()}>
              {t("keys.confirm")}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Card>
  );
}

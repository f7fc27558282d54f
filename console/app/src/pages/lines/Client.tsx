import { Badge, Button, Card, Group, List, Skeleton, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconRoute } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ObjectLink } from "@/components/ObjectLink";
import { Problem } from "@/components/Problem";
import { say } from "@/i18n/say";
import { countryName, useLineName } from "@/lib/lines";
import { useClient } from "./api";

/** "Which lines is this client in?" */
export function Client({ value, onChange }: { value: string | undefined; onChange: (v: string) => void }) {
  const { t } = useTranslation("lines");
  const [text, setText] = useState(value ?? "");
  const name = useLineName();
  const { data, error, isFetching } = useClient(value);
  return (
    <Card withBorder>
      <Title order={2} mb={4}>
        {t("client.title")}
      </Title>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          onChange(text.trim());
        }}
      >
        <Group gap="xs" align="flex-end">
          <TextInput
            label={t("client.label")}
            placeholder="203.0.113.9"
            value={text}
            onChange={(e) => setText(e.currentTarget.value)}
            spellCheck={false}
            w={{ base: "100%", xs: 280 }}
          />
          <Button type="submit" disabled={!text.trim()} loading={isFetching && Boolean(value)}>
            {t("client.go")}
          </Button>
        </Group>
      </form>
      {value && error && <Problem error={error} />}
      {value && !data && !error && <Skeleton height={70} mt="sm" />}
      {value && data && (
        <Stack gap="xs" mt="sm" aria-live="polite">
          <Text fz="sm">
            {[
              data.country ? (countryName(data.country) ?? data.country) : t("client.nowhere"),
              data.subdivision ? name(data.subdivision.toLowerCase()) : "",
              data.isp ? name(data.isp) : "",
            ]
              .filter(Boolean)
              .join(" · ")}{" "}
            <span className="muted">
              ({t("client.prefix", { prefix: data.prefix })}
              {t(`confidence.${data.confidence}`)})
            </span>
          </Text>
          <List type="ordered" fz="sm" spacing={4}>
            {data.lines.map((l, i) => (
              <List.Item key={l.code}>
                <ObjectLink kind="line" name={l.code}>
                  {name(l.code)}
                </ObjectLink>{" "}
                {name(l.code) !== l.code && <span className="mono muted">{l.code}</span>}{" "}
                {i === 0 && (
                  <Badge size="sm" variant="light" styles={{ root: { textTransform: "none" } }}>
                    {t("client.first")}
                  </Badge>
                )}
                <Text fz="xs" c="dimmed">
                  {say({ ...l.why_said, text: l.why })}
                </Text>
              </List.Item>
            ))}
          </List>
          <div>
            <Button
              component={Link}
              to={"/explain" as string}
              search={{ client: value } as never}
              variant="default"
              size="xs"
              leftSection={<IconRoute size={14} aria-hidden />}
            >
              {t("client.explain")}
            </Button>
          </div>
        </Stack>
      )}
    </Card>
  );
}

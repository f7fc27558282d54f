import { Group, Text } from "@mantine/core";

export function Mark() {
  return (
    <Group gap={8} wrap="nowrap">
      <img src="/icon.svg" width={26} height={26} alt="" />
      <Text fw={700} fz="lg" component="span">
        Meridian
      </Text>
    </Group>
  );
}

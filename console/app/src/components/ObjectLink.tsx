// A link to the page of an object, by the kind and name that the API gives.
import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

type Place = { to: string; params?: Record<string, string>; search?: Record<string, unknown> };

/** Where an object's page is; undefined for what has none. Keys: NAME/TYPE of an access domain, ZONE/NAME/TYPE
 * of a record, NAME/TYPE@LINE of an assertion, ADDRESS/TEMPLATE/PORT of a health task. */
export function placeOf(kind: string, name: string): Place | undefined {
  const [first = "", second = ""] = name.split("/");
  switch (kind) {
    case "access_domain":
    case "domain":
      return second ? { to: "/domains/$name/$type", params: { name: first, type: second } } : undefined;
    case "assertion":
      return second ? { to: "/domains/$name/$type", params: { name: first, type: second.split("@")[0] ?? "" } } : undefined;
    case "pool":
      return { to: "/pools/$name", params: { name } };
    case "address":
      return { to: "/addresses/$name", params: { name } };
    case "task":
      return { to: "/addresses/$name", params: { name: first } };
    case "template":
      return { to: "/templates/$name", params: { name } };
    case "line":
      return { to: "/lines/$name", params: { name } };
    case "zone":
      return { to: "/zones/$name", params: { name } };
    case "record":
      return { to: "/zones/$name", params: { name: first } };
    case "override":
      return { to: "/overrides" };
    case "node":
      return { to: "/nodes/$id", params: { id: name } };
    case "vantage":
      return { to: "/vantages/$id", params: { id: name } };
    case "incident":
      return { to: "/incidents/$id", params: { id: name } };
    case "revision":
      return { to: "/revisions/$number", params: { number: name } };
    case "settings":
      return { to: "/settings" };
    case "user":
      return { to: "/users" };
    case "token":
      return { to: "/tokens" };
  }
  return undefined;
}

export function ObjectLink({
  kind,
  name,
  children,
  search,
  fz = "inherit",
}: {
  kind: string;
  name: string;
  children?: ReactNode;
  search?: Record<string, unknown>;
  fz?: string;
}) {
  const place = placeOf(kind, name); // routes of areas are not known to the type of links
  if (!place)
    return (
      <Text span inherit>
        {children ?? name}
      </Text>
    );
  return (
    <Anchor
      component={Link}
      fz={fz}
      to={place.to}
      params={place.params as never}
      search={(search ?? place.search) as never}
      style={{ overflowWrap: "anywhere" }}
    >
      {children ?? name}
    </Anchor>
  );
}

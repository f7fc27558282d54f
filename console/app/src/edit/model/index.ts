import type { Kind } from "../draft";
import { addressModel } from "./address";
import { assertionModel } from "./assertion";
import type { Model } from "./common";
import { domainModel } from "./domain";
import { lineModel } from "./line";
import { poolModel } from "./pool";
import { settingsModel, zoneModel } from "./settings";
import { templateModel } from "./template";

// biome-ignore lint/suspicious/noExplicitAny: each model has its own form; a table of them can only say that there is one
export const models: Partial<Record<Kind, Model<any>>> = {
  access_domain: domainModel,
  pool: poolModel,
  address: addressModel,
  template: templateModel,
  line: lineModel,
  assertion: assertionModel,
  settings: settingsModel,
  zone: zoneModel,
};

export { bare, same } from "./common";

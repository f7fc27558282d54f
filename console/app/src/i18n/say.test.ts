// Every sentence of the server is said in Chinese, with the same blanks; one may stand in another.
import { beforeAll, expect, test } from "vitest";
import { i18n, setLanguage, startI18n, words } from ".";
import codes from "./codes.gen.json";
import { say, sayFinding, sayProblem } from "./say";

const chinese = (await import("@/said/locales/zh.json")).default as unknown as Record<string, string>;
const blanks = (s: string) => [...s.matchAll(/{{(\w+)}}/g)].map((m) => m[1]).sort();
const keyOf = (code: string) => code.replaceAll(".", "_");

beforeAll(async () => {
  localStorage.setItem("meridian.language", "zh");
  await startI18n();
  expect(i18n.hasResourceBundle("zh", "said")).toBe(false);
  await words("edit")();
});

test("every code is said in Chinese, and nothing else", () => {
  const have = Object.keys(chinese).filter((k) => k !== "word");
  expect(have.sort()).toEqual(Object.keys(codes).map(keyOf).sort());
});

test.each(Object.entries(codes))("%s has the blanks of the English", (code, english) => {
  const s = chinese[keyOf(code)] ?? "";
  expect(blanks(s)).toEqual(blanks(english));
  // What is nothing but blanks has no language.
  if (/[a-z]/i.test(english.replace(/{{\w+}}/g, "")) && !/^{{\w+}}$/.test(s)) expect(s).toMatch(/\p{Script=Han}/u);
});

test("a sentence stands within another", () => {
  const why = {
    code: "probe.no_answer_within_the_time_limit_of_while",
    args: { limit_of: "2s", phase: "connecting" },
    text: "no answer within the time limit of 2s while connecting",
  };
  const said = {
    code: "cause.votes_1",
    args: { failed: 2, voting: 3, v1: "bj-1", why1: why },
    text: "2 of 3 voting vantages call it failed (…)",
  };
  expect(say(said)).toBe("3 个参与表决的探测点中有 2 个判定失败（bj-1：连接时超过时限 2s 未获应答）");
  expect(say({ code: "event.task_cause", args: { task: "a/b/80", to: "down", from: "up", cause: said }, text: "…" })).toBe(
    "健康任务 a/b/80 变为故障（原为正常）：3 个参与表决的探测点中有 2 个判定失败（bj-1：连接时超过时限 2s 未获应答）",
  );
});

test("what stands in a blank is never translated or filled again", () => {
  const at = (task: string) => say({ code: "event.vantage", args: { vantage: task, to: "lost", from: "alive" }, text: "…" });
  expect(at("$t(action.retry)")).toBe("探测点 $t(action.retry) 变为失联（原为在线）");
  expect(at("{{to}} $&")).toBe("探测点 {{to}} $& 变为失联（原为在线）");
  expect(say({ code: "finding.has_names_use_at_most_13", args: { count: 1 }, text: "…" })).toBe("有 1 个名称；最多 13 个");
});

test("lists are joined as Chinese joins them", () => {
  expect(say({ code: "finding.must_be_one_of", args: { join: ["a", "b"] }, text: "…" })).toBe("必须为 a、b 之一");
  expect(say({ code: "finding.must_be_one_of", args: { join: "a, b or c" }, text: "…" })).toBe("必须为 a、b、c 之一");
});

test("things are named by their kind", () => {
  expect(say({ code: "problem.does_not_exist", args: { what: "Access domain www.example.com/A" }, text: "…" })).toBe(
    "接入域名 www.example.com/A 不存在。",
  );
});

test("without a sentence, or an argument of it, the server's text stands", () => {
  expect(say({ code: "no.such", text: "as it is" })).toBe("as it is");
  expect(say({ code: "state.addresses_all", args: { ok: 1 }, text: "1 of 2" })).toBe("1 of 2");
  expect(say(undefined)).toBe("");
  expect(
    sayFinding({
      code: "missing",
      message: "is missing",
      said: { code: "finding.is_missing_name_a_pool", text: "is missing; name a pool" },
    }),
  ).toBe("缺失；请给出地址池");
  const p = { code: "not_found", status: 404, title: "Not Found", type: "about:blank", detail: "It is gone." };
  expect(sayProblem(p)).toBe("没有这个对象，它可能已被删除。");
  expect(sayProblem({ ...p, said: { code: "problem.it_does_not_exist", text: "It does not exist." } })).toBe("它不存在。");
});

test("English is the server's own", async () => {
  await setLanguage("en");
  expect(say({ code: "state.disabled", text: "is disabled" })).toBe("is disabled");
  expect(i18n.getResourceBundle("en", "said")).toEqual({});
  await setLanguage("zh");
  expect(say({ code: "state.disabled", text: "is disabled" })).toBe("已停用");
});

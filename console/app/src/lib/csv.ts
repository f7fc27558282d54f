// Tables for spreadsheets (RFC 4180).

/** A spreadsheet takes a cell that begins so for a formula, and names come from outside. */
const formula = /^[=+\-@\t\r]/;

export function csv(rows: (string | number | undefined)[][]): string {
  const cell = (v: string | number | undefined) => {
    if (v === undefined) return "";
    if (typeof v === "number") return String(v);
    const s = formula.test(v) ? `'${v}` : v;
    return /[",\r\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s;
  };
  return rows.map((r) => `${r.map(cell).join(",")}\r\n`).join("");
}

/** Hands a table to the browser as a file. The mark at its beginning tells spreadsheets that it is UTF-8. */
export function saveCsv(name: string, rows: (string | number | undefined)[][]): void {
  const url = URL.createObjectURL(new Blob(["\uFEFF", csv(rows)], { type: "text/csv;charset=utf-8" }));
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

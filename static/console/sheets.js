// The figures of a chart as a table, on the page and as a file. A sheet has `columns`, of a title and, for figures, how one
// is written (`text`; and `words` where that is not a number), and `rows` of plain values.

const written = (value, column) =>
  column.text ? column.text(value) : value === null || value === undefined || value === "" ? "\u2013" : String(value);

/** The sheet as an element. */
export function tableOf({ columns, rows }) {
  const made = document.createElement("table");
  made.className = "table table-sm";
  const head = made.createTHead().insertRow();
  for (const { title, text, words } of columns) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = title;
    if (text && !words) cell.className = "num";
    head.append(cell);
  }
  const body = made.createTBody();
  for (const values of rows) {
    const row = body.insertRow();
    values.forEach((value, at) => {
      const cell = row.insertCell();
      if (columns[at].text && !columns[at].words) cell.className = "num";
      cell.textContent = written(value, columns[at]);
    });
  }
  return made;
}

// As apps/common/spreadsheets.py does it: no spreadsheet program may take a text for a formula.
const inert = (text) => (/^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text);

function csvCell(value) {
  const text = value === null || value === undefined ? "" : typeof value === "string" ? inert(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The sheet as CSV (RFC 4180), its figures with all their digits. */
export function csvOf({ columns, rows }) {
  return [columns.map(({ title }) => title), ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

/** Hand the sheet over as a file. */
export function keepCsv(sheet, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csvOf(sheet)], { type: "text/csv;charset=utf-8" }));
  link.download = `${name}.csv`;
  link.click();
  setTimeout(URL.revokeObjectURL, 60_000, link.href);
}

// The words on the page and how numbers are written, from the catalogue that Python sends.
// Change this file to write numbers otherwise; change words/*/stage.toml to say something else.

export function wordsOf(catalogue) {
  const locale = catalogue["stage.locale"] || "en-GB";

  // The words under a key with its {blanks} filled. A key that is missing shows its own last part.
  function t(key, values = {}) {
    const text = catalogue[key];
    if (text === undefined) return key.split(".").pop().replaceAll("_", " ");
    return text.replace(/\{(\w+)\}/g, (blank, name) => (name in values ? String(values[name]) : blank));
  }
  t.has = (key) => catalogue[key] !== undefined;
  t.locale = locale;
  t.number = (value, decimals = 0) =>
    asWritten(value, decimals).toLocaleString(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replace(/^-/, "−");
  t.percent = (share, decimals = 0) => t("numbers.percent", { number: t.number(100 * share, decimals) });
  t.pounds = (value, decimals = 0) => (asWritten(value, decimals) < 0 ? "−" : "") + t("numbers.pounds", { number: t.number(Math.abs(value), decimals) });
  // A number of a chart, written as the chart says; shares are told in percent.
  t.value = (value, chart) =>
    value === null || value === undefined || Number.isNaN(value)
      ? "–"
      : t[chart.format === "pounds" || chart.format === "percent" ? chart.format : "number"](value, chart.decimals || 0);
  return t;
}

// A number as it will be written; what rounds to nothing has no sign.
function asWritten(value, decimals) {
  return Number(value.toFixed(decimals)) + 0;
}

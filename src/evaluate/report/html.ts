/** Text that is HTML already. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = Html | readonly Part[] | string | number | undefined

/** HTML with values put in: strings are escaped, HTML is not; undefined is nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((text, i) => text + written(parts[i])).join(''))
}

function written(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map(written).join('')
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A self-contained page that follows the reader's light or dark theme. */
export const page = (language: string, title: string, body: Html): string =>
  html`<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
<main>
${body}
</main>
</html>
`.text

const STYLE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1c2128; --soft: #59636e;
  --line: #d8dee4; --main: #2563eb; --mark: #93b4f8; --good: #0b7a5c; --bad: #c9251c;
  --heat: 37 99 235 }
@media (prefers-color-scheme: dark) { :root { --page: #0f1318; --card: #181d24; --text: #e6eaef;
  --soft: #9aa5b1; --line: #2e3640; --main: #6ea8fe; --mark: #31588f; --good: #3fcfa3;
  --bad: #ff8a80; --heat: 110 168 254 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", "PingFang SC",
  "Microsoft YaHei", "Noto Sans CJK SC", sans-serif }
main { max-width: 980px; margin: 0 auto; padding: 32px 20px 48px }
h1 { font-size: 26px; margin: 0 0 4px; line-height: 1.25 }
h2 { font-size: 17px; margin: 0 0 12px }
.below { margin-top: 22px }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 18px 20px; margin-top: 18px; overflow-x: auto }
p { margin: 0 0 12px; color: var(--soft) }
.facts { color: var(--soft); display: flex; flex-wrap: wrap; gap: 2px 22px; margin-bottom: 4px }
.facts b { color: var(--text); font-weight: 600; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% }
th { text-align: left; color: var(--soft); font-weight: 500; font-size: 13px }
th, td { padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top }
tr:last-child td { border-bottom: 0 }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.value { font-weight: 600 }
.soft { color: var(--soft) }
.good { color: var(--good); font-weight: 600 }
.bad { color: var(--bad); font-weight: 600 }
.text { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 90px }
.confusion { width: auto }
.confusion td, .confusion th { border: 1px solid var(--line); padding: 6px 12px;
  text-align: right; font-variant-numeric: tabular-nums }
.confusion th { max-width: 160px; overflow-wrap: anywhere }
.cell { background: rgb(var(--heat) / calc(var(--share) * .55)) }
svg { display: block; max-width: 100%; height: auto }
svg text { fill: var(--soft); font: 12px system-ui, "Noto Sans CJK SC", sans-serif }
footer { color: var(--soft); font-size: 13px; margin-top: 18px }
@media print { body { background: #fff } section { break-inside: avoid } }
`

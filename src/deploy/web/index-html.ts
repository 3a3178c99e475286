import { WORDS, type Word } from './words.ts'

export interface IndexOptions {
  title: string
  /** Addresses of modules by the names that they are imported by. */
  imports: Readonly<Record<string, string>>
  /** Address of the module that runs the page. */
  entry: string
  /** Addresses of all modules, to be loaded at once. */
  modules: readonly string[]
  webgpu: boolean
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<"]/g, (sign) => ESCAPES[sign] ?? sign)

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif }
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem }
label { display: block; margin: .5rem 0 }
textarea { display: block; width: 100%; box-sizing: border-box; font: inherit }
input { width: 6rem; font: inherit }
output { display: block; margin-top: 1rem; white-space: pre-wrap; overflow-wrap: anywhere }
`

/** Shown if the page is opened without a server: browsers load no modules from files. */
const NO_FILES = 'Open this page through a static server, such as: python3 -m http.server'

/** End of an element's tag, and its text, which the page translates. */
const word = (name: Word): string => `data-word="${name}">${WORDS.en[name]}`

/** The page. It loads nothing but the files beside it. */
export function indexHtml({ title, imports, entry, modules, webgpu }: IndexOptions): string {
  const preloads = modules.map((path) => `<link rel="modulepreload" href="${path}" />`)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width" />
<link rel="icon" href="data:," />
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<script type="importmap">${JSON.stringify({ imports })}</script>
${preloads.join('\n')}
</head>
<body${webgpu ? ' data-webgpu="true"' : ''}>
<main>
<h1>${escaped(title)}</h1>
<p id="status" role="status" ${word('loading')}</p>
<form>
<label><span ${word('prompt')}</span> <textarea id="prompt" rows="4"></textarea></label>
<label><span ${word('maxTokens')}</span>
  <input id="max-tokens" type="number" min="1" value="200" /></label>
<label><span ${word('temperature')}</span>
  <input id="temperature" type="number" min="0" step="any" placeholder="${WORDS.en.default}" />
</label>
<button id="generate" disabled ${word('generate')}</button>
<button id="stop" type="button" disabled ${word('stop')}</button>
</form>
<output aria-live="polite"></output>
</main>
<script>
if (location.protocol === 'file:')
  document.getElementById('status').textContent = '${NO_FILES}'
</script>
<script type="module" src="${entry}"></script>
</body>
</html>
`
}

// Runs the command of every page in this folder in an empty folder, and compares what it prints
// with what the page shows: words and whole numbers exactly, decimals to within 1 % or one unit of
// the last digit, since another kind of processor rounds differently. `...` stands for any text.
// Also: both languages of a page have the same commands, outputs and formulas; the tables list
// every page; no link in the README or in docs/ is broken.
//
//   npm run check:docs              all pages
//   npm run check:docs -- NAME...   these pages, with all that their commands print

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = dirname(fileURLToPath(import.meta.url))
const root = resolve(folder, '../..')
const TOLERANCE = 0.01

const fenced = (text, language) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, body]) => body)

/** Differences between a page and its Chinese twin. */
async function compareLanguages(name) {
  const files = [`${name}.md`, `${name}.zh-CN.md`]
  const missing = files.filter((file) => !existsSync(join(folder, file)))
  if (missing.length > 0) return [`docs/principles/${missing} does not exist`]
  const [english, chinese] = await Promise.all(
    files.map((file) => readFile(join(folder, file), 'utf8')),
  )
  const parts = {
    commands: (text) => fenced(text, 'sh'),
    outputs: (text) => fenced(text, 'text'),
    formulas: (text) => fenced(text, 'math'),
  }
  return Object.entries(parts).flatMap(([kind, part]) => {
    const [expected, found] = [part(english), part(chinese)].map((all) => JSON.stringify(all))
    if (expected === '[]') return [`${name}.md has no ${kind}`]
    return expected === found ? [] : [`${files.join(' and ')} have different ${kind}`]
  })
}

/** Runs a page's command; `npx chatwright` is this clone's. Resolves with all that it printed. */
async function run(command) {
  const scratch = await mkdtemp(join(tmpdir(), 'chatwright-docs-'))
  try {
    await mkdir(join(scratch, 'node_modules'))
    await symlink(root, join(scratch, 'node_modules/chatwright'))
    await symlink(join(root, 'docs'), join(scratch, 'docs'))
    const npx = `npx() { node '${join(root, 'bin')}'/"$1".cjs "\${@:2}"; }`
    const env = { ...process.env, LC_ALL: 'C', LANG: 'C', NO_COLOR: '1' }
    const child = spawn('bash', ['-euo', 'pipefail', '-c', `${npx}\n${command}`], {
      cwd: scratch,
      env,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    const code = await new Promise((done) => child.on('close', done))
    return { code, output }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** True if a line of output is what the page shows. */
function agrees(shown, line) {
  const parts = shown.trim().split(/(\.{3}|\d+\.\d+)/)
  const decimals = parts.filter((part) => /^\d+\.\d+$/.test(part))
  const pattern = parts.map((part, i) => {
    if (i % 2 === 0) return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/\s+/g, '\\s+')
    return part === '...' ? '.*?' : '(\\d+(?:\\.\\d+)?)'
  })
  const found = new RegExp(`^${pattern.join('')}$`).exec(line.trim())
  return (
    found !== null &&
    decimals.every((decimal, i) => {
      const unit = 10 ** -(decimal.length - decimal.indexOf('.') - 1)
      const allowed = Math.max(TOLERANCE * Number(decimal), 1.001 * unit)
      return Math.abs(Number(found[i + 1]) - Number(decimal)) <= allowed
    })
  )
}

/** The first line of a page that the output does not have, in the page's order. */
function firstMissing(shown, output) {
  const lines = output.split('\n')
  let next = 0
  for (const line of shown.trimEnd().split('\n')) {
    const at = lines.findIndex((printed, i) => i >= next && agrees(line, printed))
    if (at < 0) return line
    next = at + 1
  }
  return undefined
}

async function checkPage(name, verbose) {
  const text = await readFile(join(folder, `${name}.md`), 'utf8')
  const [command, shown] = [fenced(text, 'sh')[0], fenced(text, 'text')[0]]
  if (!command || !shown) return [`${name}.md has no command in sh, or no output in text`]
  const start = performance.now()
  const { code, output } = await run(command)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  const missing = firstMissing(shown, output)
  const failed = code !== 0 || missing !== undefined
  console.log(`${failed ? 'failed' : 'passed'}  ${name}, ${seconds} s`)
  if (verbose && !failed) console.log(output)
  if (code !== 0) return [`${name}.md: the command ended with code ${code}\n${output}`]
  if (missing === undefined) return []
  return [`${name}.md shows the line\n  ${missing}\nbut its command printed\n${output}`]
}

/** Links and pictures of Markdown files that lead nowhere. */
async function brokenLinks() {
  const pages = (await readdir(join(root, 'docs'), { recursive: true }))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file))
  const broken = []
  for (const page of [
    'README.md',
    'README.zh-CN.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...pages,
  ]) {
    const text = (await readFile(join(root, page), 'utf8')).replace(/^```.*?^```$/gms, '')
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      const [path, anchor] = link.split('#')
      const target = path === '' ? join(root, page) : resolve(root, dirname(page), path)
      if (!existsSync(target)) broken.push(`${page}: ${link} leads nowhere`)
      else if (anchor && !(await anchors(target)).includes(anchor))
        broken.push(`${page}: ${relative(root, target)} has no heading #${anchor}`)
    }
  }
  return broken
}

/** The anchors that GitHub gives to headings. */
const anchors = async (file) =>
  [...(await readFile(file, 'utf8')).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/ /g, '-'),
  )

/** Pages, and figures, that the table of this folder leaves out. */
async function missingFromTable(names) {
  const problems = []
  for (const table of ['README.md', 'README.zh-CN.md']) {
    const rows = (await readFile(join(folder, table), 'utf8')).split('\n')
    const ending = table.slice('README'.length)
    for (const name of names) {
      const row = rows.find((line) => line.includes(`(${name}${ending})`))
      const [figure] = row?.match(/\d+\.\d+(?=[^|]*\|$)/) ?? []
      const shown = fenced(await readFile(join(folder, `${name}.md`), 'utf8'), 'text').join('')
      if (!row) problems.push(`principles/${table} does not list ${name}`)
      else if (figure && !shown.includes(figure))
        problems.push(`principles/${table} has ${figure} for ${name}, which its page does not show`)
    }
  }
  return problems
}

const pages = (await readdir(folder)).filter((file) => /^(?!README).*\.md$/.test(file))
const all = [...new Set(pages.map((file) => file.replace(/(\.zh-CN)?\.md$/, '')))].sort()
const chosen = process.argv.slice(2)
const names = chosen.length > 0 ? chosen : all
const problems = []
for (const name of names) problems.push(...(await compareLanguages(name)))
problems.push(...(await missingFromTable(names)), ...(await brokenLinks()))

const waiting = [...names]
const worker = async () => {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
    problems.push(...(await checkPage(name, chosen.length > 0)))
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker))
for (const problem of problems) console.error(`\n${problem}`)
console.log(`${names.length} pages, ${problems.length} problems`)
process.exitCode = problems.length > 0 ? 1 : 0

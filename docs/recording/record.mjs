// Makes docs/recording.svg: runs a command in a terminal, types into it, and draws what was on the
// screen as an animation. Needs util-linux's `script`. Use, in a folder without a model:
//
//   node PATH/docs/recording/record.mjs PATH/docs/recording.svg 'npx chatwright start' 'A whale' 'The sea'
//
// Each word after the command is typed at a prompt. What comes before the first prompt is shown faster.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { drawFilm } from './draw-film.mjs'
import { Screen } from './screen.mjs'

const [file, command, ...messages] = process.argv.slice(2)
const SIZE = { columns: 92, rows: 28 }
/** Seconds that everything before the first prompt is shown in. */
const BEFORE = 10

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds))

const screen = new Screen(SIZE)
const frames = []
const started = performance.now()
let prompted

const line = `stty cols ${SIZE.columns} rows ${SIZE.rows}; exec ${command}`
const terminal = spawn('script', ['-qfec', line, '/dev/null'], {
  env: { ...process.env, FORCE_COLOR: '1', TERM: 'xterm-256color' },
})
const ended = new Promise((resolve) => terminal.on('close', resolve))
terminal.stdout.setEncoding('utf8')
terminal.stdout.on('data', (text) => {
  screen.write(text)
  const seconds = (performance.now() - started) / 1000
  if (screen.lastLine === '>') prompted ??= seconds
  frames.push({ seconds, rows: screen.rows() })
})

const prompt = async () => {
  while (screen.lastLine !== '>') await wait(0.1)
  await wait(1)
}
for (const message of [...messages, '/exit']) {
  await prompt()
  for (const letter of message) {
    terminal.stdin.write(letter)
    await wait(0.06)
  }
  await wait(0.4)
  terminal.stdin.write('\r')
}
await ended

const haste = Math.max(1, Math.round(prompted / BEFORE))
const shown = frames.map(({ seconds, rows }) => ({
  rows,
  seconds: seconds < prompted ? seconds / haste : prompted / haste + seconds - prompted,
}))
writeFileSync(
  file,
  drawFilm(shown, { ...SIZE, title: command, note: `until the prompt ${haste}x as fast` }),
)

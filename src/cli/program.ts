import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { chat } from './commands/chat.ts'
import { data } from './commands/data.ts'
import { distill } from './commands/distill.ts'
import { evaluate } from './commands/eval.ts'
import { exportCommand } from './commands/export.ts'
import { generate } from './commands/generate.ts'
import { importCommand } from './commands/import.ts'
import { inspect } from './commands/inspect.ts'
import { merge } from './commands/merge.ts'
import { predict } from './commands/predict.ts'
import { pull } from './commands/pull.ts'
import { push } from './commands/push.ts'
import { start } from './commands/start.ts'
import { tokenizer } from './commands/tokenizer.ts'
import { train } from './commands/train.ts'
import { transfer } from './commands/transfer.ts'
import { tune } from './commands/tune.ts'
import { quiet } from './run.ts'

/** In the order of `--help`. */
const COMMANDS = [
  start,
  train,
  tune,
  distill,
  transfer,
  merge,
  evaluate,
  generate,
  chat,
  predict,
  pull,
  push,
  importCommand,
  exportCommand,
  data,
  tokenizer,
  inspect,
]

/** The whole command line. Its own errors are thrown as CommanderError and not printed. */
export function createProgram(): Command {
  const program = quiet(new Command('chatwright'))
    .description('Train, tune, run and talk to your own language models.')
    .version(VERSION)
    // A command's options are read by itself: those of `eval compare` are not those of `eval`.
    .enablePositionalOptions()
  for (const add of COMMANDS) add(program)
  return program
}

/** The version of this package. */
export const VERSION: string = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
).version

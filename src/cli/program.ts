import { Command } from 'commander'
import { bench } from './commands/bench.ts'
import { chat } from './commands/chat.ts'
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
import { tune } from './commands/tune.ts'
import { VERSION } from './version.ts'

/** In the order of `--help`. */
const COMMANDS = [
  start,
  train,
  tune,
  merge,
  evaluate,
  generate,
  chat,
  predict,
  pull,
  push,
  importCommand,
  exportCommand,
  tokenizer,
  inspect,
  bench,
]

/** Where to look when words are refused: `chatwright train --help lists the options.` */
export function helpFor(command: Command, words: readonly string[], path = 'chatwright'): string {
  const next = command.commands.find((one) => one.name() === words[0])
  if (next) return helpFor(next, words.slice(1), `${path} ${next.name()}`)
  return `${path} --help lists the ${command.commands.length > 0 ? 'commands' : 'options'}.`
}

/** The whole command line. Its own errors are thrown as CommanderError and not printed. */
export function createProgram(): Command {
  const program = new Command('chatwright')
    .description('Train, tune, run and talk to your own language models.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
  for (const add of COMMANDS) add(program)
  return program
}

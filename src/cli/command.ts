import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import type { z } from 'zod'
import { UserError } from '../errors.ts'
import { fileError } from '../files/file-error.ts'
import { parseJson } from '../files/parse-json.ts'
import { flagOf } from '../options.ts'
import { addFlags, checkOptions, convertFlags, fieldsOf, type Help, takesList } from './flags.ts'

/** The result of a command. */
export interface Outcome {
  /** The object that `--json` prints, its keys in snake_case, but for names of metrics. */
  result: object
  /** What is printed otherwise, unless the command printed it already. */
  text?: string
  exitCode?: number
}

/** One command: a schema of its options, which are those of the function that it calls. */
export interface CommandDefinition<S extends z.ZodObject> {
  name: string
  summary: string
  options: S
  help: Help
  /** Options that are positional arguments instead of flags, as in `inspect DIR`. */
  argument?: Argument<S> | readonly Argument<S>[]
  /** Lines that show it in use. */
  examples: readonly string[]
  /** Commands of its own, such as `eval compare`. */
  subcommands?: readonly AddCommand[]
  run(options: z.input<S>, context: Context): Promise<Outcome>
}

interface Argument<S extends z.ZodObject> {
  name: string & keyof S['shape']
  help: string
  required: boolean
}

export interface Context {
  json: boolean
}

/** Adds a command to its parent. */
export type AddCommand = (parent: Command) => void

export const defineCommand =
  <S extends z.ZodObject>(definition: CommandDefinition<S>): AddCommand =>
  (parent) => {
    const { name, summary, options: schema, help, argument, examples, run } = definition
    const command = parent.command(name).description(summary)
    // Options behind the name of a subcommand are its own.
    if (definition.subcommands) command.enablePositionalOptions()
    for (const add of definition.subcommands ?? []) add(command)
    const all = fieldsOf(schema)
    const positional = [argument ?? []].flat()
    const isFlag = ([option]: [string, unknown]) => positional.every(({ name }) => name !== option)
    for (const { name, help, required } of positional) {
      const value = `${name}${all[name] && takesList(all[name]) ? '...' : ''}`
      command.argument(required ? `<${value}>` : `[${value}]`, help)
    }
    addFlags(command, Object.fromEntries(Object.entries(all).filter(isFlag)), help)
    command
      .addHelpOption(new Option('-h, --help', 'explain the options').helpGroup('General:'))
      .optionsGroup('General:')
      .option('--config <FILE>', 'JSON file of options, named as in the API; flags win over it')
      .option('--json', 'end with one JSON object on the last line of standard output')
      .addHelpText('after', ['\nExamples:', ...examples].join('\n  $ '))
      .action(async (...args) => {
        const typed = args.at(-2) as { config?: string; json?: boolean } & Record<string, unknown>
        const { config, json = false, ...flags } = typed
        const fromFile = config === undefined ? {} : await readConfig(config)
        const fromArguments = positional
          .map(({ name }, i) => [name, args[i]] as const)
          .filter(([, value]) => value !== undefined && value.length > 0)
        const fromFlags = convertFlags(all, { ...flags, ...Object.fromEntries(fromArguments) })
        const given = { ...fromFile, ...fromFlags }
        const origin = (option: string) =>
          option in fromFlags ? flagOf(option) : `${config}: ${option}`
        const outcome = await run(checkOptions(schema, given, origin, help), { json })
        if (json) console.log(JSON.stringify(snakeCase(outcome.result)))
        else if (outcome.text !== undefined) console.log(outcome.text)
        process.exitCode = outcome.exitCode ?? 0
      })
  }

/** Fields whose keys are data: names of metrics, which options take, and labels. */
const NAMED = ['metrics', 'probabilities']

/** Keys as the JSON of this field has them: `bitsPerByte` -> `bits_per_byte`. */
function snakeCase(value: unknown, rename = inSnakeCase): unknown {
  if (Array.isArray(value)) return value.map((one) => snakeCase(one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      rename(key),
      snakeCase(inner, NAMED.includes(key) ? String : inSnakeCase),
    ]),
  )
}

const inSnakeCase = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The options in a JSON file, under the names that the API gives them. Throws UserError. */
export async function readConfig(path: string): Promise<Record<string, unknown>> {
  const file = await readFile(path).catch((error) => {
    throw fileError(error, `cannot read ${path}`)
  })
  const config = parseJson(file, path)
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new UserError(`${path}: expected an object of options, such as {"depth": 4}`)
  }
  return { ...config }
}

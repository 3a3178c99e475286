import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { run } from './run.ts'

/** Commands that do something themselves; `tokenizer` only has others. */
const leaves = (command: Command): Command[] => [
  ...(command.options.some(({ long }) => long === '--json') ? [command] : []),
  ...command.commands.flatMap(leaves),
]

const commands = leaves(createProgram())
const pathOf = (command: Command): string =>
  command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()

it('has a command for each stage', () => {
  expect(commands.map(pathOf).sort()).toEqual([
    'chat',
    'data augment',
    'distill',
    'eval',
    'eval compare',
    'export',
    'generate',
    'import',
    'inspect',
    'merge',
    'predict',
    'pull',
    'push',
    'start',
    'tokenizer decode',
    'tokenizer encode',
    'tokenizer train',
    'train',
    'transfer',
    'tune',
  ])
})

it.each(commands.map((command) => [pathOf(command), command] as const))(
  '%s explains every option',
  (_, command) => {
    for (const { flags, description } of command.options) {
      expect(description, flags).toMatch(/\w{2,}/)
      expect(description, flags).not.toContain('`')
    }
    const flags = command.options.map(({ long }) => long)
    expect(flags).toContain('--json')
    expect(flags).toContain('--config')
  },
)

/** The flags that the design of the command line names. */
const TRAIN = `--data --val --out --tokenizer --vocab --depth --layers --heads --kv-heads --dim
  --context --architecture --batch --accumulate --steps --epochs --optimizer --lr --min-lr
  --schedule --warmup --beta1 --beta2 --clip
  --weight-decay --dropout --eval-every --seed --engine --threads --resume --config`

describe('the executable', () => {
  it('tells the flags of train with their defaults', async () => {
    const { code, stdout } = await run(['train', '--help'])
    expect(code).toBe(0)
    for (const flag of TRAIN.split(/\s+/)) expect(stdout).toMatch(new RegExp(`^ +${flag}\\b`, 'm'))
    const oneLine = stdout.replace(/\s+/g, ' ')
    expect(oneLine).toMatch(/--beta2 <X> [^-]*\(default: 0\.99\)/)
    expect(oneLine).toMatch(/--min-lr <X> [^-]*\(default: a tenth of --lr\)/)
    expect(oneLine).toMatch(/--val <FRACTION\|SOURCE\.\.\.> [^(]*\(default: 0\.1\)/)
  })

  it.each([
    [
      'train',
      /^Task lm:\n[^\n]*--documents.*^Task lm, mlm:\n.*--document-separator.*--data-folder/ms,
    ],
    ['train', /^Task mlm:\n.*--mask-probability[\s\S]*^Task embed:\n.*--temperature/m],
    ['train', /^Task lm, classify, tag, seq2seq, completion:\n.*--label-smoothing/m],
    ['tune', /^Method grpo:\n[\s\S]*--reward[\s\S]*^Method sft, dpo, grpo:\n.*--chat-template/m],
    ['eval', /^Task lm:\n.*--documents[\s\S]*^Task chat:\n.*--chat-template/m],
  ])(
    'puts options of tasks and methods under those that take them: %s %s',
    async (command, groups) => {
      const { code, stdout } = await run([command, '--help'])
      expect(code).toBe(0)
      expect(stdout).toMatch(groups)
      if (command === 'eval') expect(stdout).not.toContain('--label-smoothing')
    },
  )

  it('lists the commands, and fails when none is named', async () => {
    const { code, stdout, stderr } = await run([])
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/train.*Train a model on text/)
  })

  it('tells its version', async () => {
    const { code, stdout } = await run(['--version'])
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })
})

import { Command } from 'commander'
import { z } from 'zod'
import { type AddCommand, defineCommand } from '../src/cli/command.ts'
import { interruptible } from '../src/cli/interrupt.ts'
import { quiet, run } from '../src/cli/run.ts'
import { parseOptions } from '../src/options.ts'
import type { Experiment } from './experiment.ts'
import { EXPERIMENTS } from './index.ts'
import { commonOptions, type RunOptions, runExperiment } from './run.ts'

/** An experiment as a command, with its own options and those of all. */
function commandOf(experiment: Experiment): AddCommand {
  const { name, summary } = experiment
  const options = z.strictObject({ ...commonOptions, ...experiment.options })
  return defineCommand({
    name,
    summary,
    options,
    help: {
      Experiment: experiment.help,
      Run: {
        seeds: '`N,N` seeds, one after the other',
        only: '`TEXT` only the cells whose name contains this',
        out: `\`FILE\` results, each written when it is there; what is in it already is not run \
again (default: experiments/results/${name}.json)`,
        dataDir: '`DIR` folder of the data sets',
      },
    },
    examples: [`npm run experiment -- ${name}`, `npm run experiment -- ${name} --seeds 4,5`],
    run: async (given) => {
      const parsed = parseOptions(options, given) as RunOptions
      const results = await interruptible((signal) =>
        runExperiment(experiment, parsed, { signal, report: console.error }),
      )
      return { result: { results }, text: experiment.summarize(results) }
    },
  })
}

const program = quiet(new Command('npm run experiment --')).description(
  'Run or resume an experiment: finished cells are not run again.',
)
for (const experiment of EXPERIMENTS) commandOf(experiment)(program)
if (process.argv.length === 2) process.argv.push('--help')
await run(program)

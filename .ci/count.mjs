// Adds up vitest's JSON reports in a folder and prints `N passed, N failed`. Under CI a check that
// was skipped has failed: on the machine it was meant for, something that it needs is missing.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder] = process.argv.slice(2)
const reports = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
const sum = (key) => reports.reduce((total, report) => total + report[key], 0)

const skipped = reports
  .flatMap(({ testResults }) => testResults)
  .flatMap(({ assertionResults }) => assertionResults)
  .filter(({ status }) => status !== 'passed' && status !== 'failed')
for (const { fullName } of skipped) console.log(`skipped: ${fullName}`)

// A file that could not be loaded has no tests to fail.
const broken = reports
  .flatMap(({ testResults }) => testResults)
  .filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
for (const { name, message } of broken) console.log(`not run: ${name}: ${message}`)

const strict = process.env.CI === 'true'
const failed = sum('numFailedTests') + broken.length + (strict ? skipped.length : 0)
console.log(`${sum('numPassedTests')} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

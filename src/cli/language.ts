import { z } from 'zod'
import type { Language } from '../language.ts'

/** An option of the commands that also speak Chinese. */
export const languageOption = z.enum(['en', 'zh']).optional()
export const languageHelp = 'language of the program’s own words (default: as the locale says)'

/** The user's language, as the locale says: Chinese or else English. */
export function userLanguage(env: NodeJS.ProcessEnv = process.env): Language {
  // The first that is set wins (POSIX).
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || ''
  return /^zh/i.test(locale) ? 'zh' : 'en'
}

/**
 * English words that have no synonym of use, although WordNet has them: to it, "a" is an angstrom
 * and "in" an inch.
 */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about above after again against all am an and any are aren't as at be because been before being
  below between both but by can can't could couldn't did didn't do does doesn't doing don don't down
  during each few for from further had hadn't has hasn't have haven't having he her here hers
  herself him himself his how i if in into is isn't it it's its itself just ll m me might more most
  must my myself n't no nor not now of off on once only or other our ours ourselves out over own re
  s same she should shouldn't so some such t than that that's the their theirs them themselves then
  there these they this those through to too under until up us ve very was wasn't we were weren't
  what when where which while who whom why will with won't would wouldn't you your yours yourself
  yourselves`.split(/\s+/),
)

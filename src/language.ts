/** Languages of the program's own words. */
export type Language = 'en' | 'zh'

/** What the schema of a site profile cannot see, and a page would tell too late. */
import { logsIn, type SiteProfile } from '../contract/site-profile.ts'
import { oneByOne, selectorOf, type PageSign, type SiteStep } from '../contract/site-steps.ts'
import { BrowserFault } from '../fault.ts'
import { namesIn } from '../steps/fill-in.ts'
import { selectorProblem } from './selector-problem.ts'

/** What each call of an operation has already. */
const taken = new Set(['session_id', 'username', 'password', 'captcha_api_key', 'profile', 'debug', 'totp'])
/** Where the contract answers with something else. */
const reserved = new Set(['get_session', 'sessions', 'health'])

/** Throws `profile-invalid`. */
export function checkProfile(profile: SiteProfile): void {
  const { kind, form, login, fields, operations } = profile
  if (kind === 'form' && !logsIn(profile)) throw invalid('A profile of kind form says where its form is, or has a login of steps')
  if (form !== null && login !== null) throw invalid('A profile has a form or a login of steps, not both')
  for (const name of Object.keys(fields)) if (taken.has(name)) throw invalid(`A field cannot be called ${name}`, `fields.${name}`)
  checkSelectors(profile)
  checkNames(profile)
  for (const [name, { inputs }] of Object.entries(operations)) {
    if (reserved.has(name)) throw invalid(`An operation cannot be called ${name}`, `operations.${name}`)
    const input = Object.keys(inputs).find((each) => taken.has(each))
    if (input !== undefined) throw invalid(`An input cannot be called ${input}`, `operations.${name}.inputs.${input}`)
  }
}

function checkSelectors({ form, captcha, success, failure, login, operations }: SiteProfile): void {
  const check = (field: string, selector: string | null | undefined): void => {
    const problem = selector == null ? null : selectorProblem(selector)
    if (problem !== null) throw invalid(`${field} is not a valid selector: ${problem}`, field)
  }
  const checkSign = (field: string, sign: PageSign | null | undefined): void => check(`${field}.selector`, sign?.selector)
  const checkSteps = (field: string, steps: readonly SiteStep[]): void =>
    steps.forEach((step, index) => {
      const where = `${field}.steps.${index}`
      for (const each of oneByOne([step])) check(where, selectorOf(each))
      check(`${where}.on`, step.on)
      check(`${where}.captcha.answer`, step.captcha?.answer)
      checkSign(`${where}.until`, step.until)
    })
  for (const [name, selector] of Object.entries(form ?? {})) check(`form.${name}`, selector)
  check('captcha.element', captcha?.element)
  check('captcha.answer', captcha?.answer)
  checkSign('success', success)
  checkSign('failure', failure)
  checkSteps('login', login?.steps ?? [])
  for (const [name, { steps, read, notFound }] of Object.entries(operations)) {
    const where = `operations.${name}`
    checkSteps(where, steps)
    checkSign(`${where}.notFound`, notFound)
    if (typeof read === 'string') check(`${where}.read`, read)
    else if ('columns' in read) {
      check(`${where}.read.table`, read.table)
      for (const [column, { cell }] of Object.entries(read.columns)) check(`${where}.read.columns.${column}`, cell)
    } else for (const selector of Object.values(read)) check(`${where}.read`, selector)
  }
}

/** What a login fills in is known to the profile; a name that is none would be typed as it stands. */
function checkNames({ login, fields, totp, httpAuth }: SiteProfile): void {
  const known = new Set(['username', 'password', ...Object.keys(fields), ...(totp === null ? [] : ['totp'])])
  const check = (field: string, text: string | undefined): void => {
    const unknown = namesIn(text ?? '').find((name) => !known.has(name))
    if (unknown !== undefined) throw invalid(`${field} has {${unknown}}, and the profile has no field of that name`, field)
  }
  login?.steps.forEach((step, index) => {
    for (const part of ['go', 'value', 'option', 'text'] as const) check(`login.steps.${index}.${part}`, step[part])
  })
  check('httpAuth.username', httpAuth?.username)
  check('httpAuth.password', httpAuth?.password)
}

const invalid = (message: string, field?: string): BrowserFault =>
  new BrowserFault('profile-invalid', message, field === undefined ? {} : { field })

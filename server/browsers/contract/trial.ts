/**
 * Trying a site profile out: its steps are done once, in a browser of their own, with a picture of each. What is tried need not be saved,
 * and nothing of a run is: neither the credentials, nor the pictures, which are kept in memory for a while with all secrets blanked.
 */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure, sessionId } from './parts.ts'
import { siteProfile, siteProfileName } from './site-profile.ts'
import { mostSteps, seenThing, siteStep } from './site-steps.ts'

const trialId = z.string().regex(/^trial_[0-9A-Za-z_-]{10,40}$/)
const trialParams = z.object({ trial: trialId })

/** `waiting`: for a person, who takes the page over. `stopped`: by a person, or because its browser ended. */
export const trialState = z.enum(['starting', 'running', 'waiting', 'passed', 'failed', 'stopped'])
export type TrialState = z.output<typeof trialState>

export const trialStepState = z.enum(['not-reached', 'running', 'waiting', 'done', 'skipped', 'failed'])
export type TrialStepState = z.output<typeof trialStepState>

/** Where something is on a picture, in CSS px of the page. */
const box = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() })
export type Box = z.output<typeof box>

const picture = z.object({
  at: isoTime,
  /** Of the page it shows, without its query. */
  address: z.string(),
  width: z.number(),
  height: z.number(),
  /** The elements that the step is about, or those seen instead. */
  marks: z.object({ selector: z.string(), boxes: z.array(box) }).nullable(),
})
export type PictureFacts = z.output<typeof picture>

/** What happened while a step was under way. */
const passed = z.object({
  at: isoTime,
  what: z.enum(['page-opened', 'request', 'window-opened', 'dialog', 'gave-up']),
  /** A path without its query, or words. */
  text: z.string(),
  status: z.number().nullable(),
})
export type Passed = z.output<typeof passed>

export const trialStep = z.object({
  step: siteStep,
  state: trialStepState,
  startedAt: isoTime.nullable(),
  /** How long it took, in ms; null while it is not over. */
  ms: z.number().nullable(),
  found: z.object({ count: z.number().int(), where: z.enum(['page', 'frame', 'window']) }).nullable(),
  /** Why it failed, in words; null when it did not. */
  said: z.string().nullable(),
  /** What the page showed instead, the likeliest first. */
  seen: z.array(seenThing),
  passed: z.array(passed),
  picture: picture.nullable(),
})
export type TrialStep = z.output<typeof trialStep>

export const trial = z.object({
  id: trialId,
  site: siteProfileName,
  /** The operation that was run; null for the login. */
  operation: z.string().nullable(),
  state: trialState,
  /** What went wrong beside the steps, e.g. that the site refused the login; null when nothing did. */
  said: z.string().nullable(),
  /** As whom. */
  username: z.string(),
  startedAt: isoTime,
  ms: z.number().nullable(),
  /** The step it began with, counted from 0; more for one that went on in the page of another. */
  from: z.number().int(),
  /** Opening the page at the address of the profile, or of the operation; null where there is none, or where it began further on. */
  opening: trialStep.omit({ step: true }).nullable(),
  steps: z.array(trialStep),
  /** What the site made of it when the steps were done, or what of the page an operation read; null until then. */
  arrival: trialStep.omit({ step: true }).nullable(),
  /** What an operation answered; null for the login, and until it has. */
  result: z.unknown().nullable(),
  /** Its browser, for the live view; null when that has gone. */
  session: sessionId.nullable(),
  /** Until when its page stays open; null while it runs, and when it has gone. */
  keptUntil: isoTime.nullable(),
})
export type Trial = z.output<typeof trial>

/** As edited, saved or not. A secret that is not given is the saved one of the profile of this name. */
const edited = siteProfile

const operationWanted = z.object({ name: z.string().max(60), inputs: z.record(z.string(), z.string().max(1_024)).default({}) })

const picked = z.object({
  /** Of this element alone, the best first. */
  selectors: z.array(z.string()),
  box: box.nullable(),
  text: z.string(),
  /** Where it stands in one of several that are alike, e.g. the rows of a table; null elsewhere. */
  row: z
    .object({
      /** All that are alike. */
      selector: z.string(),
      /** It inside one of them; empty where it is one of them itself. */
      cell: z.string(),
      /** The words at the head of its column; empty where there are none. */
      head: z.string(),
    })
    .nullable(),
})
export type Picked = z.output<typeof picked>

export const trialRoutes = {
  startTrial: {
    method: 'POST',
    path: '/v1/site-trials',
    tag: 'Trials',
    summary: 'Try a site profile, as edited, in a browser of its own',
    description:
      'Answers at once; `changed` messages of `site-trials` tell that there is more to read. The credentials are for this run and kept nowhere.',
    access: 'key',
    right: 'control:manage',
    body: z.object({
      profile: edited,
      username: z.string().max(1_024).default(''),
      password: z.string().max(1_024).default(''),
      captchaApiKey: z.string().max(1_024).optional(),
      address: z
        .url({ protocol: /^https?$/ })
        .max(2_000)
        .optional(),
      /** Run after the login. */
      operation: operationWanted.optional(),
    }),
    responses: { 202: { description: 'Started', body: z.object({ trial }) }, 400: failure('Invalid'), 409: failure('No capacity') },
  },
  trials: {
    method: 'GET',
    path: '/v1/site-trials',
    tag: 'Trials',
    summary: 'The last trials of a site, the latest first',
    access: 'key',
    right: 'control:manage',
    query: z.object({ site: siteProfileName }),
    responses: { 200: { description: 'Trials', body: z.object({ trials: z.array(trial) }) } },
  },
  trialPicture: {
    method: 'GET',
    path: '/v1/site-trials/:trial/pictures/:step',
    tag: 'Trials',
    summary: 'What the page showed when a step was over',
    description: 'Password fields, and whatever holds a secret that was filled in, are covered.',
    access: 'key',
    right: 'control:manage',
    params: trialParams.extend({ step: z.string().regex(/^(opening|arrival|\d{1,2})$/) }),
    responses: { 200: { description: 'JPEG', contentType: 'image/jpeg' }, 404: failure('No such picture') },
  },
  trialPage: {
    method: 'GET',
    path: '/v1/site-trials/:trial/page',
    tag: 'Trials',
    summary: 'What the page that was kept shows now',
    access: 'key',
    right: 'control:manage',
    params: trialParams,
    responses: { 200: { description: 'JPEG', contentType: 'image/jpeg' }, 404: failure('No such trial, or its page has gone') },
  },
  pickOnTrial: {
    method: 'POST',
    path: '/v1/site-trials/:trial/pick',
    tag: 'Trials',
    summary: 'Selectors of what stands at a place of the page that was kept, the best first',
    access: 'key',
    right: 'control:manage',
    params: trialParams,
    body: z.object({ x: z.number().min(0).max(20_000), y: z.number().min(0).max(20_000) }),
    responses: {
      200: {
        description: 'Selectors; none where nothing stands',
        body: picked,
      },
      404: failure('No such trial, or its page has gone'),
    },
  },
  continueTrial: {
    method: 'POST',
    path: '/v1/site-trials/:trial/continue',
    tag: 'Trials',
    summary: 'Try on from a step, or run an operation, in the page that was kept',
    description: 'Makes a trial of its own in the same browser, with the credentials of the first.',
    access: 'key',
    right: 'control:manage',
    params: trialParams,
    body: z.object({
      profile: edited,
      /** Counted from 0. */
      from: z
        .number()
        .int()
        .min(0)
        .max(mostSteps - 1)
        .optional(),
      operation: operationWanted.optional(),
    }),
    responses: {
      202: { description: 'Started', body: z.object({ trial }) },
      404: failure('No such trial, or its page has gone'),
      409: failure('It still runs'),
    },
  },
  endTrial: {
    method: 'DELETE',
    path: '/v1/site-trials/:trial/page',
    tag: 'Trials',
    summary: 'Stop a trial, and close its browser',
    access: 'key',
    right: 'control:manage',
    params: trialParams,
    responses: { 204: { description: 'Ended' }, 404: failure('No such trial') },
  },
} as const satisfies Record<string, RouteDefinition>

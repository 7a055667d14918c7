/**
 * What a message says, out of WhatsApp's nearly hundred shapes: its kind, its words, what it carries beside them. One reader per shape; a
 * shape without one is `other`, with no words.
 */
import type { proto } from 'baileys'
import type { Choice, Details, MediaFacts } from '../details.ts'
import { cardOf } from '../vcard.ts'

export interface Content {
  kind: string
  text: string
  details: Details
  /** What it answers, whom it names, where it comes from. */
  context: proto.IContextInfo | null
}

type Shapes = proto.IMessage
type Reading = Partial<Content>
type Reader<Name extends keyof Shapes> = (part: NonNullable<Shapes[Name]>) => Reading
type Readers = { [Name in keyof Shapes]?: Reader<Name> }

type MediaFields = Pick<proto.Message.IVideoMessage, 'mimetype' | 'fileLength' | 'seconds' | 'width' | 'height'> &
  Pick<proto.Message.IDocumentMessage, 'fileName' | 'pageCount'>
type Media = { [Field in keyof MediaFields]?: MediaFields[Field] | undefined }

const readers: Readers = {
  conversation: (text) => ({ text }),
  extendedTextMessage: ({ text, matchedText, title, description }) => ({
    ...words(text),
    details: filled(matchedText) ? { preview: { url: matchedText, title: title ?? '', description: description ?? '' } } : {},
  }),
  imageMessage: (part) => ({ kind: 'image', ...words(part.caption), details: media(part, 'image/jpeg') }),
  videoMessage: (part) => ({
    kind: 'video',
    ...words(part.caption),
    details: media(part, 'video/mp4', { animated: part.gifPlayback === true }),
  }),
  ptvMessage: (part) => ({ kind: 'video', ...words(part.caption), details: media(part, 'video/mp4', { note: true }) }),
  audioMessage: (part) => ({ kind: 'audio', details: media(part, 'audio/ogg', { note: part.ptt === true }) }),
  documentMessage: (part) => ({
    kind: 'document',
    ...words(part.caption, part.fileName, part.title),
    details: media({ ...part, fileName: filled(part.fileName) ? part.fileName : part.title }, 'application/octet-stream'),
  }),
  stickerMessage: (part) => ({ kind: 'sticker', details: media(part, 'image/webp', { animated: part.isAnimated === true }) }),
  lottieStickerMessage: ({ message }) => (message?.stickerMessage == null ? { kind: 'sticker' } : readSticker(message.stickerMessage)),
  locationMessage: (part) => ({ kind: 'location', ...words(part.name, part.comment), details: place(part, part.isLive === true) }),
  liveLocationMessage: (part) => ({ kind: 'location', ...words(part.caption), details: place(part, true) }),
  contactMessage: (part) => ({ kind: 'contact', ...words(part.displayName), details: { contacts: [cardOf(part)] } }),
  contactsArrayMessage: ({ displayName, contacts }) => ({
    kind: 'contact',
    ...words(displayName),
    details: { contacts: (contacts ?? []).map(cardOf) },
  }),
  reactionMessage: ({ text }) => ({ kind: 'reaction', ...words(text) }),
  ...each(['pollCreationMessage', 'pollCreationMessageV2', 'pollCreationMessageV3', 'pollCreationMessageV5'], readPoll),
  pollCreationMessageV4: ({ message }) => readPoll(message?.pollCreationMessageV3 ?? message?.pollCreationMessage ?? {}),
  buttonsMessage: ({ contentText, text, buttons }) => ({
    ...words(contentText, text),
    details: choices((buttons ?? []).map(({ buttonId, buttonText }) => [buttonId, buttonText?.displayText])),
  }),
  buttonsResponseMessage: ({ selectedButtonId, selectedDisplayText }) => chosen(selectedButtonId, selectedDisplayText),
  listMessage: ({ description, title, sections }) => ({
    ...words(description, title),
    details: choices((sections ?? []).flatMap(({ rows }) => (rows ?? []).map((row) => [row.rowId, row.title] as const))),
  }),
  listResponseMessage: ({ singleSelectReply, title }) => chosen(singleSelectReply?.selectedRowId, title),
  templateMessage: (part) => readTemplate(part),
  highlyStructuredMessage: ({ hydratedHsm }) => (hydratedHsm == null ? {} : readTemplate(hydratedHsm)),
  templateButtonReplyMessage: ({ selectedId, selectedDisplayText }) => chosen(selectedId, selectedDisplayText),
  interactiveMessage: (part) => readInteractive(part),
  interactiveResponseMessage: ({ body, nativeFlowResponseMessage }) =>
    chosen(idOf(nativeFlowResponseMessage?.paramsJson) ?? nativeFlowResponseMessage?.name, body?.text),
  albumMessage: ({ expectedImageCount, expectedVideoCount }) => ({
    kind: 'album',
    details: { album: { images: expectedImageCount ?? 0, videos: expectedVideoCount ?? 0 } },
  }),
  eventMessage: ({ name, description, startTime, isCanceled }) => ({
    kind: 'event',
    ...words(name),
    details: {
      event: {
        name: name ?? '',
        description: description ?? '',
        startsAt: isoOf(startTime),
        cancelled: isCanceled === true,
      },
    },
  }),
  groupInviteMessage: ({ groupJid, groupName, inviteCode, caption }) => ({
    kind: 'invite',
    ...words(caption, groupName),
    details: { invite: { group: groupJid ?? '', name: groupName ?? '', code: inviteCode ?? '' } },
  }),
  productMessage: ({ product, body }) => ({ kind: 'product', ...words(product?.title, body) }),
  orderMessage: ({ message, orderTitle }) => ({ kind: 'order', ...words(message, orderTitle) }),
}

/** `normalized` as the library unwraps it; `viewOnce` when it lay in a wrapper that says so. */
export function readContent(normalized: proto.IMessage, viewOnce: boolean): Content {
  for (const [name, read] of Object.entries(readers)) {
    const part: unknown = Reflect.get(normalized, name)
    if (part == null) continue
    const reading = Reflect.apply(read, undefined, [part]) as Reading // the reader of this very shape
    const context = contextOf(part)
    return {
      kind: reading.kind ?? (filled(reading.text) || reading.details?.choice !== undefined ? 'text' : 'other'),
      text: reading.text ?? '',
      details: {
        ...reading.details,
        ...fromContext(context),
        ...(viewOnce || Reflect.get(Object(part), 'viewOnce') === true ? { viewOnce: true } : {}),
      },
      context,
    }
  }
  return { kind: 'other', text: '', details: {}, context: null }
}

/** True for what lies in a wrapper that lets it be looked at once. */
export function isViewOnce(message: proto.IMessage | null | undefined): boolean {
  return [message, message?.ephemeralMessage?.message].some(
    (each) => each?.viewOnceMessage != null || each?.viewOnceMessageV2 != null || each?.viewOnceMessageV2Extension != null,
  )
}

function contextOf(part: unknown): proto.IContextInfo | null {
  return (Reflect.get(Object(part), 'contextInfo') as proto.IContextInfo | null | undefined) ?? null // the same in each shape that has one
}

function fromContext(context: proto.IContextInfo | null): Details {
  if (context === null) return {}
  const { mentionedJid, isForwarded, forwardingScore, externalAdReply: ad } = context
  const isLead = ad != null && (filled(ad.ctwaClid) || ad.sourceType === 'ad' || ad.showAdAttribution === true)
  return {
    ...(mentionedJid != null && mentionedJid.length > 0 ? { mentions: mentionedJid } : {}),
    ...(isForwarded === true ? { forwarded: Math.max(1, forwardingScore ?? 1) } : {}),
    ...(isLead
      ? {
          lead: {
            source: ad.sourceType ?? ad.sourceApp ?? null,
            sourceId: ad.sourceId ?? null,
            url: ad.sourceUrl ?? null,
            title: ad.title ?? null,
            body: ad.body ?? null,
            clickId: ad.ctwaClid ?? null,
          },
        }
      : {}),
  }
}

function media(part: Media, usual: string, { note = false, animated = false }: Partial<MediaFacts> = {}): Details {
  const { mimetype, fileLength, seconds, width, height, fileName, pageCount } = part
  return {
    media: {
      mimetype: filled(mimetype) ? mimetype : usual,
      size: numberOr(fileLength),
      seconds: numberOr(seconds),
      width: numberOr(width),
      height: numberOr(height),
      fileName: filled(fileName) ? fileName : null,
      pages: numberOr(pageCount),
      note,
      animated,
    },
  }
}

function readSticker(part: proto.Message.IStickerMessage): Reading {
  return { kind: 'sticker', details: media(part, 'image/webp', { animated: true }) }
}

function place(part: proto.Message.ILocationMessage, live: boolean): Details {
  const { degreesLatitude, degreesLongitude, name, address } = part
  return {
    location: { latitude: degreesLatitude ?? 0, longitude: degreesLongitude ?? 0, name: name ?? '', address: address ?? '', live },
  }
}

function readPoll({ name, options, selectableOptionsCount }: proto.Message.IPollCreationMessage): Reading {
  return {
    kind: 'poll',
    ...words(name),
    details: { poll: { options: (options ?? []).map(({ optionName }) => optionName ?? ''), selectable: selectableOptionsCount ?? 0 } },
  }
}

function readTemplate(part: proto.Message.ITemplateMessage): Reading {
  const { hydratedTemplate, hydratedFourRowTemplate, interactiveMessageTemplate } = part
  if (interactiveMessageTemplate != null) return readInteractive(interactiveMessageTemplate)
  const { hydratedContentText, hydratedTitleText, hydratedButtons } = hydratedTemplate ?? hydratedFourRowTemplate ?? {}
  return {
    ...words(hydratedContentText, hydratedTitleText),
    details: choices(
      (hydratedButtons ?? []).map(({ quickReplyButton, urlButton, callButton }) => [
        quickReplyButton?.id ?? urlButton?.url ?? callButton?.phoneNumber,
        (quickReplyButton ?? urlButton ?? callButton)?.displayText,
      ]),
    ),
  }
}

function readInteractive({ body, header, nativeFlowMessage }: proto.Message.IInteractiveMessage): Reading {
  return {
    ...words(body?.text, header?.title),
    details: choices(
      (nativeFlowMessage?.buttons ?? []).map(({ name, buttonParamsJson }) => [
        idOf(buttonParamsJson) ?? name,
        fieldOf(buttonParamsJson, 'display_text'),
      ]),
    ),
  }
}

function choices(pairs: readonly (readonly [id: string | null | undefined, text: string | null | undefined])[]): Details {
  const list: Choice[] = pairs.map(([id, text]) => ({ id: id ?? '', text: text ?? '' }))
  return list.length === 0 ? {} : { choices: list }
}

function chosen(id: string | null | undefined, text: string | null | undefined): Reading {
  return { ...words(text, id), details: { choice: { id: id ?? '', text: text ?? '' } } }
}

const idOf = (json: string | null | undefined): string | null => fieldOf(json, 'id')

/** Buttons of the newer kind carry JSON that their sender wrote. */
function fieldOf(json: string | null | undefined, field: string): string | null {
  try {
    const value: unknown = Reflect.get(Object(JSON.parse(json ?? '')), field)
    return typeof value === 'string' ? value : null
  } catch {
    return null
  }
}

/** The first of them that has any. */
function words(...texts: (string | null | undefined)[]): { text: string } {
  return { text: texts.find(filled) ?? '' }
}

function filled(text: string | null | undefined): text is string {
  return text != null && text !== ''
}

function numberOr(value: number | { toString(): string } | null | undefined): number | null {
  return value == null || Number(value) === 0 ? null : Number(value)
}

/** Null for what is no time, or one that no calendar has. */
function isoOf(seconds: number | { toString(): string } | null | undefined): string | null {
  const time = new Date(Number(seconds ?? NaN) * 1_000)
  return Number.isNaN(time.getTime()) ? null : time.toISOString()
}

function each<Name extends keyof Shapes>(names: readonly Name[], read: Reader<Name>): Readers {
  return Object.fromEntries(names.map((name) => [name, read]))
}

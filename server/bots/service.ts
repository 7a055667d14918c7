/** All bots: the rules of creating, running, unlinking, backing up and removing them. Knows no HTTP. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { BotFault } from './fault.ts'
import type { Backups } from './backups/backups.ts'
import { Bot, type BotParts } from './bot/bot.ts'
import { createHandshakes } from './bot/handshakes.ts'
import { isRunning } from './bot/lifecycle.ts'
import type { Ignorable } from './engine/place.ts'
import { defaultBotSettings, type BotSettings } from './store.ts'

export interface BotServiceParts extends Omit<BotParts, 'handshakes' | 'takenBy' | 'outside'> {
  backups: Backups
  /** After something that was done to a bot, for the audit trail. */
  onAction(action: 'created' | 'deleted' | 'unlinked' | 'backed-up' | 'restored' | 'changed', userId: string, actor: string): void
  /** Ms between two bots that are started with the app. */
  stagger?: number
  /** Ms for WhatsApp to answer: with a code, with a confirmation. */
  patience?: { code: number; unlink: number }
}

export interface NewBot {
  userId: string
  phoneNumber: string
  label?: string
  notes?: string
  proxy?: string | null
}

/** What is left out stays. */
export type BotChange = { [Field in keyof Omit<BotSettings, 'ignores'>]?: BotSettings[Field] | undefined } & {
  ignores?: { [Place in Ignorable]?: boolean | undefined } | undefined
  label?: string | undefined
  notes?: string | undefined
  proxy?: string | null | undefined
}

/** So that fifty bots do not knock on WhatsApp's door in the same moment. */
const defaultStagger = 250
const defaultPatience = { code: 25_000, unlink: 10_000 }

export class BotService {
  readonly #parts: BotServiceParts
  readonly #bots = new Map<string, Bot>()
  readonly #botParts: BotParts
  readonly #starting = new Set<NodeJS.Timeout>()
  /** The scope of the room, in which it is made and started; a bot is made within that of a request. */
  #outside = AsyncLocalStorage.snapshot()

  constructor(parts: BotServiceParts) {
    this.#parts = parts
    this.#botParts = {
      ...parts,
      handshakes: createHandshakes(),
      takenBy: (number, except) => this.#linkedTo(number, except),
      outside: (work) => this.#outside(work),
    }
    for (const row of parts.store.all()) this.#bots.set(row.userId, new Bot(row, this.#botParts))
  }

  /** Starts the bots that ran when the app ended, one after the other. */
  resume(): void {
    this.#outside = AsyncLocalStorage.snapshot()
    for (const bot of this.list()) bot.wake()
    const wanted = this.list().filter(({ row }) => row.wanted)
    for (const [place, bot] of wanted.entries()) {
      const timer = setTimeout(
        () => {
          this.#starting.delete(timer)
          bot.resume()
        },
        place * (this.#parts.stagger ?? defaultStagger),
      )
      this.#starting.add(timer)
    }
  }

  /** Ends all connections; which bots ran stays known for the next start. */
  async suspend(): Promise<void> {
    for (const timer of this.#starting) clearTimeout(timer)
    this.#starting.clear()
    // One that cannot be ended must not keep the others from being noted.
    const ended = await Promise.allSettled(this.list().map((bot) => bot.suspend()))
    for (const each of ended)
      if (each.status === 'rejected') this.#parts.log.error({ error: each.reason as unknown }, 'the connection of a bot could not be ended')
  }

  /** The oldest first. */
  list(): Bot[] {
    return [...this.#bots.values()]
  }

  find(userId: string): Bot | undefined {
    return this.#bots.get(userId)
  }

  /** Throws `bot-not-found`. */
  get(userId: string): Bot {
    const bot = this.#bots.get(userId)
    if (bot === undefined) throw new BotFault('bot-not-found', 'Session not found')
    return bot
  }

  /**
   * Makes a bot and waits for its pairing code; a bot for which there is none is not kept.
   *
   * Throws `bot-exists`, `number-linked` and `pairing-refused`.
   */
  async create(wanted: NewBot, actor: string, madeBy: string | null = null): Promise<{ bot: Bot; code: string }> {
    const bot = this.#add(wanted, actor, madeBy)
    await bot.start()
    await this.#codeOf(bot).catch(async (error: unknown) => {
      await this.#drop(bot)
      throw error
    })
    return { bot, code: bot.pairing?.code ?? '' }
  }

  /** Makes a bot and begins to link it; how that goes is in its state. */
  begin(wanted: NewBot, actor: string, madeBy: string | null = null): Bot {
    const bot = this.#add(wanted, actor, madeBy)
    this.#attend(bot.start())
    return bot
  }

  change(userId: string, change: BotChange, actor: string): Bot {
    const bot = this.get(userId)
    const { label, notes, proxy, ignores, ...plain } = change
    const settings = { ...plain, ignores: ignores && { ...bot.row.settings.ignores, ...given(ignores) } }
    bot.change({ ...given({ label, notes, proxy }), settings: { ...bot.row.settings, ...given<BotSettings>(settings) } })
    this.#parts.onAction('changed', userId, actor)
    return bot
  }

  async remove(userId: string, actor: string): Promise<void> {
    const bot = this.get(userId)
    await this.#drop(bot)
    this.#parts.onAction('deleted', userId, actor)
  }

  /** Unlinks the bot at WhatsApp, then removes it. Throws `unlink-unconfirmed`; nothing is removed then. */
  async logOut(userId: string, actor: string): Promise<void> {
    const bot = this.get(userId)
    await bot.unlink((this.#parts.patience ?? defaultPatience).unlink)
    await this.#drop(bot)
    this.#parts.onAction('unlinked', userId, actor)
  }

  /** Throws `nothing-to-back-up` when the bot was never linked. */
  backUp(userId: string, actor: string): ReturnType<Backups['create']> {
    const bot = this.get(userId)
    const backup = bot.backUp(this.#parts.backups)
    this.#parts.onAction('backed-up', userId, actor)
    return backup
  }

  /** Puts the newest backup, or the one named, in the place of all the bot's credentials. Does not start it. */
  async restore(userId: string, backupId: string | null, actor: string): Promise<void> {
    const bot = this.get(userId)
    await bot.restore(() => this.#parts.backups.open(userId, backupId))
    this.#parts.onAction('restored', userId, actor)
  }

  /**
   * A bot from a backup file of this or another machine; an existing bot of that id gets the backup beside its others.
   *
   * Throws `bot-exists` when it is none of those that `mayChange`.
   */
  bringIn(
    file: Uint8Array,
    passphrase: string,
    actor: string,
    by: { madeBy: string | null; mayChange(bot: Bot): boolean } = { madeBy: null, mayChange: () => true },
  ): { userId: string; backupId: string } {
    const content = this.#parts.backups.read(file, passphrase)
    const { userId, phoneNumber } = content
    const bot = this.#bots.get(userId)
    if (bot === undefined) this.#add({ userId, phoneNumber, label: content.label }, actor, by.madeBy)
    else if (!by.mayChange(bot)) throw new BotFault('bot-exists')
    return { userId, backupId: this.#parts.backups.keep(userId, content).id }
  }

  /**
   * A bot from the link that another program holds, which must not run with it any more. Not started.
   *
   * Throws `link-unreadable`, `bot-exists` and `number-linked`.
   */
  async takeOver(
    files: Readonly<Record<string, string>>,
    { userId, label = '' }: Pick<NewBot, 'userId' | 'label'>,
    actor: string,
    madeBy: string | null = null,
  ): Promise<{ bot: Bot; ignored: number }> {
    const { ignored, ...link } = await this.#parts.engine.readForeign(files)
    const bot = this.#add({ userId, phoneNumber: link.phoneNumber, label }, actor, madeBy)
    await bot
      .restore(() => ({ ...link, userId, label, linkedAt: this.#parts.clock.now() }))
      .catch(async (error: unknown) => {
        await this.#drop(bot)
        throw error
      })
    return { bot, ignored }
  }

  #add({ userId, phoneNumber, label = '', notes = '', proxy = null }: NewBot, actor: string, madeBy: string | null): Bot {
    if (this.#bots.has(userId)) throw new BotFault('bot-exists')
    const other = this.#linkedTo(phoneNumber, userId)
    if (other !== null) throw new BotFault('number-linked', `This phone number is already linked as session ${other}`)
    const now = this.#parts.clock.now()
    const row = {
      ...{ userId, phoneNumber, name: null, label, notes, proxy, settings: { ...defaultBotSettings }, madeBy },
      ...({ wanted: false, state: 'stopped', reason: null, cause: null, since: now, createdAt: now, linkedAt: null } as const),
    }
    this.#parts.store.insert(row)
    const bot = new Bot(row, this.#botParts)
    this.#bots.set(userId, bot)
    this.#parts.onAction('created', userId, actor)
    return bot
  }

  /** Another bot with the number that is linked, or is being linked. */
  #linkedTo(number: string, except: string): string | null {
    const other = this.list().find(
      ({ row, state, isLinked }) =>
        row.userId !== except && row.phoneNumber === number && (isLinked || state === 'pairing' || state === 'starting'),
    )
    return other?.row.userId ?? null
  }

  async #codeOf(bot: Bot): Promise<void> {
    const { code } = this.#parts.patience ?? defaultPatience
    await bot.settled(code, () => bot.pairing?.code != null || !isRunning(bot.state))
    if (bot.pairing?.code == null)
      throw new BotFault('pairing-refused', bot.row.reason ?? 'WhatsApp gave no pairing code in time; try again')
  }

  async #drop(bot: Bot): Promise<void> {
    await bot.stop()
    this.#bots.delete(bot.row.userId)
    this.#parts.store.remove(bot.row.userId)
  }

  #attend(work: Promise<void>): void {
    work.catch((error: unknown) => this.#parts.log.error({ error }, 'a bot could not be started'))
  }
}

/** Without what was left out. */
function given<Fields extends object>(fields: { [Field in keyof Fields]?: Fields[Field] | undefined }): Partial<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Fields> // the same fields, fewer
}

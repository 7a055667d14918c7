/** Groups: who asks is answered, who may change one does, and all members are told. */
import { randomBytes } from 'node:crypto'
import type { BinaryNode } from 'baileys'
import type { Account, Accounts, Device, Group } from './accounts.ts'
import type { Deliveries } from './deliveries.ts'
import { groupNode, namedIn } from './group-nodes.ts'
import { child, children, node, refusal, result, seconds } from './nodes.ts'

export class Groups {
  readonly #accounts: Accounts
  readonly #deliveries: Deliveries
  #lastId = 0
  /** Numbers that let nobody add them: they are to be invited. */
  readonly unaddable = new Set<string>()
  /** Numbers that cannot be added, and with what number that is said: 401 they have blocked who adds, 408 they left not long ago. */
  readonly refusing = new Map<string, number>()
  /** Where the picture of a group lies. */
  picturesAt = (id: string): string => `https://pps.whatsapp.net/pretend/${id.replace('@g.us', '')}`
  /** Members that a group holds. */
  most = 1_024
  readonly #refusals = new Map<string, number>()

  constructor(accounts: Accounts, deliveries: Deliveries) {
    this.#accounts = accounts
    this.#deliveries = deliveries
  }

  /** This is refused whoever asks it of the group, e.g. `refuse(id, 'add', 429)`; a code of 0 ends that. */
  refuse(id: string, tag: string, code: number): void {
    this.#refusals.set(`${id} ${tag}`, code)
  }

  answer(request: BinaryNode, device: Device): BinaryNode | null {
    if (request.attrs['xmlns'] === 'w:profile:picture') return this.#answerPicture(request, device)
    if (request.attrs['xmlns'] !== 'w:g2') return null
    const [what] = children(request)
    if (what === undefined) return result(request)
    const refused = this.#refusals.get(`${request.attrs['to']} ${what.tag}`) ?? 0
    if (refused !== 0) return refusal(request, refused, 'refused')
    const group = this.#accounts.group(request.attrs['to'] ?? '')
    if (group === undefined) return this.#answerOutside(request, what, device.account)
    if (!group.members.includes(device.account.number)) return refusal(request, 403, 'forbidden')
    if (request.attrs['type'] === 'get') return this.#tell(request, what, group, device)
    const isOpen = group.isLocked !== true && ['subject', 'description', 'ephemeral', 'not_ephemeral'].includes(what.tag)
    const mayAdd = what.tag === 'add' && group.membersAdd === true
    if (!isAdmin(group, device) && !isOpen && !mayAdd) return refusal(request, 403, 'forbidden')
    if (what.tag === 'subject' && text(what).length > 100) return refusal(request, 406, 'not-acceptable')
    return result(request, this.change(group, device.account.number, what))
  }

  /** A change by one of its members, as a client asks for it; what the client hears of it is given back. */
  change(group: Group, by: string, what: BinaryNode): BinaryNode[] {
    switch (what.tag) {
      case 'add':
      case 'remove':
      case 'promote':
      case 'demote':
        return [this.#changeMembers(group, by, what)]
      case 'membership_requests_action':
        return [this.#decide(group, by, what)]
      case 'subject':
        group.subject = text(what)
        this.#announce(group, by, node('subject', { subject: group.subject, s_t: seconds() }))
        return []
      case 'description':
        group.description = text(child(what, 'body'))
        this.#announce(group, by, node('description', { id: what.attrs['id'] ?? '' }, [node('body', {}, Buffer.from(group.description))]))
        return []
      case 'invite':
        group.invite = randomBytes(11).toString('base64url')
        this.#announce(group, by, node('invite', { code: group.invite }))
        return [node('invite', { code: group.invite })]
      default:
        this.#set(group, what)
        this.#announce(group, by, what)
        return []
    }
  }

  /** About no group in particular, or about one by its link. */
  #answerOutside(request: BinaryNode, what: BinaryNode, account: Account): BinaryNode {
    const byLink = this.#accounts.groups().find(({ invite }) => invite !== undefined && invite === what.attrs['code'])
    switch (`${request.attrs['type']} ${what.tag}`) {
      case 'get participating': {
        const own = this.#accounts.groups().filter(({ members }) => members.includes(account.number))
        return result(request, [node('groups', {}, own.map(this.#node))])
      }
      case 'set create':
        return result(request, [this.#create(what, account.number)])
      case 'set leave': {
        const left = this.#accounts.group(child(what, 'group')?.attrs['id'] ?? '')
        if (left !== undefined) this.#changeMembers(left, account.number, node('remove', {}, [this.#participant(left, account.number)]))
        return result(request, [what])
      }
      case 'get invite':
        return byLink === undefined ? refusal(request, 406, 'not-acceptable') : result(request, [this.#node(byLink)])
      case 'set invite':
        if (byLink === undefined) return refusal(request, 410, 'gone')
        if (byLink.members.includes(account.number)) return refusal(request, 409, 'conflict')
        if (byLink.members.length >= this.most) return refusal(request, 419, 'resource-limit')
        this.#join(byLink, account.number)
        return result(request, [node(byLink.approves === true ? 'membership_approval_request' : 'group', { jid: byLink.id })])
      default:
        return refusal(request, 404, 'item-not-found')
    }
  }

  #tell(request: BinaryNode, what: BinaryNode, group: Group, device: Device): BinaryNode {
    if (what.tag !== 'query' && !isAdmin(group, device)) return refusal(request, 401, 'not-authorized')
    switch (what.tag) {
      case 'invite':
        group.invite ??= randomBytes(11).toString('base64url')
        return result(request, [node('invite', { code: group.invite })])
      case 'membership_approval_requests': {
        const asking = (group.requests ?? []).map((number) =>
          node('membership_approval_request', {
            ...namedIn(group, this.#accounts.of(number)),
            request_method: 'invite_link',
            request_time: seconds(),
          }),
        )
        return result(request, [node('membership_approval_requests', {}, asking)])
      }
      default:
        return result(request, [this.#node(group)])
    }
  }

  /** As it is told to whoever made it: those who were not added are among the members, and why. */
  #create(what: BinaryNode, owner: string): BinaryNode {
    const asked = children(what).map(({ attrs }) => attrs['jid'] ?? '')
    const said = asked.map((jid) => this.#added(jid, null))
    const members = asked.flatMap((jid, place) => (said[place]?.attrs['error'] === undefined ? (this.#someone(jid)?.number ?? []) : []))
    this.#lastId += 1
    const group: Group = {
      id: `1203637${String(this.#lastId).padStart(11, '0')}@g.us`,
      subject: what.attrs['subject'] ?? '',
      owner,
      members: [...new Set([owner, ...members])],
    }
    this.#accounts.addGroup(group)
    this.#announce(group, owner, node('create', { type: 'new', reason: 'invite' }, [this.#node(group)]))
    const made = this.#node(group)
    return { ...made, content: [...children(made), ...said.filter(({ attrs }) => attrs['error'] !== undefined)] }
  }

  #join(group: Group, number: string): void {
    if (group.approves === true) {
      group.requests = [...(group.requests ?? []), number]
      this.#announce(
        group,
        number,
        node('created_membership_requests', { request_method: 'invite_link' }, [this.#participant(group, number)]),
      )
    } else this.#changeMembers(group, number, node('add', { reason: 'invite' }, [this.#participant(group, number)]))
  }

  #changeMembers(group: Group, by: string, what: BinaryNode): BinaryNode {
    const asked = children(what).map(({ attrs }) => ({ jid: attrs['jid'] ?? '', account: this.#someone(attrs['jid'] ?? '') }))
    const done = asked.flatMap(({ account }) =>
      account !== undefined && this.#may(what.tag, group, account.number) ? [account.number] : [],
    )
    const told = new Set([...group.members, ...done])
    if (what.tag === 'add') group.members = [...group.members, ...done]
    if (what.tag === 'remove') group.members = group.members.filter((member) => !done.includes(member))
    if (what.tag === 'promote') group.admins = [...(group.admins ?? []), ...done]
    if (what.tag !== 'add' && what.tag !== 'promote') group.admins = (group.admins ?? []).filter((admin) => !done.includes(admin))
    if (done.length > 0)
      this.#announce(
        group,
        by,
        node(
          what.tag,
          what.attrs,
          done.map((number) => this.#participant(group, number)),
        ),
        told,
      )
    const said = asked.map(({ jid, account }) => {
      // A group that names people by hidden ids answers with those, whatever it was asked by.
      const named = account === undefined ? { jid } : namedIn(group, account)
      if (account !== undefined && done.includes(account.number)) return node('participant', named)
      return what.tag === 'add' ? this.#added(jid, group) : node('participant', { ...named, error: account === undefined ? '404' : '409' })
    })
    return node(what.tag, {}, said)
  }

  /** What is said of somebody who is to be added to a group that is there, or is being made. */
  #added(jid: string, group: Group | null): BinaryNode {
    const account = this.#someone(jid)
    const error = this.#whyNot(account, group)
    if (error === null) return node('participant', { jid })
    const request = error === 403 ? [node('add_request', { code: 'PRETEND', expiration: '1900000000' })] : []
    return node('participant', { jid, error: String(error) }, request)
  }

  #whyNot(account: Account | undefined, group: Group | null): number | null {
    if (account === undefined) return 404
    if (group?.members.includes(account.number) === true) return 409
    if (this.unaddable.has(account.number)) return 403
    return this.refusing.get(account.number) ?? (group !== null && group.members.length >= this.most ? 419 : null)
  }

  #may(change: string, group: Group, number: string): boolean {
    if (change !== 'add') return group.members.includes(number)
    return this.#whyNot(this.#accounts.of(number), group) === null
  }

  #decide(group: Group, by: string, what: BinaryNode): BinaryNode {
    const [action] = children(what)
    const asked = children(action).map(({ attrs }) => ({
      jid: attrs['jid'] ?? '',
      number: this.#someone(attrs['jid'] ?? '')?.number ?? '',
    }))
    const waits = new Set(group.requests)
    const numbers = asked.flatMap(({ number }) => (waits.has(number) ? [number] : []))
    group.requests = [...waits].filter((number) => !numbers.includes(number))
    const participants = numbers.map((number) => this.#participant(group, number))
    if (action?.tag === 'approve') this.#changeMembers(group, by, node('add', {}, participants))
    else this.#announce(group, by, node('revoked_membership_requests', {}, participants))
    const said = asked.map(({ jid, number }) => node('participant', numbers.includes(number) ? { jid } : { jid, error: '404' }))
    return node('membership_requests_action', {}, [node(action?.tag ?? 'approve', {}, said)])
  }

  #set(group: Group, what: BinaryNode): void {
    if (what.tag.endsWith('announcement')) group.announces = what.tag === 'announcement'
    if (what.tag.endsWith('locked')) group.isLocked = what.tag === 'locked'
    if (what.tag === 'member_add_mode') group.membersAdd = text(what) === 'all_member_add'
    if (what.tag === 'ephemeral') group.disappearAfter = Number(what.attrs['expiration'])
    if (what.tag === 'not_ephemeral') delete group.disappearAfter
    if (what.tag === 'membership_approval_mode') group.approves = child(what, 'group_join')?.attrs['state'] === 'on'
  }

  #announce(group: Group, by: string, what: BinaryNode, to: Iterable<string> = group.members): void {
    this.#lastId += 1
    const actor = this.#accounts.of(by)
    const { jid = '', phone_number: number, lid } = namedIn(group, actor)
    const attrs = {
      ...{ from: group.id, type: 'w:gp2', id: `group-${this.#lastId}`, t: seconds(), participant: jid, notify: actor.name },
      ...(lid === undefined ? {} : { participant_lid: lid }),
      ...(number === undefined ? {} : { participant_pn: number }),
      addressing_mode: group.hides === undefined ? 'pn' : 'lid',
    }
    this.#tellAll(attrs, what, to)
  }

  #tellAll(attrs: Record<string, string>, what: BinaryNode, to: Iterable<string>): void {
    for (const member of to)
      for (const device of this.#accounts.of(member).devices.values()) this.#deliveries.deliver(device, node('notification', attrs, [what]))
  }

  /** Of groups alone: a target that is none is for whoever answers for people. */
  #answerPicture(request: BinaryNode, device: Device): BinaryNode | null {
    const id = request.attrs['target'] ?? ''
    const group = this.#accounts.group(id)
    if (!id.endsWith('@g.us')) return null
    if (group?.members.includes(device.account.number) !== true) return refusal(request, 401, 'not-authorized')
    if (request.attrs['type'] === 'get')
      return group.picture === undefined
        ? refusal(request, 404, 'item-not-found')
        : result(request, [node('picture', { id: '1', type: 'image', url: this.picturesAt(id) })])
    if (!isAdmin(group, device) && group.isLocked === true) return refusal(request, 403, 'forbidden')
    const picture = child(request, 'picture')?.content
    if (picture instanceof Uint8Array) group.picture = picture
    else delete group.picture
    this.#lastId += 1
    const attrs = { from: id, type: 'picture', id: `picture-${this.#lastId}`, t: seconds() }
    const { jid = '' } = namedIn(group, device.account)
    this.#tellAll(attrs, node(group.picture === undefined ? 'delete' : 'set', { id: '1', author: jid }), group.members)
    return result(request)
  }

  /** Every number has an account but those of strangers. */
  #someone(jid: string): Account | undefined {
    const number = jid.endsWith('@lid') ? null : (jid.split(/[:@]/)[0] ?? null)
    return number === null || this.#accounts.strangers.has(number) ? this.#accounts.byJid(jid) : this.#accounts.of(number)
  }

  #participant(group: Group, number: string): BinaryNode {
    return node('participant', namedIn(group, this.#accounts.of(number)))
  }

  readonly #node = (group: Group): BinaryNode => groupNode(group, this.#accounts)
}

function isAdmin({ owner, admins }: Group, { account: { number } }: Device): boolean {
  return owner === number || admins?.includes(number) === true
}

function text(part: BinaryNode | undefined): string {
  return part?.content instanceof Uint8Array ? Buffer.from(part.content).toString() : ''
}

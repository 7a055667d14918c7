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

  constructor(accounts: Accounts, deliveries: Deliveries) {
    this.#accounts = accounts
    this.#deliveries = deliveries
  }

  answer(request: BinaryNode, device: Device): BinaryNode | null {
    if (request.attrs['xmlns'] !== 'w:g2') return null
    const [what] = children(request)
    if (what === undefined) return result(request)
    const group = this.#accounts.group(request.attrs['to'] ?? '')
    if (group === undefined) return this.#answerOutside(request, what, device.account)
    if (!group.members.includes(device.account.number)) return refusal(request, 403, 'forbidden')
    if (request.attrs['type'] === 'get') return this.#tell(request, what, group)
    const isAdmin = group.owner === device.account.number || group.admins?.includes(device.account.number) === true
    const isOpen = group.isLocked !== true && ['subject', 'description', 'ephemeral', 'not_ephemeral'].includes(what.tag)
    if (!isAdmin && !isOpen) return refusal(request, 403, 'forbidden')
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
        return result(request, [this.#node(this.#create(what, account.number))])
      case 'set leave': {
        const left = this.#accounts.group(child(what, 'group')?.attrs['id'] ?? '')
        if (left !== undefined) this.#changeMembers(left, account.number, node('remove', {}, [this.#participant(left, account.number)]))
        return result(request, [what])
      }
      case 'get invite':
        return byLink === undefined ? refusal(request, 406, 'not-acceptable') : result(request, [this.#node(byLink)])
      case 'set invite':
        if (byLink === undefined) return refusal(request, 410, 'gone')
        this.#join(byLink, account.number)
        return result(request, [node(byLink.approves === true ? 'membership_approval_request' : 'group', { jid: byLink.id })])
      default:
        return refusal(request, 404, 'item-not-found')
    }
  }

  #tell(request: BinaryNode, what: BinaryNode, group: Group): BinaryNode {
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

  #create(what: BinaryNode, owner: string): Group {
    const members = children(what).flatMap(({ attrs }) => this.#someone(attrs['jid'] ?? '')?.number ?? [])
    this.#lastId += 1
    const group: Group = {
      id: `1203637${String(this.#lastId).padStart(11, '0')}@g.us`,
      subject: what.attrs['subject'] ?? '',
      owner,
      members: [owner, ...members],
    }
    this.#accounts.addGroup(group)
    this.#announce(group, owner, node('create', { type: 'new', reason: 'invite' }, [this.#node(group)]))
    return group
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
      if (account !== undefined && done.includes(account.number)) return node('participant', { jid })
      const error = account === undefined ? '404' : this.unaddable.has(account.number) ? '403' : '409'
      const request = error === '403' ? [node('add_request', { code: 'PRETEND', expiration: '1900000000' })] : []
      return node('participant', { jid, error }, request)
    })
    return node(what.tag, {}, said)
  }

  #may(change: string, group: Group, number: string): boolean {
    if (change !== 'add') return group.members.includes(number)
    return !group.members.includes(number) && !this.unaddable.has(number)
  }

  #decide(group: Group, by: string, what: BinaryNode): BinaryNode {
    const [action] = children(what)
    const numbers = children(action).flatMap(({ attrs }) => this.#someone(attrs['jid'] ?? '')?.number ?? [])
    group.requests = (group.requests ?? []).filter((number) => !numbers.includes(number))
    const participants = numbers.map((number) => this.#participant(group, number))
    if (action?.tag === 'approve') this.#changeMembers(group, by, node('add', {}, participants))
    else this.#announce(group, by, node('revoked_membership_requests', {}, participants))
    return node('membership_requests_action', {}, [node(action?.tag ?? 'approve', {}, participants)])
  }

  #set(group: Group, what: BinaryNode): void {
    if (what.tag.endsWith('announcement')) group.announces = what.tag === 'announcement'
    if (what.tag.endsWith('locked')) group.isLocked = what.tag === 'locked'
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
    for (const member of to)
      for (const device of this.#accounts.of(member).devices.values()) this.#deliveries.deliver(device, node('notification', attrs, [what]))
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

function text(part: BinaryNode | undefined): string {
  return part?.content instanceof Uint8Array ? Buffer.from(part.content).toString() : ''
}

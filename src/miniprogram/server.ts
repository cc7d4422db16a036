// What a merchant's server does between its mini program and our API; a sample. MERCHANT marks what is yours to put in.
import { createServer, type IncomingMessage, type Server } from 'node:http'

export interface Order {
  /** Open id of the shopper who ordered. */
  shopper: string
  region: string
  amount: { total: number; currency: string }
  description: string
}

// Left: the `methodKey` of Weixin's picker. Right: our API's name. The same pairs as in routes/payment-methods.yaml.
const PAYMENT_METHODS = new Map([
  ['CARD', 'CARD'],
  ['PAYNOW', 'PAYNOW'],
  ['BOC_MACAU', 'BOC_MACAU'],
])

type Reply = [code: number, body: object]

/**
 * A server that takes payments for its shoppers' orders.
 *
 * @param orders MERCHANT: your orders by number, priced by you when the shopper ordered
 * @param sessions MERCHANT: your sessions, each with the open id that Weixin gave for the code of `wx.login`
 */
export function merchantServer(orders: Map<string, Order>, sessions: Map<string, string>): Server {
  return createServer(async (request, response) => {
    const [code, body] = await reply(request, orders, sessions).catch((): Reply => [400, {}])
    response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  })
}

async function reply(
  request: IncomingMessage,
  orders: Map<string, Order>,
  sessions: Map<string, string>,
): Promise<Reply> {
  const shopper = sessions.get((request.headers.authorization ?? '').replace('Bearer ', ''))
  if (!shopper) return [401, {}]
  const [, orderNo = '', sync] = /^\/orders\/([\w-]{6,32})\/payment(\/sync)?$/.exec(request.url ?? '') ?? []
  const order = orders.get(orderNo)
  // Somebody else's order is not there.
  if (order?.shopper !== shopper) return [404, {}]

  if (request.method === 'GET' && !sync) return callApi('GET', `/v1/payments/${orderNo}`)
  if (request.method !== 'POST') return [405, {}]
  if (sync) return callApi('POST', `/v1/payments/${orderNo}/sync`)

  // The method is the shopper's choice. Price, currency and payer are not: they come from the order.
  const paymentMethod = PAYMENT_METHODS.get(await methodKey(request))
  if (!paymentMethod) return [422, {}]
  const { region, amount, description } = order
  const payer = { openId: shopper }
  return callApi('POST', '/v1/payments', { orderNo, paymentMethod, region, amount, description, payer })
}

async function methodKey(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const part of request) {
    body += part
    if (body.length > 1000) throw new Error('too large')
  }
  return JSON.parse(body).methodKey
}

async function callApi(method: string, path: string, body?: object): Promise<Reply> {
  try {
    const answer = await fetch(process.env['TENPAY_ROUTES_URL'] + path, {
      method,
      headers: {
        'X-API-Key': process.env['TENPAY_ROUTES_KEY'] ?? '',
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
      // Longer than the 9 s after which our API gives up on Tenpay.
      signal: AbortSignal.timeout(10_000),
    })
    const { status, paymentId, prepayInfo, code } = (await answer.json()) as Record<string, string>
    if (answer.ok) return [answer.status, { status, paymentId, prepayInfo }]
    console.error(method, path, answer.status, code)
    // Our key was refused, not the shopper's session.
    return [answer.status === 401 || answer.status === 403 ? 502 : answer.status, {}]
  } catch (e) {
    console.error(method, path, String(e))
    // No answer, so the outcome is unknown: the mini program asks again.
    return [503, {}]
  }
}

// What shoppers live through: pay.ts with `wx` faked, server.ts, and our program with Tenpay's stand-in, over real HTTP.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { confirm, pay, type News, type Order, type Shop } from './pay'
import { merchantServer, type Order as OwnOrder } from './server'

const PROGRAM = process.env['TENPAY_ROUTES_URL'] ?? ''
const KEY = process.env['TENPAY_ROUTES_KEY'] ?? ''
const SESSION = 'session-of-alice'
const PAID = { errno: 0, errMsg: 'requestGlobalPayment:ok' }
const CANCELLED = { errno: 1, errMsg: 'requestGlobalPayment:fail cancel' }

interface Question {
  url: string
  method: string
  data: object
  timeout: number
  header: Record<string, string>
  success(answer: { statusCode: number; data: unknown }): void
  fail(): void
}

const orders = new Map<string, OwnOrder>()
const sessions = new Map([
  [SESSION, 'oAlice'],
  ['session-of-bob', 'oBob'],
])
const server = merchantServer(orders, sessions)
let numbers = Date.now()

// The phone, new for every story.
let picker: () => Promise<object>
let payPage: () => Promise<object>
let lostAnswers: number
let lateBy: number
let weixin: [call: string, option?: unknown][]
let questions: Question[]
let answers: unknown[]
let shown: News[]
let wechatPaid: string[]
let shop: Shop

before(async () => {
  assert.ok(PROGRAM && KEY, 'TENPAY_ROUTES_URL and TENPAY_ROUTES_KEY say where the program runs and who calls')
  await once(server.listen(0, '127.0.0.1'), 'listening')
})

after(() => server.close())

beforeEach(() => {
  picker = async () => ({ errno: 0, methodKey: 'CARD' })
  payPage = async () => PAID
  lostAnswers = lateBy = 0
  weixin = []
  questions = []
  answers = []
  shown = []
  wechatPaid = []
  shop = {
    server: url(server),
    session: SESSION,
    sandbox: true,
    payWithWeChatPay: orderNo => void wechatPaid.push(orderNo),
    show: news => void shown.push(news),
    timing: { start: 10_000, request: 8_000, pause: 50, polls: 50, poll: 100 },
  }
  Object.assign(globalThis, { wx: { createGlobalPayment, request } })
})

afterEach(async () => {
  Object.assign(process.env, { TENPAY_ROUTES_URL: PROGRAM, TENPAY_ROUTES_KEY: KEY })
  await fetch(`${PROGRAM}/sandbox/faults`, { method: 'DELETE' })
})

function createGlobalPayment(option: object) {
  weixin.push(['createGlobalPayment', option])
  return {
    openMethodPicker: (option: object) => (weixin.push(['openMethodPicker', option]), picker()),
    requestGlobalPayment: (option: object) => (weixin.push(['requestGlobalPayment', option]), payPage()),
    abort: () => (weixin.push(['abort']), Promise.reject({ errno: 1 })),
  }
}

function request(question: Question) {
  questions.push(question)
  const { url, method, header, data } = question
  const body = method === 'GET' ? {} : { body: JSON.stringify(data) }
  const lost = lostAnswers-- > 0
  fetch(url, { method, headers: header, ...body, signal: AbortSignal.timeout(question.timeout) })
    .then(async answer => ({ statusCode: answer.status, data: await answer.json() }))
    .then(answer => {
      answers.push(answer)
      setTimeout(() => (lost ? question.fail() : question.success(answer)), lateBy)
    })
    .catch(question.fail)
}

function url(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function newOrder(total = 1050): Order {
  const orderNo = `MP-${numbers++}`
  const amount = { total, currency: 'SGD' }
  orders.set(orderNo, { shopper: 'oAlice', region: 'SG', amount, description: '2 x latte' })
  return { orderNo, region: 'SG', amount }
}

function called(): string[] {
  return weixin.map(([call]) => call)
}

function posts(): Question[] {
  return questions.filter(({ url, method }) => method === 'POST' && url.endsWith('/payment'))
}

async function shopperAtTenpay({ orderNo }: Order, outcome: string): Promise<void> {
  const answer = await fetch(`${PROGRAM}/sandbox/payments/${orderNo}/outcome`, { method: 'POST', body: outcome })
  assert.equal(answer.status, 200)
}

async function fault({ orderNo }: Order, call: string, fault: string, times = 1): Promise<void> {
  const body = JSON.stringify({ call, number: orderNo, fault, times })
  assert.equal((await fetch(`${PROGRAM}/sandbox/faults`, { method: 'POST', body })).status, 200)
}

/** Tenpay's books; `undefined` where it never heard of the order. */
async function tenpay({ orderNo }: Order) {
  const answer = await fetch(`${PROGRAM}/sandbox/payments/${orderNo}`)
  return answer.ok ? ((await answer.json()) as Record<string, any>) : undefined
}

function storedPayment({ orderNo }: Order): Promise<Response> {
  return fetch(`${PROGRAM}/v1/payments/${orderNo}`, { headers: { 'X-API-Key': KEY } })
}

function ask(path: string, session: string, data?: object): Promise<Response> {
  return fetch(shop.server + path, {
    headers: { Authorization: `Bearer ${session}` },
    ...(data && { method: 'POST', body: JSON.stringify(data) }),
  })
}

test('a shopper pays and is told so', async () => {
  const order = newOrder()
  payPage = async () => (await shopperAtTenpay(order, 'SUCCESS'), PAID)

  await pay(order, shop)

  assert.deepEqual(shown, ['PAID'])
  assert.deepEqual(called(), ['createGlobalPayment', 'openMethodPicker', 'requestGlobalPayment'])
  assert.deepEqual(weixin[0]?.[1], { mchRegion: 'SG', isSandbox: 'true' })
  assert.deepEqual(weixin[1]?.[1], { amount: order.amount, outTradeNo: order.orderNo })
  const { paymentId, prepayInfo } = weixin[2]?.[1] as Record<string, string>
  assert.equal(paymentId, (await tenpay(order))?.['payment_id'])
  assert.match(prepayInfo ?? '', /^sandbox-/)
})

for (const [method, region, currency] of [
  ['PAYNOW', 'SG', 'SGD'],
  ['BOC_MACAU', 'MO', 'MOP'],
] as const) {
  test(`a shopper pays by ${method}`, async () => {
    const order = { ...newOrder(), region }
    orders.set(order.orderNo, { shopper: 'oAlice', region, amount: { total: 1050, currency }, description: 'tea' })
    picker = async () => ({ errno: 0, methodKey: method })
    payPage = async () => (await shopperAtTenpay(order, 'SUCCESS'), PAID)

    await pay(order, shop)

    assert.deepEqual(shown, ['PAID'])
    assert.equal((await tenpay(order))?.['method_key'], method)
  })
}

test('in production the sandbox is not mentioned', async () => {
  picker = async () => ({ errno: 1 })
  await pay(newOrder(), { ...shop, sandbox: false })
  assert.deepEqual(weixin[0]?.[1], { mchRegion: 'SG' })
})

for (const [how, end] of [
  ['answers "cancelled"', () => Promise.resolve(CANCELLED)],
  ['rejects', () => Promise.reject(CANCELLED)],
] as const) {
  test(`a shopper who paid is told so although requestGlobalPayment ${how}`, async () => {
    const order = newOrder()
    payPage = async () => (await shopperAtTenpay(order, 'SUCCESS'), end())
    await pay(order, shop)
    assert.deepEqual(shown, ['PAID'])
  })
}

test('a shopper whose payment Tenpay has not settled is told that it is being confirmed, then the end', async () => {
  const order = newOrder()
  shop.show = news => {
    shown.push(news)
    if (news === 'CONFIRMING') void shopperAtTenpay(order, 'SUCCESS')
  }
  await pay(order, shop)
  assert.deepEqual(shown, ['CONFIRMING', 'PAID'])
})

test('an unsettled payment is asked for a bounded number of times, and again when the shopper comes back', async () => {
  const order = newOrder()
  await pay(order, { ...shop, timing: { ...shop.timing!, polls: 3 } })
  assert.deepEqual(shown, ['CONFIRMING'])
  assert.equal(questions.filter(({ method }) => method === 'GET').length, 3)

  await shopperAtTenpay(order, 'SUCCESS')
  await confirm(order.orderNo, shop)
  assert.deepEqual(shown, ['CONFIRMING', 'PAID'])
})

test('a sync without an answer proves nothing', async () => {
  const order = newOrder()
  await fault(order, 'inquiry-payment', 'BAD_SIGNATURE')
  payPage = async () => (await shopperAtTenpay(order, 'SUCCESS'), PAID)
  await pay(order, shop)
  assert.deepEqual(shown, ['CONFIRMING', 'PAID'])
})

for (const outcome of ['FAILED', 'CLOSED', 'EXPIRED']) {
  test(`a payment that is ${outcome} is not paid, even when requestGlobalPayment says success`, async () => {
    const order = newOrder()
    payPage = async () => (await shopperAtTenpay(order, outcome), PAID)
    await pay(order, shop)
    assert.deepEqual(shown, ['NOT_PAID'])
  })
}

test('a shopper who chooses WeChat Pay is handed over and our API is not called', async () => {
  const order = newOrder()
  picker = async () => ({ errno: 0, methodKey: 'WECHAT_PAY' })
  await pay(order, shop)
  assert.deepEqual(wechatPaid, [order.orderNo])
  assert.deepEqual(called(), ['createGlobalPayment', 'openMethodPicker'])
  assert.deepEqual(questions, [])
  assert.equal((await storedPayment(order)).status, 404)
  assert.deepEqual(shown, [])
})

test('a Weixin without Global Checkout hands over to WeChat Pay', async () => {
  const order = newOrder()
  Object.assign(globalThis, { wx: { request } })
  await pay(order, shop)
  assert.deepEqual(wechatPaid, [order.orderNo])
  assert.deepEqual(questions, [])
})

for (const [how, end] of [
  ['answers with an error', () => Promise.resolve({ errno: 1, errMsg: 'openMethodPicker:fail cancel', methodKey: 'CARD' })],
  ['rejects', () => Promise.reject({ errno: 1 })],
  ['answers without a method', () => Promise.resolve({ errno: 0 })],
] as const) {
  test(`a closed picker that ${how} creates nothing`, async () => {
    const order = newOrder()
    picker = end
    await pay(order, shop)
    assert.deepEqual(shown, ['NOT_CHOSEN'])
    assert.deepEqual(questions, [])
    assert.equal((await storedPayment(order)).status, 404)
    assert.deepEqual(called(), ['createGlobalPayment', 'openMethodPicker'])
  })
}

function isAborted(): void {
  assert.deepEqual(called(), ['createGlobalPayment', 'openMethodPicker', 'abort'])
  assert.deepEqual(shown, ['NOT_STARTED'])
}

test('an amount that the method does not take is refused: aborted, not repeated', async () => {
  const order = newOrder(59)
  await pay(order, shop)
  isAborted()
  assert.equal(posts().length, 1)
  assert.equal(await tenpay(order), undefined)
})

test('an order number that was used for another order is refused: aborted, not repeated', async () => {
  const order = newOrder()
  payPage = async () => (await shopperAtTenpay(order, 'FAILED'), PAID)
  await pay(order, shop)
  picker = async () => ({ errno: 0, methodKey: 'PAYNOW' })
  weixin = []
  shown = []
  questions = []
  await pay(order, shop)
  isAborted()
  assert.equal(posts().length, 1)
})

test('a pre-order that Tenpay denies is a 502: aborted, not repeated', async () => {
  const order = newOrder()
  await fault(order, 'checkout-pay', 'NO_AUTH')
  await pay(order, shop)
  isAborted()
  assert.equal(posts().length, 1)
})

test('a method that the server does not know is refused before our API is called', async () => {
  const order = newOrder()
  picker = async () => ({ errno: 0, methodKey: 'constructor' })
  await pay(order, shop)
  isAborted()
  assert.deepEqual(answers, [{ statusCode: 422, data: {} }])
  assert.equal((await storedPayment(order)).status, 404)
})

test('an outcome that stays unknown is aborted', async () => {
  const order = newOrder()
  await fault(order, 'checkout-pay', 'BAD_GATEWAY', 1000)
  await pay(order, { ...shop, timing: { ...shop.timing!, start: 1_000 } })
  isAborted()
})

test('an outcome that is unknown at first is asked for again in time, under the same number', async () => {
  const order = newOrder()
  await fault(order, 'checkout-pay', 'UNSIGNED')
  payPage = async () => (await shopperAtTenpay(order, 'SUCCESS'), PAID)
  await pay(order, shop)
  assert.deepEqual(shown, ['PAID'])
  assert.equal(posts().length, 2)
})

test('an open payment whose prepayInfo is unknown is asked for again in time', async () => {
  const order = newOrder()
  await fault(order, 'checkout-pay', 'UNSIGNED')
  await ask(`/orders/${order.orderNo}/payment`, SESSION, { methodKey: 'CARD' })
  const synced = await ask(`/orders/${order.orderNo}/payment/sync`, SESSION, {})
  assert.deepEqual(Object.keys((await synced.json()) as object), ['status', 'paymentId'])
  await fault(order, 'checkout-pay', 'BAD_GATEWAY')
  payPage = async () => (await shopperAtTenpay(order, 'SUCCESS'), PAID)
  await pay(order, shop)
  assert.deepEqual(shown, ['PAID'])
  assert.equal(posts().length, 2)
})

test('a server that is slower than the deadline is aborted at the deadline', async () => {
  const silent = createServer(() => undefined)
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  const began = Date.now()
  await pay(newOrder(), { ...shop, server: url(silent), timing: { ...shop.timing!, start: 800 } })
  silent.closeAllConnections()
  silent.close()
  isAborted()
  assert.ok(Date.now() - began < 5_000)
})

test('an answer that comes after the deadline is aborted, good as it may be', async () => {
  lateBy = 1_000
  await pay(newOrder(), { ...shop, timing: { ...shop.timing!, start: 800, polls: 1 } })
  isAborted()
})

test('an order whose first answer got lost is sent again and is one payment at Tenpay', async () => {
  const order = newOrder()
  lostAnswers = 1
  payPage = async () => (await shopperAtTenpay(order, 'SUCCESS'), PAID)
  await pay(order, shop)
  assert.deepEqual(shown, ['PAID'])
  assert.equal(posts().length, 2)
  assert.deepEqual(posts()[1]?.url, posts()[0]?.url)
  assert.deepEqual(posts()[1]?.data, posts()[0]?.data)
  assert.equal((await tenpay(order))?.['calls']['checkout-pay'], 1)
})

test('an order is sent again while our API is not there', async () => {
  const order = newOrder()
  process.env['TENPAY_ROUTES_URL'] = 'http://127.0.0.1:1'
  setTimeout(() => (process.env['TENPAY_ROUTES_URL'] = PROGRAM), 300)
  payPage = async () => (await shopperAtTenpay(order, 'SUCCESS'), PAID)
  await pay(order, shop)
  assert.deepEqual(shown, ['PAID'])
  assert.ok(posts().length > 1)
})

test('an order that is paid already is not paid again', async () => {
  const order = newOrder()
  payPage = async () => (await shopperAtTenpay(order, 'SUCCESS'), PAID)
  await pay(order, shop)
  await pay(order, shop)
  assert.deepEqual(shown, ['PAID', 'PAID'])
  assert.deepEqual(called().slice(3), ['createGlobalPayment', 'openMethodPicker', 'abort'])
})

test('the mini program talks to the merchant only, and our key and the shopper stay at the server', async () => {
  await pay(newOrder(), { ...shop, timing: { ...shop.timing!, polls: 1 } })
  assert.equal(questions.length, 3)
  assert.ok(questions.every(({ url }) => url.startsWith(shop.server)))
  const seen = JSON.stringify([questions, answers])
  for (const secret of [KEY, 'oAlice', 'refunded', 'account']) assert.ok(!seen.includes(secret), secret)
})

test("price, region and payer are the order's, whatever the phone says", async () => {
  const order = newOrder()
  const forged = { methodKey: 'CARD', amount: { total: 60, currency: 'SGD' }, region: 'MO', payer: { openId: 'oBob' } }
  const answer = await ask(`/orders/${order.orderNo}/payment`, SESSION, forged)
  assert.equal(answer.status, 201)
  assert.deepEqual((await tenpay(order))?.['amount'], { total: 1050, currency: 'SGD' })

  // Our API knows the same order again by all of its content.
  const same = {
    orderNo: order.orderNo,
    paymentMethod: 'CARD',
    region: 'SG',
    amount: order.amount,
    description: '2 x latte',
    payer: { openId: 'oAlice' },
  }
  const headers = { 'X-API-Key': KEY, 'Content-Type': 'application/json' }
  const again = await fetch(`${PROGRAM}/v1/payments`, { method: 'POST', headers, body: JSON.stringify(same) })
  assert.equal(again.status, 200)
})

test('an order is there for its own shopper only', async () => {
  const { orderNo } = newOrder()
  for (const path of [`/orders/${orderNo}/payment`, `/orders/${orderNo}/payment/sync`]) {
    assert.equal((await ask(path, 'session-of-bob', { methodKey: 'CARD' })).status, 404)
    assert.equal((await ask(path, 'nobody', { methodKey: 'CARD' })).status, 401)
  }
  assert.equal((await ask(`/orders/${orderNo}/payment`, 'session-of-bob')).status, 404)
  assert.equal((await storedPayment({ orderNo } as Order)).status, 404)
})

test("a key that our API refuses is the server's trouble and no reason to sign the shopper out", async () => {
  process.env['TENPAY_ROUTES_KEY'] = 'a-key-that-nobody-knows'
  const { orderNo } = newOrder()
  assert.equal((await ask(`/orders/${orderNo}/payment`, SESSION, { methodKey: 'CARD' })).status, 502)
})

for (const [what, body] of [
  ['is not JSON', '{'],
  ['is too large', JSON.stringify({ methodKey: 'CARD', padding: 'x'.repeat(5_000) })],
] as const) {
  test(`a body that ${what} is refused and creates nothing`, async () => {
    const order = newOrder()
    const headers = { Authorization: `Bearer ${SESSION}` }
    const answer = await fetch(`${shop.server}/orders/${order.orderNo}/payment`, { method: 'POST', headers, body })
    assert.equal(answer.status, 400)
    assert.equal((await storedPayment(order)).status, 404)
  })
}
